package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// Job is one run to be made.
type Job struct {
	Plan *plan.Sync
	Set  *plan.Set
	// Schedule names the schedule whose tick this is; "" for the unnamed one, and for a run by hand of a rule
	// whose schedules are all named: it then covers every record.
	Schedule string
	// Full asks for a full pass.
	Full bool
	// Records are source records by id that events tell of. With any, and once the rule has its baseline, the run takes these
	// and no others, and its checkpoint stays where it is.
	Records []string
	// Connections gives open connections by name; nil for one that is not open.
	Connections func(name string) connectors.Connection
	Store       state.Store
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Tick is what now() and today() are in this run: the instant of the tick that it is for. Zero: when it starts.
	Tick time.Time
	Log  *slog.Logger // nil: silent

	// DryRun withholds all writes, to the target and to the store, and tells OnChange what they would be.
	DryRun bool
	// RunID is the run's id; "": a new one.
	RunID string

	// OnProgress is told how far the run is, after each page. OnChange is told of each change before it is sent,
	// OnProblem of each record that could not be brought over. All may be nil and are called from one goroutine.
	OnProgress func(Progress)
	OnChange   func(Change)
	OnProblem  func(Problem)

	// OnRead is told of each source record that was read, with its modified stamp, "" where it has none. It may be nil and
	// is called from one goroutine.
	OnRead func(id, version string)

	// Cover notes which ways the conditions of expressions went; nil: nobody asks.
	Cover *expr.Cover

	// Retry, Sleep and Random steer waiting; zero values are the defaults.
	Retry  delivery.Retry
	Sleep  func(ctx context.Context, d time.Duration) error
	Random func() float64
}

// Progress is how far a run is.
type Progress struct {
	Rule  string
	Phase string // "read", "deliver"
	// Read of about Total source records (0: not known), Written changes of Changes so far.
	Read, Total, Written, Changes int
	// Waits says what a run under way waits for, such as messages for their turn; "": nothing.
	Waits string
}

// Ref names a source record. Its JSON form is the contract's.
type Ref struct {
	Connection string `json:"connection"`
	Object     string `json:"object"`
	ID         string `json:"id"`
}

// Change is one write, as `plan` shows it. Its JSON form is the contract's.
type Change struct {
	Rule       string    `json:"rule"`
	Action     string    `json:"action"` // create, update, delete, unlink, relink
	Connection string    `json:"connection"`
	Object     string    `json:"object"`
	ID         string    `json:"id,omitempty"`
	Source     Ref       `json:"source"`
	Fields     FieldList `json:"fields,omitempty"`
}

// FieldDiff is one field of a Change. Values are in JSON form.
type FieldDiff struct {
	Name       string
	Before     any
	After      any
	Expression string // as written
}

// FieldList is the fields of a Change in the order of the rule; in JSON an object by field name.
type FieldList []FieldDiff

// MarshalJSON keeps the order.
func (l FieldList) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range l {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(f.Name)
		if err != nil {
			return nil, err
		}
		diff, err := json.Marshal(struct {
			Before any `json:"before"`
			After  any `json:"after"`
		}{f.Before, f.After})
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(diff)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Problem is one record that was not brought over, and why.
type Problem struct {
	Rule    string `json:"rule"`
	Kind    string `json:"kind"` // unmatched, ambiguous, rejected
	Source  Ref    `json:"source"`
	Step    string `json:"step"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Summary counts what a plan would do. Its JSON form is the contract's.
type Summary struct {
	Create    int `json:"create"`
	Update    int `json:"update"`
	Delete    int `json:"delete"`
	Send      int `json:"send,omitempty"` // messages and calls
	Unchanged int `json:"unchanged"`
	Unmatched int `json:"unmatched"`
	Ambiguous int `json:"ambiguous"`
	Rejected  int `json:"rejected"`
}

// Summarize gives a dry run's counts in the form of a plan.
func Summarize(r state.Run) Summary {
	return Summary{Create: r.Created, Update: r.Updated, Delete: r.Deleted, Send: r.Sent, Unchanged: r.Unchanged,
		Unmatched: r.Unmatched, Ambiguous: r.Ambiguous, Rejected: r.Dead}
}

// Add adds another rule's counts.
func (s *Summary) Add(o Summary) {
	s.Create += o.Create
	s.Update += o.Update
	s.Delete += o.Delete
	s.Send += o.Send
	s.Unchanged += o.Unchanged
	s.Unmatched += o.Unmatched
	s.Ambiguous += o.Ambiguous
	s.Rejected += o.Rejected
}
