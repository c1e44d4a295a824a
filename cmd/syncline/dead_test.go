package main

import (
	"strings"
	"testing"

	"github.com/syncline/syncline/runtime/state"
)

func TestADeadLetterShowsWhatOfItIsWritten(t *testing.T) {
	for _, test := range []struct {
		name string
		d    state.DeadLetter
		want string
	}{
		{"in the middle", state.DeadLetter{Written: []string{"create crm.Task 00T1 (task)"}, Left: []string{"update cs.Company (new)", "send ops (team)"}},
			"written   create crm.Task 00T1 (task)\nleft      update cs.Company (new)\nleft      send ops (team)\n"},
		{"at the beginning", state.DeadLetter{Left: []string{"create crm.Task (task)", "send ops (team)"}},
			"written   nothing of it\nleft      create crm.Task (task)\nleft      send ops (team)\n"},
		{"one action", state.DeadLetter{}, ""},
	} {
		var out strings.Builder
		showDead(&out, test.d)
		_, got, _ := strings.Cut(out.String(), "in run \n")
		if got != test.want {
			t.Errorf("%s:\n%swant\n%s", test.name, got, test.want)
		}
	}
}
