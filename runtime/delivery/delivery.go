// Package delivery brings changes to a target: it batches them by what the target takes, sends batches in
// parallel while each record's own changes keep their order, retries what is worth retrying, splits a batch
// that fails as a whole, and says of each change how it ended.
//
// It takes Changes and gives an Outcome for each, in the same order. What an outcome means for links, ledger
// and dead letters is the engine's to decide; delivery remembers nothing between calls but whether the target
// is answering.
package delivery

import (
	"context"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// Change is one write of one record.
type Change struct {
	Op connectors.Op
	// ID is the target record's id, for update and delete.
	ID string
	// Key is the field that an upsert goes by; Fields hold it.
	Key    string
	Fields []connectors.Field
	// Order groups changes that must keep their order: those of one source record. "" orders by ID alone.
	Order string
}

// Outcome is how a change ended.
type Outcome struct {
	Status  Status
	ID      string // of the record written
	Created bool
	// Err is why it was not written; nil for Written, and for what was never sent.
	Err      *connectors.Error
	Attempts int
	// InDoubt: it was sent and not answered. Unless it is Written after all, it is not known whether it was; a create is then
	// Doubtful, or the delivery stopped before it could be looked up.
	InDoubt bool
}

// Status is the kind of an Outcome. The set is closed.
type Status uint8

const (
	// Unsent: the delivery stopped before this change was sent, or it is known that nothing of it was written.
	Unsent Status = iota
	// Written: the target has it.
	Written
	// Missing: the record to update does not exist (any more).
	Missing
	// Refused: it will never be written as it is: a dead letter.
	Refused
	// Doubtful: a create whose answer was lost, and looking did not tell whether it was carried out.
	Doubtful
)

// Found is what looking for a create in doubt gave.
type Found struct {
	ID      string
	Found   bool
	Decided bool // false: it cannot be told; a person has to look
}

// Target is where changes go.
type Target struct {
	Name   string // of the connection
	Object *schema.Object
	Writer connectors.Writer
	Limits connectors.Limits
	// Allow lists the patterns that may be written; nil: everything.
	Allow []string
}

// Deliverer sends changes to one target object. It may be used again and again, by one goroutine at a time.
type Deliverer struct {
	Target Target
	// Look looks for creates whose answer was lost, in the order of the changes. It is asked before a create
	// is sent again. Nil: creates in doubt are Doubtful.
	Look func(ctx context.Context, creates []Change) ([]Found, error)
	// Retry says how often and how long to try; the zero value takes the defaults.
	Retry Retry
	// Sleep waits; nil: a timer. Tests pass their own.
	Sleep func(ctx context.Context, d time.Duration) error
	// Random gives numbers in [0,1) for jitter; nil: math/rand.
	Random func() float64

	breaker breaker
}

// Stop is why a delivery ended early: the changes that are Unsent have to be delivered later.
type Stop struct {
	// Wait: the target will take more later (a quota, an outage); otherwise somebody has to act first.
	Wait bool
	// Canceled: the run was interrupted.
	Canceled bool
	Err      *connectors.Error
}

func (s *Stop) Error() string {
	if s.Err == nil {
		return "interrupted"
	}
	return s.Err.Error()
}

func (s *Stop) Unwrap() error {
	if s.Err == nil {
		return nil
	}
	return s.Err
}

// Deliver sends the changes and gives each one's outcome, aligned to them. A *Stop says that it ended early.
// When ctx is cancelled no new call starts and no wait goes on, but calls under way are finished.
func (d *Deliverer) Deliver(ctx context.Context, changes []Change) ([]Outcome, *Stop) {
	run := newDelivery(ctx, d, changes)
	defer run.close()
	for _, wave := range waves(changes) {
		if stop := run.wave(wave); stop != nil {
			return run.outcomes, stop
		}
	}
	return run.outcomes, nil
}
