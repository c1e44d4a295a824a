package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/server"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/spec"
)

// Every member of what commands and the server print as JSON is on the pages that describe it.
func TestJSONIsDescribed(t *testing.T) {
	for page, values := range map[string][]any{
		"json.md": {state.Run{}, state.Approval{}, state.Entry{}, state.FieldChange{}, state.SourceRef{}, state.DeadLetter{},
			engine.Change{}, engine.Sight{}, engine.Problem{}, engine.Summary{}, checkResult{}},
		"serving.md": {server.Alert{}, server.SLO{}, server.Events{}},
	} {
		text, ok := spec.Reference(page)
		if !ok {
			t.Fatalf("there is no page %s", page)
		}
		for _, v := range values {
			typ := reflect.TypeOf(v)
			for i := range typ.NumField() {
				name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
				if name == "" || name == "-" {
					continue
				}
				if !strings.Contains(text, `"`+name+`"`) && !strings.Contains(text, "`"+name+"`") {
					t.Errorf("%s does not say what %q of a %s is", page, name, typ)
				}
			}
		}
	}
}

// A number in a JSON log says what it counts.
func TestDurationsInAJSONLogHaveAUnit(t *testing.T) {
	var out bytes.Buffer
	a := &app{logForm: "json", err: &out}
	log, err := a.logFrom(slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("no answer yet", "after", 1500*time.Millisecond, "waiting at most", time.Minute, slog.Group("run", "took", time.Second))
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"time", "level", "msg"} {
		delete(line, name)
	}
	want := map[string]any{"after_ms": 1500.0, "waiting_at_most_ms": 60000.0, "run": map[string]any{"took_ms": 1000.0}}
	if !reflect.DeepEqual(line, want) {
		t.Errorf("it is %s", &out)
	}
}
