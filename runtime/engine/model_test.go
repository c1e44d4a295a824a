package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// The model: whatever edits and failures come in whatever order, once the failures end, every source record has
// exactly one target with its values, and a further run writes nothing.

var modelProjects = []string{
	creating, // in two phases, since it can clear
	strings.Replace(creating, "  map {", "  on_null = \"keep\"\n  map {", 1), // streams
	strings.Replace(creating, "  map {", "  guard {\n max_deletes = 1000\n}\n on_delete = \"delete\"\n  map {", 1),
	strings.Replace(creating, "Ref = source.Id", "Gsid = source.Id", 1),
	strings.NewReplacer("cs.Company", "cs.Row", "  map {", "  on_delete = \"delete\"\n  on_null = \"keep\"\n  map {").Replace(creating),
}

type model struct {
	*world
	rt      *rapid.T
	project string
	source  string
	scores  map[string]float64
	key     string
}

func TestModel(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprintf("%d.db", n))
		store, err := sqlite.Open(context.Background(), path, sqlite.Options{Holder: "test"})
		if err != nil {
			rt.Fatal(err)
		}
		defer os.Remove(path)
		defer store.Close()
		m := &model{rt: rt, scores: map[string]float64{}, project: rapid.SampledFrom(modelProjects).Draw(rt, "project"), source: "Company", key: "Ref"}
		if strings.Contains(m.project, "cs.Row") {
			m.source = "Row"
		}
		if strings.Contains(m.project, "Gsid") {
			m.key = "Gsid"
		}
		m.world = &world{t: rt, store: store, now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
		m.cs, m.crm = systems()
		m.cs.SetLimits(connectors.Limits{Lookup: 3, WriteBatch: 3, Parallel: 2}, 4)
		m.crm.SetLimits(connectors.Limits{Lookup: 3, WriteBatch: 3, Parallel: 2}, 4)
		m.compile(m.project)
		for range rapid.IntRange(1, 6).Draw(rt, "rounds") {
			m.edit()
			m.fail()
			m.noDoubles()
		}
		m.settle()
	})
}

// edit changes some source records, and some targets by hand.
func (m *model) edit() {
	for range rapid.IntRange(0, 8).Draw(m.rt, "edits") {
		id := fmt.Sprintf("c%d", rapid.IntRange(0, 9).Draw(m.rt, "id"))
		switch rapid.IntRange(0, 9).Draw(m.rt, "edit") {
		case 0:
			m.cs.Remove(m.source, id)
			delete(m.scores, id)
		case 1:
			if at := m.accounts()[id]; len(at) > 0 {
				m.crm.Put("Account", memory.Map{"Id": text(at[0]), "Score": num(-1)})
			}
		default:
			score := float64(rapid.IntRange(1, 900).Draw(m.rt, "score"))
			m.cs.Put(m.source, memory.Map{"Id": text(id), "Name": text("n" + id), "Score": num(score)})
			m.scores[id] = score
		}
	}
}

// fail runs with failures: of the store at some point, of calls and of records, with and without their answers.
func (m *model) fail() {
	faults := rapid.SliceOfN(rapid.IntRange(0, 12), 0, 12).Draw(m.rt, "faults")
	next := func() int {
		if len(faults) == 0 {
			return 0
		}
		f := faults[0]
		faults = faults[1:]
		return f
	}
	calls := make(chan int, len(faults)+1) // batches are sent in parallel; a channel hands the faults out
	for range cap(calls) - 1 {
		calls <- next()
	}
	fault := func() int {
		select {
		case f := <-calls:
			return f
		default:
			return 0
		}
	}
	m.crm.SetHooks(memory.Hooks{
		BeforeWrite: func(connectors.Write) error {
			switch fault() {
			case 1:
				return &connectors.Error{Class: connectors.Retry, Message: "busy"}
			case 2:
				return &connectors.Error{Class: connectors.InDoubt, Message: "lost before it came"}
			case 3:
				return &connectors.Error{Class: connectors.Limit, Message: "quota", RetryAfter: time.Hour}
			case 4:
				return &connectors.Error{Class: connectors.Auth, Message: "expired"}
			case 5:
				return errors.New("not classified")
			}
			return nil
		},
		AfterWrite: func(_ connectors.Write, results []connectors.Result) error {
			switch fault() {
			case 6:
				return &connectors.Error{Class: connectors.InDoubt, Message: "lost after it came"}
			case 7:
				results[len(results)-1] = connectors.Result{Err: &connectors.Error{Class: connectors.InDoubt, Message: "this one is lost"}}
			}
			return nil
		},
		Record: func(_ string, _ connectors.Op, _ connectors.Record) *connectors.Error {
			switch fault() {
			case 8:
				return &connectors.Error{Class: connectors.Reject, Message: "refused"}
			case 9:
				return &connectors.Error{Class: connectors.Retry, Message: "locked"}
			}
			return nil
		},
		BeforeRead: func(string) error {
			if fault() == 10 {
				return &connectors.Error{Class: connectors.Retry, Message: "reset"}
			}
			return nil
		},
	})
	job := m.newJob()
	if n := rapid.IntRange(0, 12).Draw(m.rt, "store"); n < 8 {
		job.Store = &faulty{Store: m.store, left: n, after: n%2 == 0}
	}
	job.Full = rapid.IntRange(0, 4).Draw(m.rt, "full") == 0
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if stop := rapid.IntRange(0, 12).Draw(m.rt, "stop"); stop < 6 {
		job.OnProgress = func(p engine.Progress) {
			if p.Read >= stop {
				cancel()
			}
		}
	}
	if _, err := engine.Run(ctx, job); err != nil && !errors.Is(err, errFull) {
		m.rt.Fatalf("run: %v", err)
	}
	m.crm.SetHooks(memory.Hooks{})
}

// accounts lists the targets of each source.
func (m *model) accounts() map[string][]string {
	out := map[string][]string{}
	for _, id := range m.crm.IDs("Account") {
		ref := m.crm.Get("Account", id)[m.key].AsText()
		out[ref] = append(out[ref], id)
	}
	return out
}

func (m *model) noDoubles() {
	for ref, ids := range m.accounts() {
		if len(ids) > 1 {
			m.rt.Fatalf("%s has the accounts %v", ref, ids)
		}
	}
}

// settle ends the failures and holds the target against the source.
func (m *model) settle() {
	var ids []int64
	for _, l := range m.letters(state.DeadOpen) {
		ids = append(ids, l.ID)
	}
	if err := m.store.SetDead(context.Background(), ids, state.DeadRetry); err != nil {
		m.rt.Fatal(err)
	}
	for try := 0; ; try++ {
		run := m.run(func(j *engine.Job) { j.Full = try == 0 })
		if run.Status == state.Succeeded {
			break
		}
		if try == 2 {
			m.rt.Fatalf("does not settle: %s %s %s %v", run.Status, run.Why, counts(run), m.trouble)
		}
	}
	m.noDoubles()
	got := m.accounts()
	for id, score := range m.scores {
		if len(got[id]) == 0 {
			m.rt.Fatalf("%s is lost", id)
		}
		m.want("Account", got[id][0], "Score", score, "Name", "n"+id)
		delete(got, id)
	}
	if strings.Contains(m.project, "on_delete") && len(got) > 0 {
		m.rt.Fatalf("deleted, but still there: %v", got)
	}
	if run := m.quiet(); run.Status != state.Succeeded {
		m.rt.Fatalf("%s %s", run.Status, run.Why)
	}
	m.quiet(func(j *engine.Job) { j.Full = true })
	if claims, _ := m.store.Claims(context.Background(), "sync.create"); len(claims) > 0 {
		m.rt.Fatalf("claims are left: %v", claims)
	}
	if slices.ContainsFunc(m.letters(state.DeadOpen), func(l state.DeadLetter) bool { return m.scores[l.Source.ID] != 0 }) {
		m.rt.Fatalf("letters are open: %v", m.letters(state.DeadOpen))
	}
}
