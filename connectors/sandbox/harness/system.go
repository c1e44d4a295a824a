package harness

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
)

// Record is a record as the control endpoints show it: all fields, picklists as labels.
type Record = map[string]any

// ErrUnknownObject is what Data answers for an object that the system does not have.
var ErrUnknownObject = errors.New("unknown object")

// UnknownObject makes an ErrUnknownObject that names the object.
func UnknownObject(name string) error { return fmt.Errorf("%w %q", ErrUnknownObject, name) }

// System is one simulated system. Its methods are called from many goroutines.
type System interface {
	// ServeHTTP answers the system's own API, credentials checked.
	http.Handler
	// Fail answers the request as the system would in the failure that f tells of, by f.Status,
	// f.ErrorCode and f.Message (any of them may be unset) in the system's own error shape. With f.ExpireSession it also ends all sessions.
	// f.RetryAfter is already in the header.
	Fail(w http.ResponseWriter, r *http.Request, f Fault)
	Data
}

// Data is access to the records of a system past its API, as its own users have it.
type Data interface {
	// Objects are the names of the objects, sorted.
	Objects() []string
	// Records gives the records of an object that are not deleted, oldest first. The sequence
	// may be slow to consume: no lock is held between records.
	Records(object string) (iter.Seq[Record], error)
	// Put changes the records that have the id of an existing record, creates the others, and
	// gives all of them as they are now. It does what a user of the system could do: stamps move,
	// computed fields follow; picklists take labels. All or nothing.
	Put(object string, records []Record) ([]Record, error)
	// Delete deletes a record as a user would.
	Delete(object, id string) error
	// Reset brings back the data of the start and ends all sessions.
	Reset() error
}

type exchangeKey struct{}

// exchange is what a request gathers on its way, for the call log.
type exchange struct{ records int }

// CountRecords adds to the number of records that the call read or wrote.
func CountRecords(ctx context.Context, n int) {
	if x, _ := ctx.Value(exchangeKey{}).(*exchange); x != nil {
		x.records += n
	}
}
