package runtime

import (
	"slices"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang/plan"
)

func TestRulesRunAfterWhatTheyName(t *testing.T) {
	sync := func(name string, after, requires []string) *plan.Sync {
		return &plan.Sync{Name: name, After: after, Requires: requires}
	}
	trigger := func(name string, after, requires []string) *plan.Trigger {
		return &plan.Trigger{Name: name, After: after, Requires: requires}
	}
	list := func(ids ...string) []string { return ids }
	for _, tt := range []struct {
		what string
		set  plan.Set
		want string
	}{
		{"as they stand", plan.Set{Syncs: []*plan.Sync{sync("a", nil, nil), sync("b", nil, nil)}, Tracks: []*plan.Track{{Name: "t"}}}, "track.t sync.a sync.b"},
		{"after", plan.Set{Syncs: []*plan.Sync{sync("a", list("sync.b"), nil), sync("b", nil, nil)}}, "sync.b sync.a"},
		{"requires", plan.Set{Syncs: []*plan.Sync{sync("a", nil, list("connection.crm", "trigger.c")), sync("b", nil, nil)}, Triggers: []*plan.Trigger{trigger("c", nil, nil)}},
			"sync.b trigger.c sync.a"},
		{"both", plan.Set{Syncs: []*plan.Sync{sync("a", list("sync.b"), list("sync.c")), sync("b", nil, list("sync.c")), sync("c", nil, nil)}}, "sync.c sync.b sync.a"},
		{"what is not there", plan.Set{Syncs: []*plan.Sync{sync("a", nil, list("sync.gone")), sync("b", nil, nil)}}, "sync.a sync.b"},
		{"requirements in a ring", plan.Set{Syncs: []*plan.Sync{sync("a", list("sync.b"), list("sync.c")), sync("b", nil, nil), sync("c", nil, list("sync.a"))}},
			"sync.b sync.a sync.c"},
		{"itself", plan.Set{Syncs: []*plan.Sync{sync("a", nil, list("sync.a")), sync("b", nil, nil)}}, "sync.a sync.b"},
	} {
		var got []string
		for _, r := range Rules(&tt.set) {
			got = append(got, r.ID())
		}
		if !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%s: %v, want %s", tt.what, got, tt.want)
		}
	}
}
