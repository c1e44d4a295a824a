package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// A batch of large records is staged in parts.
func TestWhatIsAboutToBeSentIsStagedInParts(t *testing.T) {
	w := newWorld(t, strings.NewReplacer("    Name  = source.Name", "    OwnerId = source.Owner", "guard { max_deletes = 1000 }", "on_null = \"keep\"", "on_leave = \"delete\"", "on_leave = \"ignore\"").Replace(accounting))
	long := strings.Repeat("x", 100_000)
	for i := range 20 {
		w.cs.Put("Company", memory.Map{"Id": text(fmt.Sprintf("c%d", i)), "Score": num(1), "Owner": text(long), "Stage": text("Adoption")})
	}
	parts := &parting{Store: w.store}
	cut := w.cut(func(j *engine.Job) { parts.Store = j.Store; j.Store = parts })
	if parts.rows < 3 || parts.most > 1<<20 {
		t.Errorf("%d parts of at most %d bytes", parts.rows, parts.most)
	}
	w.ok()
	if got := w.told(cut); len(got) != 20 {
		t.Errorf("%d entries", len(got))
	}
	w.nothingDue()
	if !value.Equal(w.crm.Get("Account", w.byRef("c19"))["OwnerId"], text(long)) {
		t.Error("the text is another")
	}
}

type parting struct {
	state.Store
	rows, most int
}

func (p *parting) Claim(ctx context.Context, rule string, c []state.Claim, pieces []state.Staged) error {
	for _, row := range pieces {
		p.rows, p.most = p.rows+1, max(p.most, len(row.Data))
	}
	return p.Store.Claim(ctx, rule, c, pieces)
}

// An event costs four writes of the state: that its run begins, what is about to be sent, what came of it, that the run ended.
func TestAnEventCostsFewWritesOfTheState(t *testing.T) {
	w := newWorld(t, health)
	w.company("c1", 1)
	w.account("a1")
	w.ok()
	w.company("c1", 2)
	store := &counted{Store: w.store}
	w.counts(w.ok(func(j *engine.Job) { j.Store, j.Records = store, []string{"c1"} }), "read=1 matched=1 updated=1")
	if store.writes != 4 {
		t.Errorf("%d writes", store.writes)
	}
}

// counted counts the writes of a store.
type counted struct {
	state.Store
	writes int
}

func (c *counted) Commit(ctx context.Context, o state.Outcome) error {
	c.writes++
	return c.Store.Commit(ctx, o)
}

func (c *counted) Claim(ctx context.Context, rule string, claims []state.Claim, pieces []state.Staged) error {
	c.writes++
	return c.Store.Claim(ctx, rule, claims, pieces)
}

func (c *counted) SaveRun(ctx context.Context, r state.Run) error {
	c.writes++
	return c.Store.SaveRun(ctx, r)
}
