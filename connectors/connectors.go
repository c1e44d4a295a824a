// Package connectors is the contract between the engine and the systems it keeps in step.
//
// A Type says how a kind of system is configured and opened. An open Connection can always
// describe itself; what else it can do, it shows by the further interfaces it has: Reader,
// Writer, Replacer, Grouper, DeletedReader, Checker. The engine asserts them once, when a
// plan is opened, and a missing one is an error before anything runs. Systems that take messages
// rather than records have Sender, and Tracer where they can say what arrived.
//
// All methods are safe for use by several goroutines, unless they say otherwise. They honour
// their context, and what they return for a cancelled one is the context's error, wrapped.
// Failures are *Error, whose Class alone decides what the engine does next.
package connectors

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Type is one kind of system.
type Type struct {
	schema.System
	// Open makes a connection ready for use. It need not reach the system: the first call does.
	// A wrong or missing setting is an *Error of class Auth or Permanent that names the setting.
	Open func(ctx context.Context, config Config) (Connection, error)
}

// Registry is the types that a program knows, by name. It is a value: tests make their own.
type Registry map[string]Type

// NewRegistry makes a registry of types with distinct names.
func NewRegistry(types ...Type) Registry {
	r := Registry{}
	for _, t := range types {
		r[t.Name] = t
	}
	return r
}

// Systems is the part of the registry that the checker needs.
func (r Registry) Systems() map[string]schema.System {
	out := make(map[string]schema.System, len(r))
	for name, t := range r {
		out[name] = t.System
	}
	return out
}

// Config is all that a connection is made of. Secrets are resolved; whoever holds it does not print it.
type Config struct {
	Name     string // as declared: connection "salesforce" "crm" is "crm"
	Settings Settings
	Objects  []Object
	// Secrets are the values of settings that were written as secret("…"). They must not be seen in any error or log.
	Secrets []string
	// Limits of the project for this connection; zero: not set.
	CallsPerDay, CallsPerMinute, Concurrent int
	// Dir is the project's folder; relative paths in settings are relative to it.
	Dir string
	// Stdin and Stdout serve objects with the path "-".
	Stdin  io.Reader
	Stdout io.Writer
	// Transport is the base of all HTTP; nil: http.DefaultTransport's settings.
	Transport http.RoundTripper
	Log       *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Settings are resolved attributes: texts, numbers, booleans, lists of texts.
type Settings map[string]value.Value

// Text is a text setting, "" when it is not set.
func (s Settings) Text(name string) string { return s[name].AsText() }

// Map is a setting of kind SettingMap: its entries are settings named NAME.KEY.
func (s Settings) Map(name string) map[string]string {
	out := map[string]string{}
	for full, v := range s {
		if key, ok := strings.CutPrefix(full, name+"."); ok {
			out[key] = v.String()
		}
	}
	return out
}

// Object is an `object` block: a file, table or query that the project names.
type Object struct {
	Name     string
	Settings Settings
	Columns  []Column
}

// Column is a declared column of an Object: Name in rules, From in the source ("" when the same).
type Column struct {
	Name, From string
	Kind       schema.Kind
	Length     int
	Nullable   bool
}

// Connection is an open account on a system.
type Connection interface {
	// Objects lists what the user of this connection can see, without fields.
	Objects(ctx context.Context) ([]ObjectInfo, error)
	// Describe gives the schema of the named objects and no others; names that the system does not
	// have are left out. Objects of prev (may be nil) whose Version is still current are returned as they are.
	// The catalog carries the connection's FilterCaps, ReadPage and WriteBatch.
	Describe(ctx context.Context, names []string, prev *schema.Catalog) (*schema.Catalog, error)
	// Limits says how the connection wants to be used.
	Limits() Limits
	Close() error
}

// ObjectInfo is an object in a list.
type ObjectInfo struct {
	Name, Label string
}

// Limits is how a connection wants to be used.
type Limits struct {
	// Lookup is the most values in an In of one Read that serves as a look-up.
	Lookup int
	// WriteBatch is the most records in one Write.
	WriteBatch int
	// Parallel is the most calls at once; at least 1.
	Parallel int
}

// Reader reads records.
type Reader interface {
	// Read starts a read. Nothing need be asked of the system before the first Next.
	Read(ctx context.Context, q query.Read) (Rows, error)
}

// Rows is the answer to a Read, page by page. It serves one goroutine.
type Rows interface {
	// Next resets the batch, whose layout is the query's, and fills it with the next records.
	// io.EOF: there are no more, and the batch is empty. After another error the read is over.
	// A page may be empty without being the last. A record that cannot be decoded is reported in BadRows, not as an error.
	Next(ctx context.Context, batch *value.Batch) error
	// Cursor is where a later read goes on: all that changes after the records so far were read, and all
	// that were not given yet, will be given by a read Since it; some may be given again. "": the
	// source cannot resume, each read is whole.
	Cursor() query.Cursor
	Close() error
}

// BadRows is an interface of Rows whose source can hold records that cannot be read (a broken line in a file).
type BadRows interface {
	// Bad gives the records of the last page that could not be decoded, for the dead letters.
	Bad() []BadRow
}

// BadRow is a record that could not be decoded: where it stands ("accounts.csv:17"), its text, and why.
type BadRow struct {
	Place, Text string
	Err         error
	// ID is the record's id, where that could be decoded; "": it may be any record.
	ID string
	// Cut: the source ends with it, perhaps in the middle, or an odd quote may have made several rows one. Records that
	// should follow may be missing.
	Cut bool
	// Known is of the read's layout and holds the fields that the read's Where and Sieve.Sift go by, decoded; what else
	// stands in it says nothing. nil: these could not be decoded either.
	Known value.Record
}

// Keyed is an interface of Rows whose records have no key field: it gives an id of each record of the last page
// that is the same whenever the same record is read ("" where it cannot).
type Keyed interface {
	ID(i int) string
}

// Sieve is an interface of Rows that decode records here, field by field: of a record that is not wanted they decode no
// more than tells so. A value of it that could not be decoded is then not reported.
type Sieve interface {
	// Sift is called before the first Next: only records for which want is true are given. want reads the slots and no
	// others; it is called ahead of Next, by one goroutine. nil: all are given, and the slots are in BadRow.Known.
	Sift(slots []int, want func(value.Record) bool)
	// Sifted is how many records of the last page were not wanted.
	Sifted() int
}

// Writer creates, changes and deletes records.
type Writer interface {
	// Write sends one call, or as many as the records need, and gives the outcome of each record, in
	// order. Records are independent: one's failure leaves the others alone; a system whose calls are
	// all-or-nothing splits them here. A non-nil error means that nothing is known of any record
	// beyond the error's class.
	Write(ctx context.Context, w Write) ([]Result, error)
}

// Op is what is done to a record.
type Op uint8

const (
	Create Op = iota
	Update
	Upsert // by Write.Key
	Delete
)

func (o Op) String() string { return [...]string{"create", "update", "upsert", "delete"}[o] }

// Write is records of one object to be written in one way.
type Write struct {
	Object *schema.Object
	Op     Op
	// Key is the field that an upsert goes by; each record's Fields hold it.
	Key     string
	Records []Record
}

// Record is one record to be written: only the fields that are to change, in the target's stored form.
type Record struct {
	ID     string // for update and delete
	Fields []Field
}

// Field is a field's new value; Null clears.
type Field struct {
	Name  string
	Value value.Value
}

// Result is the outcome of one record.
type Result struct {
	ID      string // of the record written
	Created bool   // an upsert made a new one
	Err     *Error // nil: written
}

// Replacer writes an object whole: the new content appears at once when Commit succeeds, or not at all.
type Replacer interface {
	Replace(ctx context.Context, object *schema.Object, layout *value.Layout) (Replacement, error)
}

// Replacement takes the new content of an object. It serves one goroutine.
type Replacement interface {
	// Append adds the records; they are not held after the call.
	Append(ctx context.Context, batch *value.Batch) error
	Commit(ctx context.Context) error
	// Abort drops what was appended. It may follow Commit and is then without effect.
	Abort() error
}

// Grouper writes several records of several objects as one: all of them or none.
type Grouper interface {
	// Group gives the outcome of each action, in order. When one fails, the result that caused it has its own
	// error and the others an Error of class Retry whose Code is "rolled_back"; nothing was written.
	Group(ctx context.Context, actions []Action) ([]Result, error)
}

// Action is one write of a group.
type Action struct {
	Ref    string // name of this action in the group, letters, digits and _
	Object *schema.Object
	Op     Op
	Key    string // for an upsert
	ID     string // for update and delete; or IDOf
	IDOf   string // Ref of an earlier action whose record is meant
	Fields []Field
	// IDs are fields whose value is the id of an earlier action's record: field name → Ref.
	IDs map[string]string
}

// DeletedReader tells which records are gone.
type DeletedReader interface {
	// Deleted gives the ids of records deleted since the cursor and the cursor to go on from. "" as a cursor
	// starts now. complete is false when the system no longer knows all of them: compare all ids instead.
	Deleted(ctx context.Context, object *schema.Object, since query.Cursor) (ids []string, next query.Cursor, complete bool, err error)
}

// Checker validates a connection for `syncline check`.
type Checker interface {
	Check(ctx context.Context) (Report, error)
}

// Report is what a check found.
type Report struct {
	User, Account string // who we are, and where
	Version       string // of the API
	Quotas        []Quota
	Notes         []string // what a person should know: missing permissions, an API about to end
}

// Quota is one limit of the system.
type Quota struct {
	Name      string
	Max, Left int64
}
