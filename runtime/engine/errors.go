package engine

import (
	"errors"
	"fmt"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// ending is the error that ends a run early with a status other than failed, or failed with a reason that a
// person can act on. Every other error of a run is one of the store.
type ending struct {
	status state.RunStatus
	waits  state.Wait
	why    string
	err    error
}

func (e *ending) Error() string { return e.why }
func (e *ending) Unwrap() error { return e.err }

// errInterrupted ends a run whose context was cancelled; the next run goes on from the checkpoint.
var errInterrupted = &ending{status: state.Stopped, why: "interrupted; the next run goes on from the checkpoint"}

// failedFor gives the ending for a failure of a system.
func failedFor(connection, doing string, err error) *ending {
	var known *ending
	if errors.As(err, &known) {
		return known
	}
	failure := connectors.AsError(err)
	status, waits := state.Failed, state.Wait("")
	switch failure.Class {
	case connectors.Limit, connectors.Retry, connectors.InDoubt:
		status, waits = state.Waiting, state.WaitSystem
	}
	return &ending{status: status, waits: waits, why: fmt.Sprintf("%s %s: %s", doing, connection, failure.Error()), err: err}
}

// stoppedBy gives the ending for a delivery that ended early.
func stoppedBy(connection string, s *delivery.Stop) *ending {
	if s.Canceled || s.Err == nil {
		return errInterrupted
	}
	e := failedFor(connection, "writing to", s.Err)
	if !s.Wait {
		e.status, e.waits = state.Failed, ""
	}
	return e
}

func badJob(format string, args ...any) *ending {
	return &ending{status: state.Failed, why: fmt.Sprintf(format, args...)}
}
