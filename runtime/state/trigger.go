package state

import (
	"context"
	"time"
)

// EdgeStore keeps what triggers remember of the records that they watch.
type EdgeStore interface {
	// Edges gives the edges of the records, aligned to them; Source is "" where nothing is known.
	Edges(ctx context.Context, rule string, sources []string) ([]Edge, error)
	// ScanEdges gives edges of a rule in order of source id.
	ScanEdges(ctx context.Context, rule string, f EdgeFilter) ([]Edge, error)
	// Watch gives where the observation of a rule stands; the zero Watch when it never ran.
	Watch(ctx context.Context, rule, schedule string) (Watch, error)
}

// FiringStore is the outbox of triggers: what fired, and how far its actions are.
type FiringStore interface {
	// Firings gives firings in the order in which they fired.
	Firings(ctx context.Context, f FiringFilter) ([]Firing, error)
	// Unfinished counts by rule the firings that are neither done nor dropped; a rule without any is left out.
	Unfinished(ctx context.Context) (map[string]int, error)
	// MoveFirings gives all of a rule's firings of one status another one, and says how many they were.
	MoveFirings(ctx context.Context, rule string, from, to FiringStatus) (int, error)
	// PruneFirings forgets firings that ended before an instant, except the last one of a record that is still fired.
	PruneFirings(ctx context.Context, rule string, before time.Time) error
}

// TrackStore keeps the samples of tracks, encoded by the engine: one document for each record.
type TrackStore interface {
	// Series gives the samples of the records, aligned to them; nil where there are none.
	Series(ctx context.Context, track string, sources []string) ([][]byte, error)
	// PruneSeries forgets the records whose last sample is of a day before the one given.
	PruneSeries(ctx context.Context, track string, before int64) error
}

// EdgeState is where a record stands with a trigger.
type EdgeState uint8

const (
	// EdgeNew: the record was read, but never in the trigger's population.
	EdgeNew EdgeState = iota
	EdgeArmed
	EdgeFired
)

func (s EdgeState) String() string { return [...]string{"new", "armed", "fired"}[s] }

// Edge is what a trigger remembers of one record.
type Edge struct {
	Source string
	State  EdgeState
	// Outside: the record was outside the population when it was last observed. Gone: it was not there.
	Outside, Gone bool
	// Meaning is a hash of the trigger's meaning that the state stands for.
	Meaning int64
	// FiredAt is the last instant fired; zero: never.
	FiredAt time.Time
	// Since is when the condition became true; zero: it does not hold.
	Since time.Time
	// Look is when the record is to be looked at again though nothing of it changed; zero: never.
	Look time.Time
	// Hash is a fingerprint of the record as last observed; 0: not kept.
	Hash uint64
	// Fields are the fields last seen, encoded by the engine.
	Fields []byte
}

// EdgeFilter restricts a scan of edges. Zero values do not restrict.
type EdgeFilter struct {
	After string    // source id
	Due   time.Time // only those whose Look is not after it,
	// Beyond, with Due, adds those whose Look is after it: a clock that was wrong has put them off.
	Beyond time.Time
	Limit  int
}

// Watch is where the observation of a rule stands: for each schedule that covers a part of the records by itself.
type Watch struct {
	Rule, Schedule string
	// Cursor is the reader's resume position.
	Cursor string
	// Meaning and Population are the plan's when the scan under way, or the last one, began. Another one is a new baseline.
	Meaning, Population string
	// Complete: the scan under way has come to its end; until then records never seen count as there already.
	Complete bool
	// Begun: a scan came to its end once, so that what begins later is the consequence of an edit.
	Begun bool
	At    time.Time
}

// FiringStatus is where a firing stands.
type FiringStatus string

const (
	FiringPending FiringStatus = "pending" // in the outbox
	FiringHeld    FiringStatus = "held"    // waits for the guard, or for an approval
	FiringDone    FiringStatus = "done"
	FiringStuck   FiringStatus = "stuck" // in the dead letters: a person decides
	FiringDropped FiringStatus = "dropped"
)

// FiringKind tells a firing from a recovery.
type FiringKind string

const (
	FiringFired     FiringKind = "fired"
	FiringRecovered FiringKind = "recovered"
)

// Firing is one firing of a trigger for one record, or its recovery.
type Firing struct {
	Seq int64 `json:"seq"` // given by the store, in order
	// ID is made of rule, record and instant: the same firing is stored once.
	ID     string       `json:"id"`
	Rule   string       `json:"rule"`
	Source string       `json:"source"`
	Run    string       `json:"run"` // that observed it
	Kind   FiringKind   `json:"kind"`
	Status FiringStatus `json:"status"`
	At     time.Time    `json:"at"` // the instant
	// Of is the ID of the firing that a recovery follows; "" when there is none.
	Of string `json:"of,omitempty"`
	// Why says what a firing that is stuck or waits is held up by.
	Why string `json:"why,omitempty"`
	// Data is what was seen, Progress what was done, both encoded by the engine.
	Data     []byte `json:"-"`
	Progress []byte `json:"-"`
}

// FiringFilter restricts a list of firings. Zero values do not restrict.
type FiringFilter struct {
	IDs    []string
	Rule   string
	Source string
	Status FiringStatus
	Kind   FiringKind
	After  int64 // Seq
	Limit  int
	Newest bool // newest first
}

// Series is the samples of one record, encoded, with the day of the last one.
type Series struct {
	Source string
	Last   int64
	Data   []byte
}
