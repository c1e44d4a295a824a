package testrun

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/spectest"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// world is what one test happens in.
type world struct {
	ctx      context.Context
	t        *spectest.Test
	set      *plan.Set
	cover    *expr.Cover
	systems  map[string]*memory.System
	store    state.Store
	now      time.Time
	mu       sync.Mutex
	messages int
	// anonymous numbers records of objects without a key.
	anonymous int

	writes []Write
	notes  []string
	failed error // of the last run
}

// Write is one record that the rule wrote, or one message that it sent.
type Write struct {
	// Connection and Object are the record's; of a message Object is "".
	Connection, Object string
	Op                 connectors.Op
	ID                 string
	Fields             []connectors.Field
	// Action is what a trigger did it by; nil in a sync.
	Action *plan.Action
}

func runOne(ctx context.Context, t *spectest.Test, o Options, cover *expr.Cover) (*Result, error) {
	began := time.Now()
	dir, err := os.MkdirTemp(o.Scratch, "test")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	store, err := sqlite.Open(ctx, dir+"/state.db", sqlite.Options{Volatile: true})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	set := o.Sets[t.Name]
	if set == nil {
		set = o.Sets[""]
	}
	w := &world{ctx: ctx, t: t, set: set, cover: cover, systems: map[string]*memory.System{}, store: store}
	for _, c := range set.Connections {
		w.systems[c.Name] = w.system(c.Name, o.Catalogs[c.Name])
	}
	w.give()
	r := &Result{Test: t}
	if err := w.play(r); err != nil {
		return nil, err
	}
	r.Writes, r.Notes, r.Took = w.writes, w.notes, time.Since(began)
	return r, nil
}

// system makes a system of a catalog that tells what is written to it.
func (w *world) system(name string, catalog *schema.Catalog) *memory.System {
	var objects []*schema.Object
	if catalog != nil {
		for _, o := range catalog.Objects {
			own := *o // New completes what it is given
			objects = append(objects, &own)
		}
	}
	s := memory.New(objects...)
	s.SetClock(func() time.Time { return w.now })
	if w.t.Trigger != nil {
		return s // the engine tells what its actions write
	}
	s.SetHooks(memory.Hooks{
		AfterWrite: func(x connectors.Write, results []connectors.Result) error {
			for i, res := range results {
				if res.Err == nil {
					op := x.Op
					if op == connectors.Upsert {
						if op = connectors.Update; res.Created {
							op = connectors.Create
						}
					}
					w.writes = append(w.writes, Write{Connection: name, Object: x.Object.Name, Op: op, ID: res.ID, Fields: x.Records[i].Fields})
				}
			}
			return nil
		},
	})
	return s
}

// give puts the given records into their systems, an hour before the test begins.
func (w *world) give() {
	w.now = w.t.Now.Add(-time.Hour)
	for _, g := range w.t.Given {
		for _, rec := range g.Records {
			w.put(g.End, rec)
		}
	}
}

func (w *world) put(e plan.End, rec spectest.Record) string {
	m := memory.Map{}
	for _, f := range rec {
		m[f.Name] = f.Value
	}
	if e.Object.Key == "" {
		if _, numbered := m[""]; !numbered {
			w.anonymous++
			m[""] = value.Text("row " + strconv.Itoa(w.anonymous))
		}
	}
	return w.systems[e.Connection].Put(e.Object.Name, m)
}

// play carries the test out and judges it.
func (w *world) play(r *Result) error {
	if len(w.t.Steps) == 0 {
		w.now = w.t.Now
		if err := w.run(true); err != nil {
			return err
		}
		r.Failures = append(r.Failures, w.judge(w.t.Expect, w.writes, w.t.Exact)...)
		return nil
	}
	if err := w.before(); err != nil {
		return err
	}
	r.Failures = append(r.Failures, w.stumbled(w.t.Range)...)
	for _, s := range w.t.Steps {
		w.now = s.At
		w.change(s)
		from := len(w.writes)
		if err := w.run(false); err != nil {
			return err
		}
		r.Failures = append(r.Failures, w.stumbled(s.Range)...)
		r.Failures = append(r.Failures, w.judge(s.Expect, w.writes[from:], false)...)
	}
	all := slices.Clone(w.t.Expect)
	if w.t.Exact {
		for _, s := range w.t.Steps {
			all = append(all, s.Expect...)
		}
		r.Failures = append(r.Failures, w.superfluous(all, w.writes)...)
	}
	r.Failures = append(r.Failures, w.judge(w.t.Expect, w.writes, false)...)
	return nil
}

// before brings the rule to where it was before the first step: it has seen the records that are given, and those
// that a step says it saw. What it wrote for that is no part of the test.
func (w *world) before() error {
	w.now = w.t.Now.Add(-time.Minute)
	source := w.source()
	known := w.t.Trigger != nil || slices.ContainsFunc(w.t.Given, func(g spectest.Given) bool {
		return g.Connection == source.Connection && g.Object == source.Object && len(g.Records) > 0
	})
	seen := map[string]bool{}
	for _, s := range w.t.Steps {
		if s.Old != nil && !seen[s.Key.String()] {
			w.put(source, w.keyed(source, s.Old, s.Key))
			known = true
		}
		seen[s.Key.String()] = true
	}
	if !known {
		return nil
	}
	err := w.run(true)
	w.writes = nil
	return err
}

// keyed gives a record its key where the test wrote it elsewhere.
func (w *world) keyed(e plan.End, rec spectest.Record, key value.Value) spectest.Record {
	if e.Object.Key == "" {
		return append(slices.Clone(rec), spectest.Field{Value: value.Text("the record")})
	}
	if _, has := rec.Get(e.Object.Key); has || key.IsNull() {
		return rec
	}
	return append(slices.Clone(rec), spectest.Field{Name: e.Object.Key, Field: e.Object.KeyField(), Value: key})
}

// source is the object whose records change.
func (w *world) source() plan.End {
	if w.t.Trigger != nil {
		return w.t.Trigger.On
	}
	return w.t.Sync.From
}

func (w *world) change(s spectest.Step) {
	source := w.source()
	if s.Deleted {
		id := s.Key.String()
		if source.Object.Key == "" {
			id = "the record"
		}
		w.systems[source.Connection].Remove(source.Object.Name, id)
		return
	}
	w.put(source, w.keyed(source, s.New, s.Key))
}

func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }
func noChance() float64                                  { return 0.5 }

func (w *world) connection(name string) connectors.Connection {
	if s := w.systems[name]; s != nil {
		return &messenger{System: s, w: w}
	}
	return nil
}

func (w *world) problem(p engine.Problem) {
	w.note("%s %s is %s: %s", p.Source.Object, p.Source.ID, p.Kind, p.Message)
}

// ended notes how a run ended.
func (w *world) ended(run state.Run) {
	w.failed = nil
	switch run.Status {
	case state.Failed, state.Stopped:
		w.failed = fmt.Errorf("the run %s: %s", run.Status, run.Why)
	case state.Waiting:
		w.note("the run waits: %s", run.Why)
	}
}

// run makes one run of the rule.
func (w *world) run(full bool) error {
	if w.t.Trigger != nil {
		return w.runTrigger()
	}
	return w.runSync(full)
}

func (w *world) runSync(full bool) error {
	rule := unpushed(w.t.Sync)
	run, err := engine.Run(w.ctx, engine.Job{
		Plan: rule, Set: w.set, Full: full, Store: w.store, Now: func() time.Time { return w.now }, Tick: w.now, Cover: w.cover,
		Connections: w.connection, Sleep: noSleep, Random: noChance, OnProblem: w.problem,
	})
	if err != nil {
		return err
	}
	w.ended(run)
	if rule.Match == nil && run.Status == state.Succeeded {
		w.replaced(rule.To)
	}
	return nil
}

// unpushed is a rule whose conditions are all evaluated here: coverage would not show the records that a system held
// back. What else has to have run before is not what is tested.
func unpushed(s *plan.Sync) *plan.Sync {
	rule := *s
	rule.Requires = nil
	rule.Where = here(s.Where)
	rule.Finds = slices.Clone(s.Finds)
	for i, f := range s.Finds {
		own := *f
		own.Where = here(f.Where)
		rule.Finds[i] = &own
	}
	if s.Match != nil {
		own := *s.Match
		own.Where = here(s.Match.Where)
		rule.Match = &own
	}
	return &rule
}

func here(f *plan.Filter) *plan.Filter {
	if f == nil {
		return nil
	}
	return &plan.Filter{Whole: f.Whole, PushedText: f.PushedText, LocalText: f.LocalText}
}

// replaced takes the content of an object that was written whole for writes.
func (w *world) replaced(e plan.End) {
	for _, rec := range w.systems[e.Connection].Whole(e.Object.Name) {
		x := Write{Connection: e.Connection, Object: e.Object.Name, Op: connectors.Create}
		for _, f := range e.Object.Fields {
			if v, has := rec[f.Name]; has {
				x.Fields = append(x.Fields, connectors.Field{Name: f.Name, Value: v})
			}
		}
		if key := e.Object.Key; key != "" {
			x.ID = rec[key].String()
		}
		w.writes = append(w.writes, x)
	}
}

// notesMost bounds what is said of one test.
const notesMost = 20

func (w *world) note(format string, args ...any) {
	text := fmt.Sprintf("at %s: ", w.now.Format(time.RFC3339)) + fmt.Sprintf(format, args...)
	if len(w.notes) < notesMost && !slices.Contains(w.notes, text) {
		w.notes = append(w.notes, text)
	}
}
