package check

import (
	"sync/atomic"
	"time"

	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
)

// Inputs is what a module is checked against.
type Inputs struct {
	// Catalogs are the schemas by name of connection.
	Catalogs map[string]*schema.Catalog
	// Systems are the known types of connection by name; nil: settings are not checked.
	Systems map[string]schema.System
	// Vars are the values given for variables, as texts.
	Vars map[string]string
	// Memo remembers rules for the next time, as long as modules are checked as they were loaded; nil: all are checked anew.
	Memo *Memo
}

// Program is a checked project.
type Program struct {
	Module *resolve.Module
	Inputs Inputs
	Tables []*expr.Table
	Vars   []expr.Var
	// Syncs are in source order, those with errors too.
	Syncs []*Sync
	// Triggers, Tracks and Alerts likewise.
	Triggers []*Trigger
	Tracks   []*Track
	Alerts   []*Alert
	// refused are syncs in which nothing is wrong but that they are at odds with another rule.
	refused map[*Sync]bool
}

// sync finds a sync by name, nil when there is none.
func (p *Program) sync(name string) *Sync {
	for _, s := range p.Syncs {
		if s.Decl.Name == name {
			return s
		}
	}
	return nil
}

// Refuses tells whether an error was found in a sync, or between it and another rule: it must not be planned.
func (p *Program) Refuses(s *Sync) bool { return s.Failed || p.refused[s] }

// refuse notes that a sync is at odds with another rule.
func (p *Program) refuse(s *Sync) {
	if p.refused == nil {
		p.refused = map[*Sync]bool{}
	}
	p.refused[s] = true
}

// Sync is a checked rule. Parts that could not be checked are nil, and Failed is set.
type Sync struct {
	Decl      *resolve.Sync
	From, To  End
	Zone      *time.Location
	Schedules []*Schedule
	Where     *expr.Checked
	// Finds are in the order in which they are looked up.
	Finds []*Find
	// Match is nil where the target is written whole.
	Match *Lookup
	Map   []*Mapping
	// OnLeave and OnDelete are the fields that a departure sets.
	OnLeave, OnDelete []*Mapping
	// Rollout is the pilot cohort, nil when not written.
	Rollout *Rollout
	// Failed: an error was found in this rule; it must not be planned.
	Failed bool
	// Plan is the planner's: what it made of the rule stays with it for as long as the rule is remembered.
	Plan atomic.Value
}

// Creates tells whether the rule creates records that it does not find.
func (s *Sync) Creates() bool { return s.Decl.Match != nil && s.Decl.Match.Missing == "create" }

// End is one object that a rule uses. Object and Catalog are nil when they are not known.
type End struct {
	Ref     resolve.Object
	Catalog *schema.Catalog
	Object  *schema.Object
}

// connection is the name of the end's connection, "" when it is not known.
func (e End) connection() string {
	if e.Ref.Connection == nil {
		return ""
	}
	return e.Ref.Connection.Name
}

// name is "crm.Account".
func (e End) name() string { return e.connection() + "." + e.Ref.Name }

// same tells whether two ends are the same object of the same connection.
func (e End) same(o End) bool { return e.connection() == o.connection() && e.Ref.Name == o.Ref.Name }

// Schedule is a checked schedule; Cron is nil when it is wrong.
type Schedule struct {
	Decl  *resolve.Schedule
	Cron  *cron.Schedule
	Zone  *time.Location
	Where *expr.Checked
}

// Find is a checked find.
type Find struct {
	Decl *resolve.Find
	In   End
	Lookup
	// Root is its index in frames.
	Root int
	// AfterMatch: it reads the target, or a find that does.
	AfterMatch bool
}

// Lookup is how a record is found: the checked part that match and find share.
type Lookup struct {
	Decl    *resolve.Match
	By      []Alternative
	Where   *expr.Checked
	OrderBy *expr.Checked
	// Unique: the schema proves of every alternative that it finds one record at most.
	Unique bool
}

// LastUnique tells whether the schema proves that the last alternative finds one record at most.
func (l *Lookup) LastUnique(o *schema.Object) bool {
	return len(l.By) > 0 && l.By[len(l.By)-1].unique(o)
}

// Alternative is one key that is tried.
type Alternative struct {
	Decl *resolve.Alternative
	Keys []Key
}

// unique tells whether the schema proves that the alternative finds one record at most.
func (a Alternative) unique(o *schema.Object) bool {
	for _, k := range a.Keys {
		if k.Field.Unique || k.Field.Name == o.Key {
			return true
		}
	}
	return false
}

// Key is one field of an alternative.
type Key struct {
	Decl  *resolve.Key
	Field *schema.Field
	Value *expr.Checked
}

// Mapping is one field that a rule writes.
type Mapping struct {
	Field *schema.Field
	Value *expr.Checked
	// OnNull is keep or clear; Write is always, on_create, if_empty or with_changes.
	OnNull, Write string
	// Text is the expression as written.
	Text string
	// FieldRange is where the field is named, Range the whole entry.
	FieldRange, Range span.Range
	// Same: the entry comes from map_same.
	Same bool
	// sound: nothing wrong was found with it so far; of one that is not sound nothing more is said.
	sound bool
}
