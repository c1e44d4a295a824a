// Package state is what the runtime remembers: links, shadows, checkpoints, claims, runs, the
// ledger and the dead letters. Store is the seam; sqlite is the store of one machine.
//
// The rule that everything rests on: what came out of a batch moves in one transaction (Commit),
// and a checkpoint never passes a record whose outcome is not stored.
package state

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Store is one project's memory. All methods are safe for several goroutines.
type Store interface {
	RunStore
	RecordStore
	DigestStore
	ClaimStore
	StageStore
	LedgerStore
	DeadStore
	ApprovalStore
	Compacter
	TickStore
	HoldStore
	EventStore
	SnapshotStore
	EdgeStore
	FiringStore
	TrackStore
	PastStore
	// Commit stores what came out of one batch, all of it or nothing.
	Commit(ctx context.Context, o Outcome) error
	Close() error
}

// ErrHeld: another process holds the state. It comes as a [HeldError].
var ErrHeld = errors.New("the state is in use")

// HeldError is an ErrHeld that names the holder.
type HeldError struct {
	By string // "syncline serve (process 12 on host) since 2026-01-02T03:04:05Z", or "another process"
}

// Error says who holds the state, and what to do.
func (e *HeldError) Error() string {
	return fmt.Sprintf("%v by %s; wait for it, stop it, or give this one another --state", ErrHeld, e.By)
}

// Unwrap gives ErrHeld.
func (e *HeldError) Unwrap() error { return ErrHeld }

// ErrNewer: the state was written by a newer version of Syncline.
var ErrNewer = errors.New("the state is from a newer version")

// ErrEmpty: the file of the state is there and holds nothing, not even that it is one.
var ErrEmpty = errors.New("the state is empty")

// RunStore keeps what ran, and where it stands.
type RunStore interface {
	// SaveRun stores a run when it begins and again when it ends. What a run has staged goes with its end, unless it
	// still holds it back.
	SaveRun(ctx context.Context, r Run) error
	// Runs gives the newest runs first.
	Runs(ctx context.Context, f RunFilter) ([]Run, error)
	// Checkpoint gives where a schedule of a rule stands; the zero Checkpoint when it never ran.
	Checkpoint(ctx context.Context, rule, schedule string) (Checkpoint, error)
}

// RecordStore keeps what is known of each source record of each rule.
type RecordStore interface {
	// Records gives the records of the source ids, aligned to them; Source is "" where nothing is known.
	Records(ctx context.Context, rule string, sources []string) ([]Record, error)
	// Holders gives which source holds each target in a rule's links, aligned to targets; "" where none does.
	Holders(ctx context.Context, rule string, targets []string) ([]string, error)
	// Scan gives a rule's records in an order that stays as it is, about that in which they were first stored, at most
	// limit, after the place of an earlier answer, or from the first for 0. last is the place of the last one given.
	Scan(ctx context.Context, rule string, after int64, limit int) (records []Record, last int64, err error)
	// Linked counts a rule's records that have a target.
	Linked(ctx context.Context, rule string) (int, error)
}

// ClaimStore makes creates safe to repeat, and writes of all kinds accountable when their answers are never seen.
type ClaimStore interface {
	// Claim stores that changes of a rule are about to be sent: the creates among them, and all of them as pieces, which
	// are staged under the rule's name and given their Seq. It is durable when Claim returns.
	Claim(ctx context.Context, rule string, claims []Claim, pieces []Staged) error
	// Claims gives a rule's claims whose outcome is not stored: the creates in doubt after a crash.
	Claims(ctx context.Context, rule string) ([]Claim, error)
}

// StageStore holds the changes of a guarded run between evaluation and delivery, and across a wait for approval; and under
// the name of a rule those that are being sent, until their outcome is stored.
type StageStore interface {
	// Stage keeps changes in order, and gives each its Seq.
	Stage(ctx context.Context, run string, changes []Staged) error
	// Staged gives what is staged under the name of a run or rule, in order, after seq, at most limit, and fewer where it
	// is large.
	Staged(ctx context.Context, name string, after int64, limit int) ([]Staged, error)
	// StagedNames gives the runs and rules that something is staged for, in no order.
	StagedNames(ctx context.Context) ([]string, error)
}

// Compacter forgets what is old.
type Compacter interface {
	// Compact forgets what was written before an instant, bit by bit, so that others go on writing meanwhile. Of the
	// ledger it keeps, for each field of each record, the newest entry of each rule, however old, so that `why` can always
	// tell where a value is from. Of the runs it keeps those with entries, those under way or holding changes, and each
	// rule's last and last successful one; of the dead letters those that are not settled.
	Compact(ctx context.Context, before time.Time) (Compacted, error)
}

// Compacted counts what was forgotten.
type Compacted struct {
	Ledger int64 `json:"ledger"`
	Runs   int64 `json:"runs"`
	Dead   int64 `json:"dead"`
}

// ApprovalStore keeps what a person decided about runs that wait for their guard, until it is carried out. It may be
// written beside the holder, who then carries it out.
type ApprovalStore interface {
	// Approve stores the approval of a run. One that is stored already stays as it is.
	Approve(ctx context.Context, a Approval) error
	// Approvals gives the approvals of a rule that are not carried out yet, oldest first; "" gives those of all rules.
	Approvals(ctx context.Context, rule string) ([]Approval, error)
	// Unapprove forgets the approval of a run.
	Unapprove(ctx context.Context, run string) error
}

// LedgerStore answers what was written, when, and why.
type LedgerStore interface {
	// Ledger gives the newest entries first.
	Ledger(ctx context.Context, f LedgerFilter) ([]Entry, error)
}

// DeadStore keeps records that failed for good until a person decides.
type DeadStore interface {
	// DeadLetters gives the newest first.
	DeadLetters(ctx context.Context, f DeadFilter) ([]DeadLetter, error)
	// SetDead moves dead letters to another status.
	SetDead(ctx context.Context, ids []int64, status DeadStatus) error
	// DeadCounts counts the open dead letters by rule; a rule without any is left out.
	DeadCounts(ctx context.Context) (map[string]int, error)
}

// TickStore keeps which ticks of the schedules are done, so that a restart neither loses nor repeats one.
type TickStore interface {
	// Ticks gives where all schedules of all rules stand.
	Ticks(ctx context.Context) ([]Tick, error)
	// SaveTicks stores where schedules stand, all of them or none.
	SaveTicks(ctx context.Context, ticks []Tick) error
}

// HoldStore keeps which rules a person paused.
type HoldStore interface {
	Holds(ctx context.Context) ([]Hold, error)
	// SetHold pauses a rule. One that is paused keeps its first hold.
	SetHold(ctx context.Context, h Hold) error
	// Release ends the hold of a rule; without one it does nothing.
	Release(ctx context.Context, rule string) error
}

// SnapshotStore keeps documents that the runtime needs to start again, such as the last set of files that compiled.
type SnapshotStore interface {
	// Snapshot gives a document, nil when there is none.
	Snapshot(ctx context.Context, name string) ([]byte, error)
	SaveSnapshot(ctx context.Context, name string, data []byte) error
}

// Outcome is all that came out of one batch of one rule.
type Outcome struct {
	Rule       string
	Records    []Record // stored as they are, links and shadows
	Forget     []string // source ids whose records are removed
	Claims     []string // claims that are settled, by key
	Ledger     []Entry
	Dead       []DeadLetter
	Revived    []string // source ids whose open dead letters of this rule, but for those of firings, are settled by this batch
	Concluded  []string // firings, by ID, whose open dead letters are settled by this batch
	Checkpoint *Checkpoint
	Run        *Run     // counts so far
	Unstage    []int64  // staged changes that are done, by Seq
	Restage    []Staged // data that takes the place of what is staged with the same Seq

	// Of a trigger: edges as they are now, where its observation stands, and firings, new or further on. Of a track: samples.
	Edges   []Edge
	Watch   *Watch
	Firings []Firing
	Series  []Series
	// Past is how records of a trigger were before this batch changed them; Recording, where it begins or changes, what of
	// them is recorded.
	Past      []Past
	Recording *Recording
}

// Record is what a rule remembers of one source record.
type Record struct {
	Source string // id in the source
	Target string // id in the target, "" when it has none
	// Keys are the encoded key values that made the link.
	Keys []byte
	// Hash is a fingerprint of the source fields that the rule reads, for sources without a modified stamp.
	Hash uint64
	// Shadow is the mapped values last agreed, encoded by slot of the map; nil: none.
	Shadow []byte
	// Fields are the source values that a time-dependent expression reads, encoded; nil: none kept.
	Fields []byte
	// Seen numbers the full pass that saw the record last, to find those that are gone.
	Seen int64
	// Place says where the store keeps the record, so that a Commit finds it at once; 0: not known. It is never wrong to
	// leave it out, or to give that of an earlier state of the same record.
	Place int64
}

// Checkpoint is where a schedule of a rule stands.
type Checkpoint struct {
	Rule, Schedule string
	// Cursor is the reader's resume position.
	Cursor string
	// Deleted is the resume position of the reader of deletions.
	Deleted string
	// Meaning is the plan's meaning when the cursor was made; another one asks for a full pass.
	Meaning string
	// Pass numbers full passes; FullFrom is the cursor at which an unfinished full pass goes on, FullDone whether
	// the baseline is complete.
	Pass     int64
	FullDone bool
	At       time.Time
}

// Claim is a create about to be sent.
type Claim struct {
	Rule   string
	Key    string // stable across retries: made of rule and source id (or firing)
	Source string
	// Lookup is how to find the record if the answer is lost: field and encoded value pairs.
	Object string
	Lookup []byte
	Run    string
	At     time.Time
}

// Tick is where a schedule of a rule stands. Schedule is its name ("" for the unnamed one), or a name that the
// scheduler made up for what else starts a rule.
type Tick struct {
	Rule, Schedule string
	// Done is the last instant whose run has ended.
	Done time.Time
}

// Hold is a rule that a person paused; Rule "" stands for all rules.
type Hold struct {
	Rule string    `json:"rule"`
	At   time.Time `json:"at"`
	By   string    `json:"by,omitempty"`
}

// Approval lets the staged changes of a waiting run go.
type Approval struct {
	Run  string    `json:"-"`
	Rule string    `json:"-"`
	At   time.Time `json:"at"`
	By   string    `json:"by,omitempty"`
}

// Staged is what waits for delivery, encoded by the engine: a piece of changes, or one change of a source.
type Staged struct {
	Seq    int64 // given by the store
	Source string
	Data   []byte
}

// RunStatus is how a run ended.
type RunStatus string

const (
	Running   RunStatus = "running"
	Succeeded RunStatus = "succeeded"
	Partial   RunStatus = "partial" // some records were dead-lettered
	Failed    RunStatus = "failed"
	Waiting   RunStatus = "waiting" // for a limit, a guard or a requirement; Why says which
	Stopped   RunStatus = "stopped" // interrupted; the next run goes on from the checkpoint
)

// Wait is what a waiting run waits for.
type Wait string

const (
	WaitSystem      Wait = "system"      // a limit, or a system that does not answer: trying again later helps
	WaitRequirement Wait = "requirement" // something that the rule requires
	WaitGuard       Wait = "guard"       // a person: the run is beyond its guard
)

// Run is one execution of one rule. The JSON form is the contract's.
type Run struct {
	ID         string         `json:"id"`
	Rule       string         `json:"rule"`
	Schedule   string         `json:"schedule,omitempty"`
	Status     RunStatus      `json:"status"`
	Why        string         `json:"why,omitempty"`
	WaitsFor   Wait           `json:"waits_for,omitempty"`
	Revision   string         `json:"revision,omitempty"`
	Full       bool           `json:"full,omitempty"`
	Started    time.Time      `json:"started"`
	Read       int            `json:"read"`
	Filtered   int            `json:"filtered"`
	Matched    int            `json:"matched"`
	Created    int            `json:"created"`
	Updated    int            `json:"updated"`
	Deleted    int            `json:"deleted"`
	Unchanged  int            `json:"unchanged"`
	Unmatched  int            `json:"unmatched"`
	Ambiguous  int            `json:"ambiguous"`
	Dead       int            `json:"dead"`
	Fired      int            `json:"fired"`
	Sent       int            `json:"sent,omitempty"`    // messages and calls
	Dropped    int            `json:"dropped,omitempty"` // changes inside a trigger's cooldown
	Calls      map[string]int `json:"calls"`
	DurationMS int64          `json:"duration_ms"`
	// Outbox is what a run that waits for its guard holds back.
	Outbox *Outbox `json:"outbox,omitempty"`
	// Approved says who let the changes of a run go that had waited for its guard.
	Approved *Approval `json:"approved,omitempty"`
	// Reverts is the run that this one took back.
	Reverts string `json:"reverts,omitempty"`
}

// Holds tells whether the run holds changes back that a person may let go, or has let go and that are under way.
func (r Run) Holds() bool { return r.Outbox != nil && r.Outbox.Replaced == "" }

// Approving tells whether the run holds changes that a person let go and that are not all written: under way, or cut off and
// to go on.
func (r Run) Approving() bool { return r.Approved != nil && r.Holds() }

// Idle tells whether a run ended well and found nothing to write or send.
func (r Run) Idle() bool {
	return r.Status == Succeeded && r.Created+r.Updated+r.Deleted+r.Fired+r.Sent+r.Dropped+r.Dead == 0
}

// Outbox describes the staged changes of a waiting run.
type Outbox struct {
	Changes int `json:"changes"`
	// Digest is of what the changes write: two runs with the same one wait with the same changes.
	Digest string `json:"digest"`
	// Meaning is the rule's when the changes were made.
	Meaning string `json:"meaning"`
	// Replaced is the later run whose changes took the place of these.
	Replaced string `json:"replaced_by,omitempty"`
}

// RunFilter restricts a list of runs. Zero values do not restrict.
type RunFilter struct {
	ID, Rule string
	Status   RunStatus
	Since    time.Time
	Limit    int
}

// Entry is one write in the ledger.
type Entry struct {
	ID         int64         `json:"id"`
	Run        string        `json:"run"`
	Rule       string        `json:"rule"`
	Revision   string        `json:"revision"`
	At         time.Time     `json:"at"`
	Action     string        `json:"action"` // create, update, delete, revert, relink, unlink
	Connection string        `json:"connection"`
	Object     string        `json:"object"`
	Target     string        `json:"target"`
	Source     SourceRef     `json:"source"`
	Fields     []FieldChange `json:"fields,omitempty"`
	// Blind: the record was there, and was written without being read: what the fields held before is not known.
	Blind bool `json:"blind,omitempty"`
	// InDoubt: it was about to be sent when the process died, or was not answered, and the target does not tell any more
	// whether it was written.
	InDoubt bool `json:"in_doubt,omitempty"`
}

// SourceRef is the source record that a write came from.
type SourceRef struct {
	Connection string `json:"connection"`
	Object     string `json:"object"`
	ID         string `json:"id"`
	// Version is the source record's modified stamp when it was read, "" where it has none.
	Version string `json:"version,omitempty"`
}

// FieldChange is one field of a write. Values are in JSON form: text, number, bool, null, list.
type FieldChange struct {
	Name   string `json:"name"`
	Before any    `json:"before"`
	After  any    `json:"after"`
	// Expression is the mapping as written, Inputs the values of the fields that it read.
	Expression string         `json:"expression,omitempty"`
	Inputs     map[string]any `json:"inputs,omitempty"`
}

// LedgerFilter restricts a list of entries. Zero values do not restrict. Record matches target or source id.
type LedgerFilter struct {
	Record, Field, Rule, Run string
	// Since restricts to entries from an instant on, Before to those with a lower ID: for reading many page by page.
	Since  time.Time
	Before int64
	Limit  int
}

// DeadStatus is where a dead letter stands.
type DeadStatus string

const (
	DeadOpen    DeadStatus = "open"
	DeadRetry   DeadStatus = "retry"   // a person asked for another try: the next run takes the record up
	DeadDropped DeadStatus = "dropped" // a person gave it up
	DeadSettled DeadStatus = "settled" // a later run wrote the record
)

// DeadLetter is a record that failed for good.
type DeadLetter struct {
	ID         int64      `json:"id"`
	Rule       string     `json:"rule"`
	Run        string     `json:"run"`
	Revision   string     `json:"revision"`
	At         time.Time  `json:"at"`
	Source     SourceRef  `json:"source"`
	Connection string     `json:"connection"` // of the target
	Object     string     `json:"object"`
	Target     string     `json:"target,omitempty"`
	Step       string     `json:"step"`  // read, filter, match, find, evaluate, deliver
	Class      string     `json:"class"` // the error's class
	Code       string     `json:"code,omitempty"`
	Message    string     `json:"message"`
	Hint       string     `json:"hint,omitempty"`
	Fields     []string   `json:"fields,omitempty"`
	Request    string     `json:"request,omitempty"`
	Answer     string     `json:"answer,omitempty"`
	Attempts   int        `json:"attempts"`
	Status     DeadStatus `json:"status"`
	// Firing is the ID of the firing that is stuck; "" where the letter is about the record itself. A record has one open letter of
	// a rule for itself, and one for each of its firings.
	Firing string `json:"firing,omitempty"`
	// Of a firing of several actions: Written is what went through before it got stuck, with the ids, and Left what is not
	// done, in order and for people to read.
	Written []string `json:"written,omitempty"`
	Left    []string `json:"left,omitempty"`
}

// DeadFilter restricts a list of dead letters. Zero values do not restrict.
type DeadFilter struct {
	IDs    []int64
	Rule   string
	Source string
	Status DeadStatus
	Limit  int
}
