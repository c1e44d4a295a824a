package connectortest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Control is the address of a simulated system's control endpoints.
type Control string

// Records gives the records of an object, as the system's own users see them.
func (c Control) Records(t *testing.T, object string) []map[string]any {
	t.Helper()
	var out struct {
		Records []map[string]any `json:"records"`
	}
	if err := json.Unmarshal(c.do(t, "GET", "records/"+object, ""), &out); err != nil {
		t.Fatal(err)
	}
	return out.Records
}

// Put writes records behind the connector's back.
func (c Control) Put(t *testing.T, object, records string) {
	t.Helper()
	c.do(t, "POST", "records/"+object, records)
}

// Arm plays a fault for the requests to come.
func (c Control) Arm(t *testing.T, fault string) {
	t.Helper()
	c.do(t, "POST", "faults", fault)
}

// Calls are the paths of the calls so far.
func (c Control) Calls(t *testing.T) []string {
	t.Helper()
	var out struct{ Calls []struct{ Path string } }
	if err := json.Unmarshal(c.do(t, "GET", "calls", ""), &out); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, call := range out.Calls {
		paths = append(paths, call.Path)
	}
	return paths
}

func (c Control) do(t *testing.T, method, path, body string) []byte {
	t.Helper()
	req, err := http.NewRequest(method, string(c)+"/_sandbox/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, data, err)
	}
	return data
}
