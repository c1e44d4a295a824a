package undo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// Failure is a record that could not be put back.
type Failure struct {
	Record *Record
	Err    error
}

// applyChunk is how many records are written and told to the ledger together.
const applyChunk = 200

// Apply writes what Compare decided, as a run of its own. How it ended is in the run; an error is one of the store.
// What was not reached can be taken back by planning again.
func (p *Plan) Apply(ctx context.Context, s Systems, store state.Store, now func() time.Time) (state.Run, []Failure, error) {
	a := &applying{p: p, s: s, store: store, now: now, began: now()}
	var id [4]byte
	_, _ = rand.Read(id[:])
	a.run = state.Run{ID: a.began.UTC().Format("20060102T150405") + "-" + hex.EncodeToString(id[:]), Rule: p.Rule, Status: state.Running,
		Started: a.began.UTC(), Reverts: p.Run, Calls: map[string]int{}}
	work, cancel := delivery.Grace(ctx, delivery.Retry{}.Defaults().Grace)
	defer cancel()
	if err := store.SaveRun(work, a.run); err != nil {
		return a.run, nil, fmt.Errorf("storing the run: %w", err)
	}
	err := a.all(ctx, work)
	a.run.DurationMS = now().Sub(a.began).Milliseconds()
	if serr := store.SaveRun(context.WithoutCancel(work), a.run); err == nil && serr != nil {
		err = fmt.Errorf("storing the run's end: %w", serr)
	}
	return a.run, a.failed, err
}

type applying struct {
	p      *Plan
	s      Systems
	store  state.Store
	now    func() time.Time
	began  time.Time
	run    state.Run
	failed []Failure
}

func (a *applying) all(ctx, work context.Context) error {
	names, by := a.p.objects()
	for _, name := range names {
		conn, object, err := a.s.object(work, name)
		if err != nil {
			a.run.Status, a.run.Why = state.Failed, err.Error()
			return nil
		}
		writer, ok := conn.(connectors.Writer)
		if !ok {
			a.run.Status, a.run.Why = state.Failed, name[0]+" cannot be written"
			return nil
		}
		var calls connectors.Calls
		d := &delivery.Deliverer{Target: delivery.Target{Name: name[0], Object: object.Object, Writer: countingWriter{writer, &calls},
			Limits: conn.Limits(), Allow: a.s.Allow(name[0])}, Retry: delivery.Retry{}.Defaults()}
		due := slices.DeleteFunc(slices.Clone(by[name]), func(r *Record) bool { return r.Verdict != Write && r.Verdict != Delete })
		for part := range slices.Chunk(due, applyChunk) {
			stop, err := a.part(ctx, work, d, object, part)
			a.run.Calls[name[0]] += int(calls.Count())
			calls = connectors.Calls{}
			if err != nil || stop {
				return err
			}
		}
	}
	a.run.Status = state.Succeeded
	if len(a.failed) > 0 {
		a.run.Status = state.Partial
	}
	a.run.Why = a.summary()
	return nil
}

// countingWriter counts the calls of a delivery.
type countingWriter struct {
	connectors.Writer
	calls *connectors.Calls
}

func (w countingWriter) Write(ctx context.Context, x connectors.Write) ([]connectors.Result, error) {
	return w.Writer.Write(connectors.WithCalls(ctx, w.calls), x)
}

// part writes some records of one object and tells the ledger; stop: the delivery ended early.
func (a *applying) part(ctx, work context.Context, d *delivery.Deliverer, o described, records []*Record) (stop bool, err error) {
	changes := make([]delivery.Change, len(records))
	for i, r := range records {
		changes[i] = delivery.Change{Op: connectors.Update, ID: r.ID, Order: r.ID}
		if r.Verdict == Delete {
			changes[i].Op = connectors.Delete
			continue
		}
		for _, f := range r.Fields {
			if f.Verdict != Write {
				continue
			}
			spec := o.Field(f.Name)
			v, err := value.FromJSON(spec, f.Before)
			if err == nil && !value.IsEmpty(v) {
				v, err = value.Conform(spec, v)
			}
			if err != nil {
				return true, err // Compare has converted it already
			}
			if value.IsEmpty(v) {
				v = value.Null
			}
			changes[i].Fields = append(changes[i].Fields, connectors.Field{Name: f.Name, Value: v})
		}
	}
	outcomes, halt := d.Deliver(ctx, changes)
	out := state.Outcome{Rule: a.p.Rule}
	for i, res := range outcomes {
		a.settle(records[i], res, &out)
	}
	if halt != nil {
		a.run.Status, a.run.Why = state.Failed, "writing to "+d.Target.Name+": "+halt.Error()+"; run revert again for the rest"
		if halt.Canceled {
			a.run.Status, a.run.Why = state.Stopped, "interrupted; run revert again for the rest"
		}
	}
	run := a.run
	out.Run = &run
	if err := a.store.Commit(work, out); err != nil {
		return true, fmt.Errorf("storing what was done: %w", err)
	}
	return halt != nil, nil
}

func (a *applying) settle(r *Record, res delivery.Outcome, out *state.Outcome) {
	switch res.Status {
	case delivery.Unsent:
		return
	case delivery.Written:
	case delivery.Missing:
		if r.Verdict == Delete {
			return
		}
		a.failed = append(a.failed, Failure{r, fmt.Errorf("somebody deleted it just now")})
		a.run.Unmatched++
		return
	default:
		a.failed = append(a.failed, Failure{r, res.Err})
		a.run.Dead++
		return
	}
	e := state.Entry{Run: a.run.ID, Rule: a.p.Rule, At: a.now().UTC(), Action: "revert", Connection: r.Connection, Object: r.Object,
		Target: r.ID, Source: r.Source}
	if r.Verdict == Delete {
		a.run.Deleted++
		e.Action = "delete"
	} else {
		a.run.Updated++
	}
	for _, f := range r.Fields {
		if r.Verdict == Delete {
			e.Fields = append(e.Fields, state.FieldChange{Name: f.Name, Before: f.Now})
		} else if f.Verdict == Write {
			e.Fields = append(e.Fields, state.FieldChange{Name: f.Name, Before: f.Now, After: f.Before})
		}
	}
	out.Ledger = append(out.Ledger, e)
}

func (a *applying) summary() string {
	what := "took back run " + a.p.Run
	if a.p.Run == "" {
		what = "took back what " + a.p.Rule + " wrote"
	}
	if left := a.p.Left(); left > 0 {
		what += fmt.Sprintf("; %d records were left alone in part or whole", left)
	}
	return what
}

// Left counts the records of which something is not taken back.
func (p *Plan) Left() int {
	n := 0
	for _, r := range p.Records {
		partly := r.Verdict == Write && slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Verdict == Conflict || f.Verdict == Lost })
		if partly || r.Verdict == Conflict || r.Verdict == Keep || r.Verdict == Lost {
			n++
		}
	}
	return n
}
