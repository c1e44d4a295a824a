package delivery

import "github.com/syncline/syncline/connectors"

// waves splits changes so that no wave holds two of one record; waves are sent one after the other. The usual
// page, in which no record occurs twice, is one wave.
func waves(changes []Change) [][]int {
	sources, targets := make(map[string]int, len(changes)), make(map[string]int, len(changes)) // the wave after their last
	var out [][]int
	for i, c := range changes {
		n := 0
		if c.Order != "" {
			n = sources[c.Order]
		}
		if c.ID != "" {
			n = max(n, targets[c.ID])
		}
		if c.Order != "" {
			sources[c.Order] = n + 1
		}
		if c.ID != "" {
			targets[c.ID] = n + 1
		}
		if n == len(out) {
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}

// batch is changes that go in one call.
type batch struct {
	op    connectors.Op
	key   string
	items []int // indexes of changes
}

// batches groups a wave by how it is written and cuts the groups to what one call takes. Order within a group is kept.
func batches(changes []Change, wave []int, size int) []batch {
	if size <= 0 {
		size = len(wave)
	}
	type kind struct {
		op  connectors.Op
		key string
	}
	open := map[kind]int{}
	var out []batch
	for _, i := range wave {
		k := kind{changes[i].Op, changes[i].Key}
		at, ok := open[k]
		if !ok || len(out[at].items) >= size {
			at = len(out)
			open[k] = at
			out = append(out, batch{op: k.op, key: k.key})
		}
		out[at].items = append(out[at].items, i)
	}
	return out
}
