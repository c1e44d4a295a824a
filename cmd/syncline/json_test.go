package main

import (
	"reflect"
	"strings"
	"testing"

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
