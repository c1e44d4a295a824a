package expr

import (
	"fmt"
	"time"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// work is a Frame's scratch space for one evaluation.
type work struct {
	// err is the first failure. It is kept here and not returned by each closure: after a failure the rest
	// computes on empties, && and || take it back when the other side decides, and the root reports it.
	err    error
	zone   *time.Location
	locals []value.Value // of loops and bindings
	stack  []value.Value // arguments of functions with three and more
	buf    []byte        // texts being built
	steps  int           // turns of loops so far
	halted bool          // by the limit of steps or an interrupt: an error that nothing absorbs

	dayOf  time.Time // the instant and zone that day was computed for
	dayIn  *time.Location
	day    int64
	dayWas bool
}

// maxSteps ends an evaluation whose loops run away: far above any honest mapping, about a tenth of a second.
const maxSteps = 5_000_000

// interruptEvery is how many turns of loops pass between two looks at Frame.Interrupted.
const interruptEvery = 1024

// Error is why an expression failed on a record: an overflow, a division by zero, a text that is no number.
// It rejects the record.
type Error struct {
	Message string
	// Text is the failing part as written, Range where it stands.
	Text  string
	Range span.Range
}

func (e *Error) Error() string {
	if e.Text == "" {
		return e.Message
	}
	return e.Message + " in " + e.Text
}

// fail records the first failure and gives the empty value.
func (f *Frame) fail(n *Node, format string, args ...any) value.Value {
	if f.work.err == nil {
		f.work.err = &Error{Message: fmt.Sprintf(format, args...), Text: n.Text, Range: n.Range}
	}
	return value.Null
}

// begin prepares the frame for one evaluation.
func (f *Frame) begin(p *Program) {
	w := &f.work
	// Pointers are written only when they change: while memory is collected, a write of one costs.
	if w.err != nil {
		w.err = nil
	}
	if w.zone != p.zone {
		w.zone = p.zone
	}
	w.steps, w.halted = 0, false
	if len(w.locals) < p.locals {
		w.locals = make([]value.Value, p.locals)
	}
}

// step counts one turn of a loop; false ends the loop.
func (f *Frame) step(n *Node) bool { return f.spend(n, 1) }

// spend counts steps; false when there are none left.
func (f *Frame) spend(n *Node, steps int) bool {
	w := &f.work
	before := w.steps
	w.steps += steps
	if w.steps > maxSteps {
		w.halted = true
		f.fail(n, "the expression takes more than %d steps on this record", maxSteps)
		return false
	}
	if before/interruptEvery != w.steps/interruptEvery && f.Interrupted != nil && f.Interrupted() {
		w.halted = true
		f.fail(n, "interrupted")
		return false
	}
	return true
}

// today is the day of Now in the rule's zone.
func (f *Frame) today() int64 {
	w := &f.work
	if !w.dayWas || w.dayIn != w.zone || w.dayOf != f.Now {
		w.day = dayOf(f.Now, w.zone)
		w.dayOf, w.dayIn, w.dayWas = f.Now, w.zone, true
	}
	return w.day
}

// tri is a condition's value.
type tri uint8

const (
	no tri = iota
	yes
	unknown
)

func triOf(b bool) tri {
	if b {
		return yes
	}
	return no
}

// truth reads a value as a condition; an empty one is unknown.
func (f *Frame) truth(n *Node, v value.Value) tri {
	switch v.Kind() {
	case value.KindBool:
		return triOf(v.AsBool())
	case value.KindNull:
		return unknown
	}
	f.fail(n, "a condition must be true or false, not a %s", v.Kind())
	return unknown
}
