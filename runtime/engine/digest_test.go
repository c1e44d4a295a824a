package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// asked counts the records that the store is asked for.
type asked struct {
	state.Store
	n int
}

func (a *asked) Records(ctx context.Context, rule string, sources []string) ([]state.Record, error) {
	a.n += len(sources)
	return a.Store.Records(ctx, rule, sources)
}

// A source that is read whole passes by its digests: the store is asked only for what is new, and a record that is
// gone is still found to be.
func TestUnchangedRecordsPass(t *testing.T) {
	for _, onDelete := range []string{"ignore", "delete"} {
		t.Run(onDelete, func(t *testing.T) {
			w := newWorld(t, strings.NewReplacer("cs.Company", "cs.Row", "  map {", "  on_delete = \""+onDelete+"\"\n  map {").Replace(creating))
			row := func(id string, score float64) {
				w.cs.Put("Row", memory.Map{"Id": text(id), "Name": text("n" + id), "Score": num(score)})
			}
			const n = 2500
			for i := range n {
				row(fmt.Sprintf("r%04d", i), float64(i%900))
			}
			w.counts(w.ok(), fmt.Sprintf("read=%d created=%d", n, n))
			counting := &asked{Store: w.store}
			with := func(j *engine.Job) { j.Store = counting }
			w.counts(w.quiet(with), fmt.Sprintf("read=%d matched=%d unchanged=%d", n, n, n))
			if counting.n > 0 {
				t.Errorf("the store was asked for %d records when nothing had changed", counting.n)
			}
			row("r0007", 333)
			row("r1800", 444)
			w.counts(w.ok(with), fmt.Sprintf("read=%d matched=%d updated=2 unchanged=%d", n, n, n-2))
			if counting.n == 0 || counting.n > 20 {
				t.Errorf("the store was asked for %d records when 2 had changed", counting.n)
			}
			w.cs.Remove("Row", "r0100")
			gone := map[string]string{"ignore": "", "delete": " deleted=1"}[onDelete]
			want := fmt.Sprintf("read=%d matched=%d%s unchanged=%d", n-1, n-1, gone, n-1)
			w.counts(w.ok(with), want)
			row("r0100", 1)
			w.ok(with)
			w.quiet(with)
		})
	}
}
