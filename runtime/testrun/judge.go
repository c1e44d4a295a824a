package testrun

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/spectest"
	"github.com/syncline/syncline/lang/value"
)

// Failure is one thing that is not as the test expects.
type Failure struct {
	Range span.Range
	// Message is one line, Detail the lines below it.
	Message string
	Detail  []string
}

// stumbled tells of a run that did not come to its end.
func (w *world) stumbled(at span.Range) []Failure {
	if w.failed == nil {
		return nil
	}
	return []Failure{{Range: at, Message: w.failed.Error()}}
}

// judge compares writes with expectations.
func (w *world) judge(expects []*spectest.Expect, writes []Write, exact bool) []Failure {
	var out []Failure
	if len(w.t.Steps) == 0 {
		out = w.stumbled(w.t.Range)
	}
	for _, e := range expects {
		if f := w.expect(e, writes); f != nil {
			out = append(out, *f)
		}
	}
	if exact {
		out = append(out, w.superfluous(expects, writes)...)
	}
	return out
}

func (w *world) expect(e *spectest.Expect, writes []Write) *Failure {
	var found, near []Write
	for _, x := range writes {
		if !x.of(e) {
			continue
		}
		near = append(near, x)
		if len(x.misses(e)) == 0 {
			found = append(found, x)
		}
	}
	f := &Failure{Range: e.Range}
	switch {
	case e.Absent && len(found) > 0:
		f.Message = fmt.Sprintf("%s is written, and should not be", e.Label)
		for _, x := range found {
			f.Detail = append(f.Detail, "written: "+x.String())
		}
	case e.Absent:
		return nil
	case e.Count != nil && *e.Count != len(found):
		f.Message = fmt.Sprintf("%s: such writes: expected %d, written %d", e.Label, *e.Count, len(found))
		for _, x := range near {
			f.Detail = append(f.Detail, "written: "+x.String())
		}
	case e.Count != nil || len(found) > 0:
		return nil
	default:
		f.Message, f.Detail = w.missing(e, near)
	}
	return f
}

// missing says how the nearest write differs from the one that is expected, or that there is none.
func (w *world) missing(e *spectest.Expect, near []Write) (string, []string) {
	if len(near) == 0 {
		message := e.Label + " is not written"
		if e.ID != "" {
			message = fmt.Sprintf("%s %s is not written", e.Label, e.ID)
		}
		return message, w.standing(e)
	}
	best := slices.MinFunc(near, func(a, b Write) int { return cmp.Compare(len(a.misses(e)), len(b.misses(e))) })
	width := 0
	for _, m := range best.misses(e) {
		width = max(width, len(m.name))
	}
	var detail []string
	var have memory.Map
	if e.Object != nil {
		have = w.systems[e.Connection].Get(e.Object.Name, best.ID)
	}
	for _, m := range best.misses(e) {
		if m.got == unwritten && have != nil && same(e.Object.Field(m.name), have[m.name], m.want) {
			m.got = "not written: the record holds it already"
		}
		detail = append(detail, fmt.Sprintf("%-*s  expected %s", width, m.name, shown(m.want)), fmt.Sprintf("%-*s  %s", width, "", m.got))
	}
	what := fmt.Sprintf("%s is written otherwise", e.Label)
	if len(near) > 1 {
		what = fmt.Sprintf("%s: none of %d writes is as expected; the nearest is %s %s", e.Label, len(near), best.Op, best.ID)
	}
	return what, detail
}

// standing tells of a record that is not written because it holds what is expected already.
func (w *world) standing(e *spectest.Expect) []string {
	if e.ID == "" || e.Object == nil || e.Object.Key == "" {
		return nil
	}
	have := w.systems[e.Connection].Get(e.Object.Name, e.ID)
	if have == nil {
		return []string{fmt.Sprintf("there is no %s %s", e.Object.Name, e.ID)}
	}
	var out []string
	for _, f := range e.Set {
		if same(f.Field, have[f.Name], f.Value) {
			out = append(out, fmt.Sprintf("%s holds %s already", f.Name, shown(f.Value)))
		} else {
			out = append(out, fmt.Sprintf("%s holds %s, expected %s", f.Name, shown(have[f.Name]), shown(f.Value)))
		}
	}
	return out
}

// superfluous finds the writes and fields that an exact test does not expect.
func (w *world) superfluous(expects []*spectest.Expect, writes []Write) []Failure {
	var out []Failure
	for _, x := range writes {
		var by *spectest.Expect
		for _, e := range expects {
			if !e.Absent && x.of(e) && len(x.misses(e)) == 0 && (by == nil || len(e.Set) > len(by.Set)) {
				by = e
			}
		}
		if by == nil && slices.ContainsFunc(expects, func(e *spectest.Expect) bool { return !e.Absent && x.of(e) && !met(e, writes) }) {
			continue // it is told already how it differs from what is expected
		}
		if by == nil {
			out = append(out, Failure{Range: w.t.Range, Message: "a write that the exact test does not expect", Detail: []string{"written: " + x.String()}})
			continue
		}
		var more []string
		for _, f := range x.Fields {
			if _, expected := by.Set.Get(f.Name); !expected {
				more = append(more, fmt.Sprintf("%s = %s", f.Name, shown(f.Value)))
			}
		}
		if len(more) > 0 {
			out = append(out, Failure{Range: by.Range, Message: fmt.Sprintf("%s %s: fields that the exact test does not expect", by.Label, x.ID), Detail: more})
		}
	}
	return out
}

// met tells whether any write is as expected.
func met(e *spectest.Expect, writes []Write) bool {
	return slices.ContainsFunc(writes, func(x Write) bool { return x.of(e) && len(x.misses(e)) == 0 })
}

// of tells whether a write is of what an expectation is about.
func (x Write) of(e *spectest.Expect) bool {
	if e.Action != nil && (x.Action == nil || x.Action.Label != e.Action.Label) {
		return false
	}
	if e.Action == nil && (e.Object == nil || x.Connection != e.Connection || x.Object != e.Object.Name) {
		return false
	}
	return e.ID == "" || e.ID == x.ID
}

const unwritten = "not written"

// miss is a field that is not as expected.
type miss struct {
	name string
	want value.Value
	got  string
}

func (x Write) misses(e *spectest.Expect) []miss {
	var out []miss
	for _, f := range e.Set {
		i := slices.IndexFunc(x.Fields, func(w connectors.Field) bool { return w.Name == f.Name })
		switch {
		case i < 0 && value.IsEmpty(f.Value) && x.Op == connectors.Create:
			// A create leaves out what is empty.
		case i < 0:
			out = append(out, miss{f.Name, f.Value, unwritten})
		case !same(f.Field, x.Fields[i].Value, f.Value):
			out = append(out, miss{f.Name, f.Value, "written  " + shown(x.Fields[i].Value)})
		}
	}
	return out
}

// same compares in the field's stored form.
func same(f *schema.Field, a, b value.Value) bool {
	if value.IsEmpty(a) || value.IsEmpty(b) {
		return value.IsEmpty(a) && value.IsEmpty(b)
	}
	if value.Equal(a, b) || f == nil {
		return value.Equal(a, b)
	}
	x, err := value.Conform(f, a)
	y, err2 := value.Conform(f, b)
	return err == nil && err2 == nil && value.Equal(x, y)
}

// shown is a value as tests write it.
func shown(v value.Value) string {
	switch v.Kind() {
	case value.KindNull:
		return "null"
	case value.KindBool, value.KindInt, value.KindFloat:
		return v.String()
	case value.KindList:
		items := make([]string, len(v.AsList()))
		for i, item := range v.AsList() {
			items[i] = shown(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return strconv.Quote(v.String())
}

func (x Write) String() string {
	fields := make([]string, len(x.Fields))
	for i, f := range x.Fields {
		fields[i] = f.Name + " = " + shown(f.Value)
	}
	what := fmt.Sprintf("%s %s.%s %s", x.Op, x.Connection, x.Object, x.ID)
	if x.Action != nil {
		what = fmt.Sprintf("%s: ", x.Action.Label) + what
		if x.Object == "" {
			what = fmt.Sprintf("%s: %s via %s", x.Action.Label, x.Action.Kind, x.Connection)
		}
	}
	return strings.TrimSuffix(what+" { "+strings.Join(fields, ", ")+" }", " {  }")
}
