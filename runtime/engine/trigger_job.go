package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// TriggerJob is one run of a trigger to be made. Its fields are those of Job where they have the same names.
type TriggerJob struct {
	Plan *plan.Trigger
	Set  *plan.Set
	// Schedule names the schedule whose tick this is. One with a `where` of its own observes its part of the records; all
	// others observe the whole population.
	Schedule string
	// Full asks for all records to be observed, not only those that changed.
	Full        bool
	Connections func(name string) connectors.Connection
	Store       state.Store
	Now         func() time.Time
	Tick        time.Time
	Log         *slog.Logger

	// Events are observations that a system told of, in order. With any, and once the rule has its baseline, the source is not
	// polled: the run observes these and what became due meanwhile.
	Events []Event
	// Incoming gives events that came while the run is under way, in order, and what to call when they are observed and
	// what came of it is stored. It is asked between pages, so that a long scan does not hold events up. It may be nil.
	Incoming func() (events []Event, stored func())
	// Observed is called when all that the run is for is observed and stored, and nothing is left to do but to wait for slow
	// messages. It may be nil.
	Observed func()
	// Due tells whether another run of the rule should begin. It is asked while nothing is left to do but to wait for slow
	// messages: then the run ends, and the next one goes on with them. nil: there is no other.
	Due func() bool

	DryRun bool
	RunID  string

	OnProgress func(Progress)
	OnChange   func(Change)
	OnProblem  func(Problem)
	// OnRead is told of each record that was observed, with its modified stamp.
	OnRead func(id, version string)
	// OnSight is told of each record that fires or recovers, and, in a dry run, of those that hold.
	OnSight func(Sight)
	// OnWrite is told of each write and message that went through.
	OnWrite func(Written)
	// Cover notes which ways the conditions of expressions went; nil: nobody asks.
	Cover *expr.Cover

	Retry  delivery.Retry
	Sleep  func(ctx context.Context, d time.Duration) error
	Random func() float64
}

// Written is one write or message of an action.
type Written struct {
	Action *plan.Action
	// Op is what was done to a record; an upsert is a create or an update. It means nothing for a message.
	Op connectors.Op
	// ID is that of the record or message.
	ID string
	// Fields are what was written, or the arguments, entries of objects joined by dots.
	Fields []connectors.Field
}

// Event is a change that a system told of.
type Event struct {
	// Source is the record's id.
	Source string
	// Fields are the record's fields as of the event, by name. The record is read for those that are missing.
	Fields map[string]value.Value
	// Deleted: the record is gone.
	Deleted bool
}

// Sight is what a trigger sees in one record. Its JSON form is the contract's.
type Sight struct {
	Rule   string `json:"rule"`
	Source Ref    `json:"source"`
	// What is "fires" or "recovers"; "held", where the condition holds and counts as fired already; "fired", where it
	// holds and has fired; "approval", where it has fired and that waits for a person; "waits", where it has not held for long enough; "cooldown", where it is too soon after the last
	// firing; "dropped", where a change came too soon.
	What string `json:"what"`
	// Until is when a record that waits or cools is looked at again.
	Until *time.Time `json:"until,omitempty"`
	// Fields are those that the rule's conditions read and that changed since it last saw the record; in a dry run only.
	Fields FieldList `json:"fields,omitempty"`
}
