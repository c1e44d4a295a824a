package engine

import (
	"errors"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// item is one source record on its way through the steps.
type item struct {
	id      string
	src     value.Record
	version string // modified stamp, for the ledger
	hash    uint64
	rec     state.Record // what is remembered of it; Source "" when nothing is
	force   bool         // a person asked for another try
	kept    bool         // evaluated from stored fields, without being read
	gone    bool         // the source record was deleted
	forget  bool         // nothing is to be remembered of it
	// broken is why the record could not be read; src then holds no more than what `where` reads.
	broken error
	doubt  bool // a row that could not be read may be the one that was looked for

	// records is the item's frame: source, target, finds, it.
	records []value.Record

	verdict verdict
	keys    []byte // encoded values of the match's keys
	asks    [][]value.Value
	target  string       // id of the target that it belongs to, "" for none
	have    value.Record // the target as it stands, nil when not read
	relink  string       // target that the link had before
	release string       // source that lets go of the target, because it is gone
	leaves  *plan.Departure
	want    []value.Value // by mapping, in the target's stored form
	change  *change
	letter  *state.DeadLetter
	linked  bool // the link was made by this run
	stored  bool // something of it is stored with its page
	// superseded: the link was dropped because its record no longer satisfies the match's where.
	superseded bool
}

// verdict is where an item stands. The set is closed.
type verdict uint8

const (
	pending   verdict = iota
	skipped           // unchanged since the last run that agreed
	filtered          // not in where, or not in the schedule's cohort
	departing         // left where, or was deleted, and the rule does something about it
	unmatched
	ambiguous
	dead
	unchanged
	changed
)

func pendingItems(items []*item) []*item { return withVerdict(items, pending) }

func withVerdict(items []*item, v verdict) []*item {
	out := items[:0:0]
	for _, it := range items {
		if it.verdict == v {
			out = append(out, it)
		}
	}
	return out
}

// newItem makes an item of a source record.
func (r *runner) newItem(id string, src value.Record) *item {
	it := &item{id: id, src: src, records: make([]value.Record, r.p.RootIt()+1)}
	it.records[plan.RootSource] = src
	if slot := r.p.Source.Slot(r.p.From.Object.Modified); slot >= 0 && src != nil {
		it.version = src.At(slot).String()
	}
	return it
}

func (r *runner) ref(it *item) state.SourceRef {
	return state.SourceRef{Connection: r.p.From.Connection, Object: r.p.From.Object.Name, ID: it.id, Version: it.version}
}

// reject makes the item a dead letter of a step.
func (r *runner) reject(it *item, step string, err error) {
	failure := &connectors.Error{Class: connectors.Reject, Message: err.Error()}
	if e := (*connectors.Error)(nil); errors.As(err, &e) {
		failure = e
	}
	it.verdict, it.doubt = dead, errors.As(err, new(*brokenRow))
	it.letter = r.letterFor(r.ref(it), it.target, step, failure)
	r.problem(it, "rejected", step, failure.Error(), failure.Hint)
}

// letterFor makes a dead letter.
func (r *runner) letterFor(source state.SourceRef, target, step string, e *connectors.Error) *state.DeadLetter {
	message := e.Message
	if message == "" && e.Err != nil {
		message = e.Err.Error()
	}
	return &state.DeadLetter{Rule: r.p.ID(), Run: r.run.ID, Revision: r.run.Revision, At: r.clock(), Source: source,
		Connection: r.p.To.Connection, Object: r.p.To.Object.Name, Target: target, Step: step, Class: e.Class.String(),
		Code: e.Code, Message: message, Hint: e.Hint, Fields: e.Fields, Request: e.Request, Answer: e.Answer,
		Attempts: 1, Status: state.DeadOpen}
}

// setAside settles an item without a target.
func (r *runner) setAside(it *item, v verdict, step, message string) {
	it.verdict = v
	kind := "unmatched"
	if v == ambiguous {
		kind = "ambiguous"
	}
	r.problem(it, kind, step, message, "")
}

func (r *runner) problem(it *item, kind, step, message, hint string) {
	if r.job.OnProblem != nil {
		r.job.OnProblem(Problem{Rule: r.p.ID(), Kind: kind, Source: Ref{r.p.From.Connection, r.p.From.Object.Name, it.id}, Step: step, Message: message, Hint: hint})
	}
}
