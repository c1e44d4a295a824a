package plan

import (
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// Roots of a trigger's scope, in the order of expr.Frame.Records. Finds follow from RootTriggerFinds on, in the order of
// Trigger.Finds; then the results of actions, at Action.Root; the record under test in a find (`it`) comes last, at
// Trigger.RootIt. The first three are fixed, so that `when` means the same whatever else the trigger gains.
const (
	RootNew          = 0
	RootOld          = 1
	RootHistory      = 2
	RootTriggerFinds = 3
)

// Trigger is one rule of reaction: when its condition becomes true for a record, its actions are done.
type Trigger struct {
	Name, Title, Description string
	Tags                     []string
	Enabled, Manual          bool
	On                       End
	Zone                     *time.Location
	Schedules                []Schedule
	MissedTicks              MissedTicks
	// OnEvent: each event is an observation, at once; nil: it is not started by events.
	OnEvent *OnEvent
	// Pauses are windows in which the rule does not run.
	Pauses []Pause
	// After and Requires name syncs and triggers ("sync.other", "trigger.other") and connections ("connection.crm").
	After, Requires []string
	SLO             SLO

	// Source is the layout of `new` and `old` both; slot 0 is the object's key, slot 1 its modified field where it has one.
	Source *value.Layout
	// Stored are the slots of Source that state must keep of a record's last observation: what `when`, `rearm` and the
	// conditions of the population read, and what is read of `old`. With them a condition that changes with time is looked
	// at without reading the record; a firing that comes of it reads the record once for its actions.
	Stored []int
	// Where is the population, evaluated here and pushed down where it can be; nil: all records. `when` is never pushed
	// down, or the fall of a condition would not be seen.
	Where *Filter

	// When is evaluated in three values (Program.Truth) on frames of which new, old and history are set.
	When *expr.Program
	// Rearm is nil where it is not written: the trigger is armed again when `when` is false.
	Rearm               *expr.Program
	WhenText, RearmText string
	// Change: `when` reads old. It has no state then and fires at every observation where it is true; Rearm is nil.
	Change bool
	// TimeDependent: the outcome of `when` or `rearm`, or of the population, changes with the clock, so the records stored are looked at again at
	// each tick. A change condition never does.
	TimeDependent bool
	// Cooldown is the least time between two firings for a record, For how long When must have held; zero: none.
	Cooldown, For time.Duration
	// FireBaseline: records that satisfy `when` at the first scan fire; otherwise they count as fired already.
	FireBaseline bool
	// HoldFirstSeen: records that appear, or enter the population, after the first scan count as fired already when they
	// satisfy `when`; otherwise they fire.
	HoldFirstSeen bool

	// History is what of tracks is read: slot i of the record at RootHistory holds History[i]. HistoryLayout has the names.
	History       []HistoryRead
	HistoryLayout *value.Layout

	// Finds are looked up for a firing, in this order. Missing is MissingError (the firing goes to the dead letters) or
	// MissingEmpty.
	Finds []*Find

	// Together is the group, in the stated order; Then follows when the whole group is written; Recovered is done when
	// the record is armed again. All may be empty, not all at once.
	Together, Then, Recovered []*Action
	// Group says how Together is written: one part for each run of actions on one connection, in the stated order.
	Group []Part
	// FiringFinds are those of Finds that a firing looks up: all but those that only Recovered reads. RecoveredFinds are those
	// that Recovered reads, with those they read in turn. They are looked up again then.
	FiringFinds, RecoveredFinds []*Find

	Guard Guard

	// Fingerprint changes with anything of the rule. Meaning covers `when`, `rearm`, `for` and what they read: another
	// one is a new baseline that holds. Population covers `where`: another one is a new baseline that holds for the records that
	// enter by it. State of edges survives any edit that changes neither.
	Fingerprint, Meaning, Population string
	Range                            span.Range
}

// ID is the rule's name as users write it: "trigger.health_drop".
func (t *Trigger) ID() string { return "trigger." + t.Name }

// Actions are all actions: together, then and recovered, in this order.
func (t *Trigger) Actions() []*Action {
	out := make([]*Action, 0, len(t.Together)+len(t.Then)+len(t.Recovered))
	return append(append(append(out, t.Together...), t.Then...), t.Recovered...)
}

// RootIt is the index of `it` in the frames of this trigger, and one less than the number of records in them.
func (t *Trigger) RootIt() int {
	n := RootTriggerFinds + len(t.Finds)
	for _, a := range t.Actions() {
		n = max(n, a.Root+1)
	}
	return n
}

// Part is a run of actions in a group that go to one connection.
type Part struct {
	Connection string
	// Atomic: all of the actions are written, or none, in one request or transaction.
	Atomic  bool
	Actions []*Action
}

// HistoryRead is one aggregate over the samples of a record.
type HistoryRead struct {
	Track     *Track
	Aggregate Aggregate
	// Days is the window: the local days before today; 0: all that is kept.
	Days int
}

// Aggregate is what is computed of samples. Of fewer than Track.MinSamples all but a count are empty.
type Aggregate uint8

const (
	AggregateAvg Aggregate = iota
	AggregateMin
	AggregateMax
	AggregateSum
	AggregateCount
	AggregateLast // the latest sample; one suffices
)

func (a Aggregate) String() string {
	return [...]string{"avg", "min", "max", "sum", "count", "last"}[a]
}

// SLO is what a rule promises; zero: nothing.
type SLO struct {
	// Latency is the most time from a change in the source to its write.
	Latency time.Duration
}

// Action is one thing that a trigger does.
type Action struct {
	// Label is the name in the file; with for_each it has the entry's key: review["emea"]. ID is unique in the trigger:
	// "together.create.review".
	Label, ID string
	Kind      ActionKind
	// End is the object that is written; empty for send and call.
	End
	// Ref is the record that update and delete act on.
	Ref Ref
	// If decides whether it is done; nil: always. Unknown is no.
	If     *expr.Program
	IfText string
	// Key makes a create safe to repeat, and is what an upsert looks for; nil for other kinds and for creates without one.
	Key *ActionKey
	// Apply is a sync whose map is written, besides Set; nil: none.
	Apply *Apply
	Set   []*Mapping
	// Via is the connection that sends or calls.
	Via string
	// Args are the arguments of a send or call, as schema.Sending of the connection's system says.
	Args []Argument

	// Root is the index of the action's result in frames, -1 where it has none (update, delete). The result of an action that was
	// skipped is absent. With for_each there are several results and none has a name: Root is -1 as well.
	Root int
	// Result is the layout of the result: slot 0 is the id of the record or message, the others are the fields that were sent
	// and that are read, or of a send or call the receipt's fields that are read.
	Result *value.Layout
	// IDs are the entries of Set that are the id of a record created earlier in the same atomic part: the id is not known
	// when the part is built, and goes as a reference. Their programs give empty before the result is known.
	IDs []ResultID
	// Reads are all the fields that the action's expressions read.
	Reads []expr.Read
	Range span.Range
}

// ActionKind is what an action does.
type ActionKind uint8

const (
	ActionUpdate ActionKind = iota
	ActionCreate
	ActionUpsert
	ActionDelete
	ActionSend
	ActionCall
)

func (k ActionKind) String() string {
	return [...]string{"update", "create", "upsert", "delete", "send", "call"}[k]
}

// Ref is the record that an action acts on: exactly one of its fields is set. Nothing is done where it is absent.
type Ref struct {
	New    bool
	Find   *Find   // with Find.All: each of the records found
	Action *Action // an earlier create or upsert
}

// ActionKey is the key of a create or upsert.
type ActionKey struct {
	Field *schema.Field
	// Value gives it; nil: it is generated from rule, action, record and the instant of firing.
	Value *expr.Program
	Text  string
}

// ResultID says that Action.Set[Set] is the id of another action's record.
type ResultID struct {
	Set    int
	Action *Action
}

// Argument is one argument of a send or call.
type Argument struct {
	Name string
	Form schema.ArgumentForm
	// Values are one for OneValue; one, which may be a list, or several for SomeValues; those of the entries for NamedValues.
	Values []ArgumentValue
	Range  span.Range
}

// ArgumentValue is one value of an argument. A plain text is a program that gives a constant.
type ArgumentValue struct {
	// Name is that of an entry of NamedValues, those of nested objects joined by dots; else "".
	Name  string
	Value *expr.Program
	Text  string
}

// Apply does a sync's map in a trigger's group. The sync reads the trigger's object and writes the object of the action, and
// its own finds are looked up as in its runs. A record outside the sync's `where` is left alone.
type Apply struct {
	Sync *Sync
	// Source gives, for each slot of Sync.Source, the slot of Trigger.Source that holds the same field; Target, for each
	// slot of Sync.Target, that of the layout of the record which the action refers to.
	Source, Target []int
}

// Track keeps one sample of a value for each record and local day.
type Track struct {
	Name, Title, Description string
	Enabled                  bool
	On                       End
	Zone                     *time.Location
	// Schedules say when samples are taken, of all records; never empty. Of several samples on a day the last is kept.
	Schedules []Schedule
	// Source is the layout of records, slot 0 is the key. Frames hold one record, at RootSource.
	Source *value.Layout
	Where  *Filter
	Value  *expr.Program
	Text   string
	// Keep is how long samples are kept. MinSamples is how many a window must hold.
	Keep       time.Duration
	MinSamples int
	// Fingerprint changes with anything; Meaning with the value: samples of another meaning are dropped.
	Fingerprint, Meaning string
	Range                span.Range
}

// ID is the name as users write it: "track.dau".
func (t *Track) ID() string { return "track." + t.Name }

// Alert says who hears about what goes wrong with rules.
type Alert struct {
	Name  string
	On    []AlertEvent
	Rules []string // "sync.x", "trigger.y"; nil: all rules
	Via   string
	// Args are those of a send, such as channel or to. They read no record; the text is the runtime's.
	Args []Argument
	// Stale is how long a rule may be without a successful run; zero: three times the longest gap of its schedules.
	Stale time.Duration
	// Repeat is how long to wait before what is not over is told again; zero: it is told once.
	Repeat      time.Duration
	Fingerprint string
	Range       span.Range
}

// ID is the name as users write it: "alert.ops".
func (a *Alert) ID() string { return "alert." + a.Name }

// AlertEvent is a kind of trouble.
type AlertEvent uint8

const (
	AlertFailed  AlertEvent = iota // a run failed
	AlertDead                      // records lie in the dead letters
	AlertStale                     // a rule has not succeeded for too long
	AlertSLO                       // the promised latency was missed
	AlertWaiting                   // a run waits for an approval
	AlertReload                    // changed files do not compile
)

func (e AlertEvent) String() string {
	return [...]string{"failed", "dead", "stale", "slo", "waiting", "reload"}[e]
}

// Rollout is a sync's pilot cohort. What is set must all hold; a record that leaves it is left alone.
type Rollout struct {
	Where *Filter
	// Percent of the records are members: those whose By hashes below it. Nil: no such limit.
	Percent *float64
	// Limit is how many are admitted, in hash order, and stay so; nil: no such limit.
	Limit *int
	// By is what is hashed; nil: the source record's id.
	By     *expr.Program
	ByText string
}

// Trigger finds a trigger by name without the "trigger." in front, nil when there is none.
func (s *Set) Trigger(name string) *Trigger {
	for _, x := range s.Triggers {
		if x.Name == name {
			return x
		}
	}
	return nil
}
