package check

import (
	"sync/atomic"
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
)

// Trigger is a checked trigger. Parts that could not be checked are nil, and Failed is set.
type Trigger struct {
	Decl      *resolve.Trigger
	On        End
	Zone      *time.Location
	Schedules []*Schedule
	// Where is the population; When and Rearm decide on edges.
	Where, When, Rearm *expr.Checked
	// Change: when reads old. TimeDependent: when or rearm depends on the clock.
	Change, TimeDependent bool
	// Finds are in the order in which they are looked up.
	Finds []*Find
	// Actions are together, then and recovered, in this order.
	Actions []*Action
	// Parts are the runs of actions of together on one connection.
	Parts []*Part
	// Failed: an error was found in this rule; it must not be planned.
	Failed bool
	// Plan is the planner's, as that of a Sync.
	Plan atomic.Value
}

func (t *Trigger) head() *head {
	d := t.Decl
	return &head{"trigger." + d.Name, d.HeaderRange, d.Enabled, d.Manual, d.OnEvent, d.After, d.Requires, d.Schedules, d.Pauses, t.Zone}
}

// Part is a run of actions in a group that go to one connection.
type Part struct {
	Connection string
	// Atomic: the connection's system writes them all or none.
	Atomic  bool
	Actions []*Action
}

// Action is a checked action.
type Action struct {
	Decl *resolve.Action
	// Block is together, then or recovered.
	Block string
	// To is the object that is written; nothing for send and call.
	To End
	// New, Find and Of are what an update or delete acts on.
	New  bool
	Find *Find
	Of   *Action
	If   *expr.Checked
	// KeyField is the field of the key, nil without one; KeyValue its value, nil where it is generated.
	KeyField *schema.Field
	KeyValue *expr.Checked
	// Apply is the sync whose map is written, nil for none.
	Apply *Sync
	Set   []*Mapping
	Args  []*Argument
	// Root is the index of its result in frames, -1 where it has none.
	Root int
	// Part is the part of the group that it belongs to, nil outside of together.
	Part *Part
}

// Argument is a checked argument of a send, call or alert.
type Argument struct {
	Decl   *resolve.Argument
	Form   schema.ArgumentForm
	Values []ArgumentValue
}

// ArgumentValue is one value of an argument; Name is that of an entry of named values, "" for others.
type ArgumentValue struct {
	Name  string
	Value *expr.Checked
}

// Expressions are the checked expressions of an action.
func (a *Action) Expressions() (all []*expr.Checked) {
	add := func(x *expr.Checked) {
		if x != nil {
			all = append(all, x)
		}
	}
	add(a.If)
	add(a.KeyValue)
	for _, m := range a.Set {
		add(m.Value)
	}
	for _, arg := range a.Args {
		for _, v := range arg.Values {
			add(v.Value)
		}
	}
	return all
}

// Expressions are the checked expressions of a trigger.
func (t *Trigger) Expressions() (all []*expr.Checked) {
	add := func(x *expr.Checked) {
		if x != nil {
			all = append(all, x)
		}
	}
	add(t.Where)
	add(t.When)
	add(t.Rearm)
	for _, sch := range t.Schedules {
		add(sch.Where)
	}
	for _, f := range t.Finds {
		f.each(add)
	}
	for _, a := range t.Actions {
		all = append(all, a.Expressions()...)
	}
	return all
}

// Track is a checked track.
type Track struct {
	Decl      *resolve.Track
	On        End
	Zone      *time.Location
	Schedules []*Schedule
	Where     *expr.Checked
	Value     *expr.Checked
	Failed    bool
	// Plan is the planner's, as that of a Sync.
	Plan atomic.Value
}

// Alert is a checked alert.
type Alert struct {
	Decl   *resolve.Alert
	Args   []*Argument
	Failed bool
}

// Rollout is a checked pilot cohort.
type Rollout struct {
	Decl      *resolve.Rollout
	Where, By *expr.Checked
}
