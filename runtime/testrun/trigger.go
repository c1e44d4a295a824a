package testrun

import (
	"context"
	"fmt"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/engine"
)

// messenger is a system that takes messages as well as records.
type messenger struct {
	*memory.System
	w *world
}

// Send takes a message. That it was sent is told by the engine.
func (m *messenger) Send(context.Context, connectors.Message) (connectors.Receipt, error) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	m.w.messages++
	return connectors.Receipt{ID: fmt.Sprintf("message-%06d", m.w.messages)}, nil
}

// runTrigger takes the samples that the trigger looks back on, and makes one run of it.
func (w *world) runTrigger() error {
	rule := *w.t.Trigger
	rule.Requires, rule.Where = nil, here(rule.Where)
	now := func() time.Time { return w.now }
	sampled := map[*plan.Track]bool{}
	for _, h := range rule.History {
		if sampled[h.Track] {
			continue
		}
		sampled[h.Track] = true
		run, err := engine.RunTrack(w.ctx, engine.TrackJob{Plan: h.Track, Set: w.set, Store: w.store, Now: now, Tick: w.now,
			Connections: w.connection, Sleep: noSleep, Random: noChance, OnProblem: w.problem})
		if err != nil {
			return err
		}
		if w.ended(run); w.failed != nil {
			return nil
		}
	}
	run, err := engine.RunTrigger(w.ctx, engine.TriggerJob{Plan: &rule, Set: w.set, Store: w.store, Now: now, Tick: w.now, Cover: w.cover,
		Connections: w.connection, Sleep: noSleep, Random: noChance, OnProblem: w.problem, OnSight: w.sight, OnWrite: w.did})
	if err != nil {
		return err
	}
	w.ended(run)
	return nil
}

func (w *world) sight(s engine.Sight) {
	text := fmt.Sprintf("%s %s: %s", s.Source.Object, s.Source.ID, s.What)
	if s.Until != nil {
		text += " until " + s.Until.Format(time.RFC3339)
	}
	w.note("%s", text)
}

// did notes what an action wrote or sent.
func (w *world) did(x engine.Written) {
	out := Write{Connection: x.Action.Via, Op: x.Op, ID: x.ID, Fields: x.Fields, Action: x.Action}
	if x.Action.Object != nil {
		out.Connection, out.Object = x.Action.Connection, x.Action.Object.Name
	}
	w.writes = append(w.writes, out)
}
