package connectortest

import (
	"fmt"
	"time"

	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// probe is one predicate to be pushed down.
type probe struct {
	name string
	pred query.Pred
	// selective: a system that claims this kind must leave some records out.
	selective bool
	// mayBeEmpty: no record need match.
	mayBeEmpty bool
}

// predicates makes probes of each kind that the catalog claims, over each field that can be filtered.
func (h *harness) predicates() []probe {
	caps, f := h.catalog.Filter, h.x.Fields
	var out []probe
	add := func(name string, selective bool, p query.Pred) {
		out = append(out, probe{name: name, pred: p, selective: selective})
	}
	if caps.Compare {
		for field, v := range h.constants() {
			for op := query.Eq; op <= query.Ge; op++ {
				add(fmt.Sprintf("%s %s %s", field, op, v), op == query.Eq || op == query.Gt && !(field == f.Name && h.f.lacks(TextOrder)),
					query.Compare{Field: field, Op: op, Value: query.Const(v)})
			}
		}
	}
	if name := h.filterable(f.Name); name != nil {
		h.textProbes(name.Name, add)
	}
	if note := h.filterable(f.Note); note != nil {
		h.nullProbes(note.Name, add)
	}
	return out
}

// constants are one value for each filterable field, from the middle of the suite's records.
func (h *harness) constants() Values {
	out := Values{}
	f := h.x.Fields
	for name, v := range map[string]value.Value{
		f.Name: value.Text("Record 010"), f.Integer: value.Int(100), f.Number: value.Float(10.25),
		f.Boolean: value.Bool(false), f.Date: value.Date(2026, time.March, 2), f.DateTime: value.Time(start.AddDate(0, 0, 10)),
	} {
		if h.filterable(name) != nil {
			out[name] = h.stored(name, v)
		}
	}
	if f.Boolean != "" {
		// false has none below it, and "greater than true" matches nothing: an order of booleans is no test.
		delete(out, f.Boolean)
	}
	return out
}

// textProbes are the tests of a text that is never empty.
func (h *harness) textProbes(field string, add func(string, bool, query.Pred)) {
	caps := h.catalog.Filter
	name := func(i int) value.Value { return h.stored(field, value.Text(fmt.Sprintf("Record %03d", i))) }
	is := func(i int) query.Pred { return query.Compare{Field: field, Op: query.Eq, Value: query.Const(name(i))} }
	if caps.In {
		add("in", true, query.In{Field: field, Values: []value.Value{name(2), name(5), value.Text("none")}})
	}
	if caps.Prefix {
		add("prefix", true, query.TextTest{Field: field, Test: query.Prefix, Value: query.Const(value.Text("Record 01"))})
	}
	if caps.Substr {
		add("contains", true, query.TextTest{Field: field, Test: query.Contains, Value: query.Const(value.Text("d 01"))})
		add("suffix", true, query.TextTest{Field: field, Test: query.Suffix, Value: query.Const(value.Text("15"))})
	}
	if caps.Or && caps.Compare {
		add("or", true, query.Or{is(3), is(4)})
		add("or in and", true, query.And{query.Or{is(3), is(4)}, query.Or{is(4), is(5)}})
	}
	if caps.Not && caps.Compare {
		add("not", false, query.Not{X: is(3)})
	}
	if caps.Not && caps.Or && caps.Compare {
		add("not or", false, query.Not{X: query.Or{is(3), is(4)}})
		add("not and", false, query.Not{X: query.And{is(3), query.Compare{Field: field, Op: query.Ne, Value: query.Const(name(4))}}})
	}
}

// nullProbes are the tests of a text that is empty in some records: that is where SQL and our rules part.
func (h *harness) nullProbes(field string, add func(string, bool, query.Pred)) {
	caps := h.catalog.Filter
	one := query.Const(h.stored(field, value.Text("note 1")))
	if caps.Null {
		add("empty", !h.f.lacks(TextNulls), query.Null{Field: field})
		add("not empty", true, query.Null{Field: field, Not: true})
	}
	if caps.Compare {
		add("= on empties", true, query.Compare{Field: field, Op: query.Eq, Value: one})
		add("!= on empties", false, query.Compare{Field: field, Op: query.Ne, Value: one})
		if caps.Null {
			add("= null", !h.f.lacks(TextNulls), query.Compare{Field: field, Op: query.Eq, Value: query.Const(value.Null)})
			add("!= null", true, query.Compare{Field: field, Op: query.Ne, Value: query.Const(value.Null)})
		}
	}
	if !caps.Not {
		return
	}
	if caps.Compare {
		add("not = on empties", false, query.Not{X: query.Compare{Field: field, Op: query.Eq, Value: one}})
		add("not > on empties", false, query.Not{X: query.Compare{Field: field, Op: query.Gt, Value: one}})
	}
	if caps.In {
		add("not in on empties", false, query.Not{X: query.In{Field: field, Values: []value.Value{one.Const}}})
	}
	if caps.Prefix {
		add("not prefix on empties", false, query.Not{X: query.TextTest{Field: field, Test: query.Prefix, Value: query.Const(value.Text("note 1"))}})
	}
}
