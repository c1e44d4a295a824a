package engine

import (
	"fmt"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

// evaluate computes the mapped values of the pending items, in the form in which the target stores them.
func (r *runner) evaluate(items []*item) {
	for _, it := range pendingItems(items) {
		want, err := r.mapped(it, r.p.Map)
		if err != nil {
			r.reject(it, "evaluate", err)
			continue
		}
		it.want = want
	}
}

func (r *runner) mapped(it *item, maps []*plan.Mapping) ([]value.Value, error) {
	frame := r.put(it)
	want := make([]value.Value, len(maps))
	for i, m := range maps {
		v, err := m.Value.Eval(frame)
		if err == nil {
			v, err = value.Conform(m.Field, v)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Field.Name, err)
		}
		want[i] = v
	}
	return want, nil
}

// inputs are the values that a mapping read, for the ledger.
func (r *runner) inputs(it *item, m *plan.Mapping) []input {
	if len(m.Reads) == 0 {
		return nil
	}
	reads, known := r.reads[m]
	if !known {
		for _, read := range m.Reads {
			if read.Path != "" && read.Root < len(it.records) {
				name, layout := r.root(read.Root)
				reads = append(reads, inputSlot{name + "." + read.Path, read.Root, layout.Slot(read.Path)})
			}
		}
		if r.reads == nil {
			r.reads = map[*plan.Mapping][]inputSlot{}
		}
		r.reads[m] = reads
	}
	out := make([]input, len(reads))
	for i, read := range reads {
		out[i] = input{read.name, it.records[read.root].At(read.slot)}
	}
	return out
}

// inputSlot is where a value that a mapping reads is found.
type inputSlot struct {
	name       string
	root, slot int
}

func (r *runner) root(i int) (string, *value.Layout) {
	switch i {
	case plan.RootSource:
		return "source", r.p.Source
	case plan.RootTarget:
		return "target", r.p.Target
	}
	for _, f := range r.p.Finds {
		if f.Root == i {
			return f.Name, f.Layout
		}
	}
	return "it", nil
}
