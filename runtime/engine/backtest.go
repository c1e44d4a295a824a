package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// BacktestJob asks what a trigger would have fired over the past.
type BacktestJob struct {
	Plan  *plan.Trigger
	Set   *plan.Set
	Store state.Store
	// Since is where the period begins; zero: where the past does. Until is where it ends.
	Since, Until time.Time
	// Past is the past, in order of time, in place of what the state has recorded; nil: what it has.
	Past []Sighting
}

// Sighting is one look at a record of a past that is brought along: so it was from At on.
type Sighting struct {
	At time.Time
	ID string
	// Fields are by name; those that are not here are as they were before.
	Fields map[string]value.Value
	// Deleted: the record is gone.
	Deleted bool
}

// Backtest is what a trigger would have fired over a period. Its JSON form is a contract.
type Backtest struct {
	// From is where the period begins: as asked, or as far back as the past is known. To is where it ends.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Records were looked at, Changes of theirs observed.
	Records int `json:"records"`
	Changes int `json:"changes"`
	// Held counts the records for which the condition held when the period began. They do not fire then, as after an edit.
	Held int `json:"held"`
	// Fired counts firings, Recovered those that ended. Delayed are edges that waited for a cooldown, Dropped changes that
	// one swallowed. Failed counts looks at which a condition could not be evaluated.
	Fired     int `json:"fired"`
	Recovered int `json:"recovered"`
	Delayed   int `json:"delayed"`
	Dropped   int `json:"dropped"`
	Failed    int `json:"failed"`
	Flapping  int `json:"flapping"`
	// EveryMS is how far apart looks at the clock were at least, where that is coarser than the schedule; 0: at each tick.
	EveryMS int64 `json:"every_ms,omitempty"`
	// Fires are the records that fire, those that do most often first.
	Fires []BacktestRecord `json:"fires"`
}

// BacktestRecord is one record that fires.
type BacktestRecord struct {
	ID string      `json:"id"`
	At []time.Time `json:"at"`
	// Flaps: it fires flapTimes within flapWithin.
	Flaps bool `json:"flaps"`
}

// A record flaps that fires so often within so long.
const (
	flapTimes  = 3
	flapWithin = 7 * 24 * time.Hour
)

// mostLooks bounds how often the records of a rule that time alone can fire are looked at, all together.
const mostLooks = 5_000_000

// NoPast says that there is no past to look at.
type NoPast struct {
	Rule string
	// Fields are those that the rule reads and that nothing has recorded; none where nothing at all is recorded.
	Fields []string
	// Since is from when on all fields that the rule reads are recorded, where that is later than the whole period asked for.
	Since time.Time
}

func (e *NoPast) Error() string {
	switch {
	case !e.Since.IsZero():
		return fmt.Sprintf("what %s reads is recorded since %s only", e.Rule, e.Since.Format(time.RFC3339))
	case len(e.Fields) > 0:
		return fmt.Sprintf("%s reads %s, which is not recorded: so far the rule in force did not read it", e.Rule, strings.Join(e.Fields, ", "))
	}
	return fmt.Sprintf("nothing is recorded of what %s watches: that begins when its first scan has ended", e.Rule)
}

// RunBacktest takes the past through the conditions of a trigger, on the state machine that serves it, and writes nothing.
// Without a past it gives a NoPast.
func RunBacktest(ctx context.Context, job BacktestJob) (*Backtest, error) {
	r, err := newReplay(ctx, job)
	if err != nil {
		return nil, err
	}
	if err := r.period(); err != nil {
		return nil, err
	}
	if err := r.plan(); err != nil {
		return nil, err
	}
	for l, err := range r.lives() {
		if err != nil {
			return nil, fmt.Errorf("reading the past: %w", err)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := r.relive(l); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(r.out.Fires, func(a, b BacktestRecord) int { return len(b.At) - len(a.At) })
	return r.out, nil
}

// period finds out where the period begins.
func (r *replay) period() error {
	p := r.t.p
	r.out.From, r.out.To = r.job.Since.UTC(), r.job.Until.UTC()
	if r.job.Past != nil {
		return r.periodOf(r.job.Past)
	}
	recorded, err := r.job.Store.Recorded(r.t.work, p.ID())
	if err != nil {
		return fmt.Errorf("reading what is recorded: %w", err)
	}
	if len(recorded) == 0 {
		return &NoPast{Rule: p.ID()}
	}
	var missing []string
	for _, slot := range p.Stored {
		name := p.Source.Names[slot]
		since, ok := recorded[name]
		if !ok {
			missing = append(missing, name)
		}
		if since.After(r.out.From) {
			r.out.From = since
		}
	}
	switch {
	case len(missing) > 0:
		return &NoPast{Rule: p.ID(), Fields: missing}
	case !r.out.From.Before(r.out.To):
		return &NoPast{Rule: p.ID(), Since: r.out.From}
	case r.out.From.IsZero(): // the rule reads no field but the key
		r.out.From = slices.MinFunc(slices.Collect(maps.Values(recorded)), time.Time.Compare)
	}
	return nil
}

// periodOf is period for a past that was brought along. It must hold every field that the rule reads.
func (r *replay) periodOf(past []Sighting) error {
	p := r.t.p
	have := map[string]bool{}
	for _, s := range past {
		for name := range s.Fields {
			have[name] = true
		}
	}
	for _, slot := range p.Stored {
		if name := p.Source.Names[slot]; slot != 0 && !have[name] {
			return fmt.Errorf("%s reads %s, which no line has: they have %s", p.ID(), name, strings.Join(slices.Sorted(maps.Keys(have)), ", "))
		}
	}
	if len(past) == 0 {
		return &NoPast{Rule: p.ID()}
	}
	if r.out.From.Before(past[0].At) {
		r.out.From = past[0].At.UTC()
	}
	if last := past[len(past)-1].At; r.out.To.Before(last) {
		r.out.To = last.UTC()
	}
	return nil
}
