package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/syncline/syncline/connectors/sandbox"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"syncline": main})
}

// TestScripts runs testdata/script/*.txtar: each is a folder of files and the commands that a user would type. With
// -update the expected outputs (cmp) are rewritten.
//
// $TODAY is the day in UTC. Beside testscript's own commands there are:
//
//	sandbox [COMPANIES]        start a sandbox; its environment holds from then on
//	example NAME DIR           copy an example project
//	records SYSTEM OBJECT [FIELD=VALUE…]
//	                           print a sandbox's records that have these values, one JSON object a line
//	put SYSTEM OBJECT JSON [NAME]
//	                           create or change a record in a sandbox; the variable NAME is its id from then on
//	fault SYSTEM JSON          play a fault
//	sql FILE STATEMENT         run a statement on a SQLite file, as another program would, and print its rows
//	calls SYSTEM               print a sandbox's calls since the last reset of the log, "METHOD PATH STATUS"
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("TODAY", time.Now().UTC().Format(time.DateOnly))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sandbox": scriptSandbox,
			"example": scriptExample,
			"records": scriptRecords,
			"put":     scriptPut,
			"fault":   scriptFault,
			"calls":   scriptCalls,
			"sql":     scriptSQL,
		},
	})
}

func scriptSandbox(ts *testscript.TestScript, _ bool, args []string) {
	o := sandbox.Options{}
	if len(args) > 0 {
		_, err := fmt.Sscan(args[0], &o.Companies)
		ts.Check(err)
	}
	box, err := sandbox.Start(context.Background(), o)
	ts.Check(err)
	ts.Defer(func() { box.Close() })
	for _, line := range box.Env() {
		name, text, _ := strings.Cut(line, "=")
		ts.Setenv(name, text)
	}
}

func scriptExample(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: example NAME DIR")
	}
	from, to := filepath.Join("..", "..", "examples", args[0]), ts.MkAbs(args[1])
	files, err := os.ReadDir(from)
	ts.Check(err)
	ts.Check(os.MkdirAll(to, 0o755))
	for _, f := range files {
		if f.IsDir() || filepath.Ext(f.Name()) == ".db" {
			continue // what trying the example has left in its folder
		}
		text, err := os.ReadFile(filepath.Join(from, f.Name()))
		ts.Check(err)
		ts.Check(os.WriteFile(filepath.Join(to, f.Name()), text, 0o644))
	}
}

// control calls a control endpoint of a script's sandbox.
func control(ts *testscript.TestScript, system, method, path, body string) []byte {
	base := ts.Getenv(strings.ToUpper(system) + "_URL")
	if base == "" {
		ts.Fatalf("no sandbox of %s is running", system)
	}
	answer, err := callControl(base, method, path, body)
	ts.Check(err)
	return answer
}

// callControl calls a control endpoint of the simulated system whose address is base.
func callControl(base, method, path, body string) ([]byte, error) {
	at, err := url.Parse(base) // Slack's address has a path
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(method, at.Scheme+"://"+at.Host+"/_sandbox/"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	return answer, err
}

func scriptRecords(ts *testscript.TestScript, _ bool, args []string) {
	var answer struct{ Records []json.RawMessage }
	values := url.Values{}
	for _, arg := range args[2:] {
		name, text, _ := strings.Cut(arg, "=")
		values.Set(name, text)
	}
	ts.Check(json.Unmarshal(control(ts, args[0], "GET", "records/"+args[1]+"?"+values.Encode(), ""), &answer))
	var out bytes.Buffer
	for _, r := range answer.Records {
		out.Write(r)
		out.WriteByte('\n')
	}
	fmt.Fprint(ts.Stdout(), out.String())
}

func scriptPut(ts *testscript.TestScript, _ bool, args []string) {
	answer := control(ts, args[0], "POST", "records/"+args[1], args[2])
	if len(args) < 4 {
		return
	}
	var put struct{ Records []map[string]any }
	ts.Check(json.Unmarshal(answer, &put))
	for _, key := range []string{"Id", "Gsid", "id"} {
		if id, ok := put.Records[0][key].(string); ok {
			ts.Setenv(args[3], id)
		}
	}
}

func scriptFault(ts *testscript.TestScript, _ bool, args []string) {
	control(ts, args[0], "POST", "faults", args[1])
}

func scriptCalls(ts *testscript.TestScript, _ bool, args []string) {
	var answer struct {
		Calls []struct {
			Method, Path string
			Status       int
		}
	}
	ts.Check(json.Unmarshal(control(ts, args[0], "GET", "calls", ""), &answer))
	for _, c := range answer.Calls {
		fmt.Fprintf(ts.Stdout(), "%s %s %d\n", c.Method, c.Path, c.Status)
	}
}

func scriptSQL(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sql FILE STATEMENT")
	}
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	rows, err := db.Query(args[1])
	ts.Check(err)
	defer rows.Close()
	names, err := rows.Columns()
	ts.Check(err)
	for rows.Next() {
		values, places := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			places[i] = &values[i]
		}
		ts.Check(rows.Scan(places...))
		fmt.Fprintln(ts.Stdout(), values...)
	}
	ts.Check(rows.Err())
}
