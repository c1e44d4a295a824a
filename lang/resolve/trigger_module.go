package resolve

import (
	"time"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// Trigger is a trigger block.
type Trigger struct {
	// Name is unique in the project; Base is the name in the file, which differs from it under for_each.
	Name, Base, Title, Description string
	Each                           *Each
	Tags                           []string
	Enabled, Manual                bool
	On                             Object
	Timezone                       string
	TimezoneRange                  span.Range
	Schedules                      []*Schedule
	OnEvent                        bool
	EventWait                      time.Duration
	EventMax                       int
	After, Requires                []Reference
	Where, When, Rearm             syntax.Value // expressions, nil when not written
	Cooldown, For                  time.Duration
	Baseline, FirstSeen            string // as written
	BaselineRange, FirstSeenRange  span.Range
	MissedTicks                    string
	Finds                          []*Find
	Together, Then, Recovered      *Actions
	Guard                          *Guard
	SLO                            *SLO
	Pauses                         []Pause
	NameRange, Range, HeaderRange  span.Range
}

// Actions are those of together, then and recovered, in this order; blocks that are not written have none.
func (t *Trigger) Actions() (out []*Action) {
	for _, b := range []*Actions{t.Together, t.Then, t.Recovered} {
		if b != nil {
			out = append(out, b.List...)
		}
	}
	return out
}

// Actions is a together, then or recovered block.
type Actions struct {
	Block string
	List  []*Action
	Range span.Range
}

// Action is one action of a trigger.
type Action struct {
	Kind string // update, create, upsert, delete, send, call
	// Label is what the action is called, or for update and delete what it acts on. Name is the label, with the entry's
	// key under for_each.
	Label, Name string
	LabelRange  span.Range
	Each        *Each
	// Refers is what an update or delete acts on; nil for others, and where the label means nothing.
	Refers *Referent
	In     Object // create, upsert
	Key    *KeyField
	If     syntax.Value
	Apply  *Reference
	Set    []*Mapping
	// SetRange is the set block, nowhere when it is not written.
	SetRange span.Range
	Via      *Connection // send, call; nil when unknown
	ViaRange span.Range
	Args     []Argument // send, call
	Range    span.Range
	Header   span.Range
}

// Declares tells whether the action's label is the name of its result.
func (a *Action) Declares() bool { return a.Kind != "update" && a.Kind != "delete" }

// Referent is what an update or delete acts on: exactly one is set.
type Referent struct {
	New    bool
	Find   *Find
	Action *Action
}

// KeyField is the key of a create or upsert. Value is nil where the value is generated.
type KeyField struct {
	Field      string
	FieldRange span.Range
	Value      syntax.Value
	Range      span.Range
}

// Argument is one argument of a send, call or alert. Its value is an expression, or a list or object of them.
type Argument struct {
	Name      string
	NameRange span.Range
	Value     syntax.Value
	Range     span.Range
}

// Each is one entry of for_each. Value is a text or constant.
type Each struct {
	Key   string
	Value syntax.Value
	Range span.Range
}

// SLO is an slo block.
type SLO struct {
	Latency time.Duration
	Range   span.Range
}

// Rollout is a rollout block.
type Rollout struct {
	Where, By    syntax.Value
	Percent      *float64
	PercentRange span.Range
	Limit        *int
	Range        span.Range
}

// Track is a track block.
type Track struct {
	Name, Title, Description string
	Enabled                  bool
	On                       Object
	Value, Where             syntax.Value
	Keep                     time.Duration
	MinSamples               *int
	Timezone                 string
	TimezoneRange            span.Range
	Schedules                []*Schedule
	NameRange, Range         span.Range
	Used                     bool
}

// Alert is an alert block.
type Alert struct {
	Name             string
	Events           []Name
	Rules            []Reference // nil: all
	Via              *Connection
	ViaRange         span.Range
	Args             []Argument
	Stale, Repeat    time.Duration
	NameRange, Range span.Range
}

// Trigger finds a trigger by name, nil when there is none.
func (m *Module) Trigger(name string) *Trigger {
	return find(m.Triggers, name, func(t *Trigger) string { return t.Name })
}

// Track finds a track by name, nil when there is none.
func (m *Module) Track(name string) *Track {
	return find(m.Tracks, name, func(t *Track) string { return t.Name })
}
