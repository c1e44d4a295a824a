package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// controlMux routes the control endpoints, which need no credentials and are not logged.
func (s *Server) controlMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sandbox/records", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, map[string]any{"objects": s.system.Objects()})
	})
	mux.HandleFunc("GET /_sandbox/records/{object}", s.getRecords)
	mux.HandleFunc("POST /_sandbox/records/{object}", s.postRecords)
	mux.HandleFunc("DELETE /_sandbox/records/{object}/{id}", s.deleteRecord)
	mux.HandleFunc("GET /_sandbox/calls", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, map[string]any{"calls": s.calls.snapshot()})
	})
	mux.HandleFunc("DELETE /_sandbox/calls", func(w http.ResponseWriter, r *http.Request) {
		s.calls.clear()
		reply(w, http.StatusOK, map[string]any{"calls": []Call{}})
	})
	mux.HandleFunc("GET /_sandbox/faults", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, map[string]any{"faults": s.faults.add(nil)})
	})
	mux.HandleFunc("POST /_sandbox/faults", s.postFaults)
	mux.HandleFunc("DELETE /_sandbox/faults", func(w http.ResponseWriter, r *http.Request) {
		s.faults.set(nil)
		reply(w, http.StatusOK, map[string]any{"faults": []Fault{}})
	})
	mux.HandleFunc("GET /_sandbox/subscriptions", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, map[string]any{"subscriptions": s.subscriptions.snapshot()})
	})
	mux.HandleFunc("POST /_sandbox/subscriptions", s.postSubscription)
	mux.HandleFunc("DELETE /_sandbox/subscriptions", func(w http.ResponseWriter, r *http.Request) {
		s.subscriptions.clear()
		reply(w, http.StatusOK, map[string]any{"subscriptions": []Subscription{}})
	})
	mux.HandleFunc("POST /_sandbox/reset", s.reset)
	mux.HandleFunc("/_sandbox/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Errorf("no control endpoint %s %s; there are records, records/OBJECT, calls, faults, subscriptions and reset", r.Method, r.URL.Path))
	})
	return mux
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]any{"error": err.Error()})
}

// refuseData answers an error of the system's data.
func (s *Server) refuseData(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if errors.Is(err, ErrUnknownObject) {
		status = http.StatusNotFound
		err = fmt.Errorf("%w; there are %s", err, strings.Join(s.system.Objects(), ", "))
	}
	refuse(w, status, err)
}

// getRecords streams the records: there can be hundreds of thousands. Parameters of the query
// keep the records whose fields have these values.
func (s *Server) getRecords(w http.ResponseWriter, r *http.Request) {
	records, err := s.system.Records(r.PathValue("object"))
	if err != nil {
		s.refuseData(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, 64<<10)
	defer out.Flush()
	want := r.URL.Query()
	_, _ = out.WriteString(`{"records":[`)
	sep := "\n"
	for rec := range records {
		if !holds(rec, want) {
			continue
		}
		data, err := json.Marshal(rec)
		if err != nil {
			continue
		}
		_, _ = out.WriteString(sep)
		if _, err := out.Write(data); err != nil {
			return
		}
		sep = ",\n"
	}
	_, _ = out.WriteString("\n]}\n")
}

func holds(rec Record, want url.Values) bool {
	for field, values := range want {
		v, ok := rec[field]
		text := fmt.Sprint(v)
		if v == nil {
			text = ""
		}
		if !ok || text != values[0] {
			return false
		}
	}
	return true
}

func (s *Server) postRecords(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	records, err := parseRecords(data)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	now, err := s.system.Put(r.PathValue("object"), records)
	if err != nil {
		s.refuseData(w, err)
		return
	}
	s.subscriptions.tell("changed", r.PathValue("object"), now, s.options.Now())
	reply(w, http.StatusOK, map[string]any{"records": now})
}

// parseRecords reads one record, a list, or {"records":[…]}. Numbers stay as written.
func parseRecords(data []byte) ([]Record, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var body any
	if err := d.Decode(&body); err != nil {
		return nil, fmt.Errorf("the body is one record or a list of them, as JSON: %w", err)
	}
	if m, ok := body.(map[string]any); ok {
		list, wrapped := m["records"].([]any)
		if !wrapped || len(m) > 1 {
			return []Record{m}, nil
		}
		body = list
	}
	list, ok := body.([]any)
	if !ok {
		return nil, errors.New("the body is one record or a list of them, as JSON")
	}
	out := make([]Record, len(list))
	for i, x := range list {
		if out[i], ok = x.(map[string]any); !ok {
			return nil, fmt.Errorf("record %d is not a JSON object", i+1)
		}
	}
	return out, nil
}

func (s *Server) deleteRecord(w http.ResponseWriter, r *http.Request) {
	if err := s.system.Delete(r.PathValue("object"), r.PathValue("id")); err != nil {
		s.refuseData(w, err)
		return
	}
	s.subscriptions.tell("deleted", r.PathValue("object"), []Record{{"Id": r.PathValue("id")}}, s.options.Now())
	reply(w, http.StatusOK, map[string]any{"records": []Record{}})
}

func (s *Server) postFaults(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	list, err := ParseFaults(data)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"faults": s.faults.add(list)})
}

func (s *Server) reset(w http.ResponseWriter, r *http.Request) {
	if err := s.system.Reset(); err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	s.subscriptions.clear()
	s.calls.clear()
	s.faults.set(nil)
	s.faults.add(s.options.Faults)
	reply(w, http.StatusOK, map[string]any{"reset": true})
}
