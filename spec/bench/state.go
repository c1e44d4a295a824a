//go:build unix

package main

import "fmt"

// state is what the memory of a million records costs: the links of a rule, and the edges of a trigger.
func (b *bench) state() error {
	for _, part := range []struct {
		pkg, benchmark string
		cases          []stateCase
	}{
		{"./runtime/state/sqlite", "BenchmarkState", []stateCase{
			{"fill", "links, stored for the first time", 1_000_000},
			{"look_up", "links, looked up", 4000},
			{"change", "links, looked up and changed, with an entry of the ledger each", 4000},
			{"open", "links: open, count, and learn what is known of each", 1_000_000}}},
		{"./runtime/engine", "BenchmarkTriggerMillion", []stateCase{
			{"baseline", "trigger, records seen for the first time", 1_000_000},
			{"full", "trigger, all records read again", 1_000_000},
			{"relook", "trigger, all records looked at because of the time", 1_000_000}}},
	} {
		got, err := b.gobench(part.pkg, 1, part.benchmark)
		if err != nil {
			return err
		}
		for _, c := range part.cases {
			f, ok := got[part.benchmark+"/"+c.name]
			if !ok {
				return fmt.Errorf("%s did not report %s", part.benchmark, c.name)
			}
			b.results = append(b.results, c.result(f))
		}
	}
	return nil
}

type stateCase struct {
	name, what string
	records    int // of one operation
}

func (c stateCase) result(f figures) Result {
	r := summarize("state of a million records", c.what, c.records, []usage{{cpu: f.cpu(), wall: f.wall()}})
	r.OK = true
	if size := f["B/record"]; size > 0 {
		r.Note = fmt.Sprintf("%.0f bytes a record", size)
	}
	if c.name == "open" {
		r.Note = fmt.Sprintf("%d ms; the goal is a second", f.wall().Milliseconds())
	}
	return r
}
