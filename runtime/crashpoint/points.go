package crashpoint

// Point is one instant in the life of a process.
type Point string

// What happens to changes on their way to a target.
const (
	// Of a sync: creates are decided, and that they are about to be sent is not stored; it is stored and nothing is sent.
	ClaimBefore Point = "claim/before"
	ClaimAfter  Point = "claim/after"
	// Of a trigger: what a step sends is stored and nothing of it is sent; all of the step is answered and nothing stored.
	StepStored   Point = "step/stored"
	StepAnswered Point = "step/answered"
	// A call is about to be made; its request has left and its answer is not read; its answer is read.
	SendBefore     Point = "send/before"
	SendUnanswered Point = "send/unanswered"
	SendAnswered   Point = "send/answered"
)

// What happens to the state.
const (
	// The outcome of a batch is known and not stored; it is written and not committed; it is committed.
	CommitBefore Point = "commit/before"
	CommitWithin Point = "commit/within"
	CommitAfter  Point = "commit/after"
	// The same of an outcome with which the reader's position moves on.
	CheckpointBefore Point = "checkpoint/before"
	CheckpointAfter  Point = "checkpoint/after"
	// The same of an outcome with new firings: the edges of their records move with them.
	FiringBefore Point = "firing/before"
	FiringAfter  Point = "firing/after"
	// A run is said to be under way, and nothing of it is done; all of it is done, and its end is not stored.
	RunBegin Point = "run/begin"
	RunEnd   Point = "run/end"
	// Which ticks are done is about to be stored; it is stored.
	TickBefore Point = "tick/before"
	TickAfter  Point = "tick/after"
	// A migration is carried out and the state's version not raised; all of them are committed.
	MigrateWithin Point = "migrate/within"
	MigrateAfter  Point = "migrate/after"
	// Some of what is old is forgotten, and not committed; committed; all of it is, and its space not given back yet.
	CompactWithin Point = "compact/within"
	CompactAfter  Point = "compact/after"
	VacuumBefore  Point = "vacuum/before"
	VacuumAfter   Point = "vacuum/after"
)

// What happens while a server serves.
const (
	// New files are compiled and not in force; in force and not stored for the next start; stored.
	ReloadBefore Point = "reload/before"
	ReloadAfter  Point = "reload/after"
	ReloadStored Point = "reload/stored"
	// An event has arrived and is not stored; stored and not acknowledged; what it asked for is done and that not stored.
	EventBefore  Point = "event/before"
	EventStored  Point = "event/stored"
	EventWritten Point = "event/written"
)

// What happens to a run beyond its guard.
const (
	// All of it is staged, and that it waits is not stored.
	Staged Point = "guard/staged"
	// An approval is stored, and nothing carried out; what it lets go is on its way, and that it was approved not stored;
	// all is carried out, and the approval not settled.
	Approved Point = "guard/approved"
	LetGo    Point = "guard/let-go"
	Carried  Point = "guard/carried"
)
