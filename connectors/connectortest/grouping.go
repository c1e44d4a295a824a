package connectortest

import (
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

func (h *harness) deletedReader() connectors.DeletedReader {
	h.Helper()
	d, ok := h.conn.(connectors.DeletedReader)
	if !ok {
		h.Fatal("the connection is no DeletedReader; declare that it lacks Deleted")
	}
	return d
}

// group writes several records as one, and then with a wrong one among them: nothing is written.
func (h *harness) group() {
	g := h.conn.(connectors.Grouper)
	first := h.create(0, 1)[0]
	action := func(ref string, i int) connectors.Action {
		return connectors.Action{Ref: ref, Object: h.object, Op: connectors.Create, Fields: h.record(i).Fields}
	}
	rename := func(text string) connectors.Action {
		set := Values{h.x.Fields.Name: value.Text(text)}.fields()
		return connectors.Action{Ref: "rename", Object: h.object, Op: connectors.Update, ID: first, Fields: set}
	}
	again := connectors.Action{Ref: "again", Object: h.object, Op: connectors.Update, IDOf: "one",
		Fields: Values{h.x.Fields.Name: value.Text("Made and changed")}.fields()}

	results, err := g.Group(h.Context(), []connectors.Action{action("one", 1), rename("In a group"), again})
	if err != nil {
		h.Fatalf("Group: %v", err)
	}
	if len(results) != 3 {
		h.Fatalf("%d results of 3 actions", len(results))
	}
	names := []string{h.object.Key, h.x.Fields.Name}
	got := h.mine(h.x.Fields.Name)
	h.same("the updated record", names, got[first], Values{h.x.Fields.Name: value.Text("In a group")})
	h.same("the created record", names, got[results[0].ID], Values{h.x.Fields.Name: value.Text("Made and changed")})

	if !h.f.lacks(Rejects) {
		wrong := connectors.Action{Ref: "wrong", Object: h.object, Op: connectors.Create, Fields: h.bad(3).Fields}
		h.groupFails(g, []connectors.Action{action("two", 2), rename("Half"), wrong, action("four", 4)}, 2)
		after := h.mine(h.x.Fields.Name)
		if len(after) != len(got) {
			h.Errorf("%d records after a group that failed, want %d", len(after), len(got))
		}
		h.same("after a group that failed", names, after[first], Values{h.x.Fields.Name: value.Text("In a group")})
	}
}

// groupFails wants the cause at one action and "rolled_back" at the others.
func (h *harness) groupFails(g connectors.Grouper, actions []connectors.Action, cause int) {
	results, err := g.Group(h.Context(), actions)
	if err != nil {
		h.Fatalf("Group with a wrong action: %v", err)
	}
	if slices.ContainsFunc(results, func(r connectors.Result) bool { return r.Err == nil }) || len(results) != len(actions) {
		h.Fatalf("a group that failed has %d results, want an error in each of %d", len(results), len(actions))
	}
	for i, r := range results {
		switch {
		case i == cause && r.Err.Class != connectors.Reject:
			h.Errorf("the cause has class %s, want %s", r.Err.Class, connectors.Reject)
		case i != cause && (r.Err.Class != connectors.Retry || r.Err.Code != "rolled_back"):
			h.Errorf("action %d: class %s, code %q, want %s, rolled_back", i, r.Err.Class, r.Err.Code, connectors.Retry)
		}
	}
}
