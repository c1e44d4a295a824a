package runtime

import (
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/engine"
)

// Rule is a rule of a set, of any kind: exactly one of its fields is set.
type Rule struct {
	Sync    *plan.Sync
	Trigger *plan.Trigger
	Track   *plan.Track
}

// Rules lists all rules of a set in the order in which they run when all of them do: tracks, so that today's samples are
// taken first, then syncs and triggers, each after those that it names in `after` and `requires`.
func Rules(set *plan.Set) []Rule {
	var out, rest []Rule
	for _, x := range set.Tracks {
		out = append(out, Rule{Track: x})
	}
	for _, x := range set.Syncs {
		rest = append(rest, Rule{Sync: x})
	}
	for _, x := range set.Triggers {
		rest = append(rest, Rule{Trigger: x})
	}
	waits := map[string]bool{}
	for _, r := range rest {
		waits[r.ID()] = true
	}
	for len(rest) > 0 {
		// The first whose predecessors are through. Rules can require each other in a ring, for a requirement holds once it was
		// met: then `after` alone decides.
		through := func(named func(Rule) []string) int {
			return slices.IndexFunc(rest, func(r Rule) bool {
				return !slices.ContainsFunc(named(r), func(id string) bool { return waits[id] && id != r.ID() })
			})
		}
		next := through(func(r Rule) []string { return slices.Concat(r.After(), r.Requires()) })
		if next < 0 {
			next = max(through(Rule.After), 0)
		}
		delete(waits, rest[next].ID())
		out = append(out, rest[next])
		rest = slices.Delete(rest, next, next+1)
	}
	return out
}

// ruleByID finds a rule of a set.
func ruleByID(set *plan.Set, id string) (Rule, bool) {
	kind, name, _ := strings.Cut(id, ".")
	switch kind {
	case "sync":
		x := set.Sync(name)
		return Rule{Sync: x}, x != nil
	case "trigger":
		x := set.Trigger(name)
		return Rule{Trigger: x}, x != nil
	case "track":
		for _, x := range set.Tracks {
			if x.Name == name {
				return Rule{Track: x}, true
			}
		}
	}
	return Rule{}, false
}

// ID is the rule's name with its kind: "sync.one".
func (r Rule) ID() string {
	switch {
	case r.Sync != nil:
		return r.Sync.ID()
	case r.Trigger != nil:
		return r.Trigger.ID()
	}
	return r.Track.ID()
}

// Name is the rule's name without its kind.
func (r Rule) Name() string {
	_, name, _ := strings.Cut(r.ID(), ".")
	return name
}

// Title and Description are what people wrote about it.
func (r Rule) Title() string {
	switch {
	case r.Sync != nil:
		return r.Sync.Title
	case r.Trigger != nil:
		return r.Trigger.Title
	}
	return r.Track.Title
}

func (r Rule) Description() string {
	switch {
	case r.Sync != nil:
		return r.Sync.Description
	case r.Trigger != nil:
		return r.Trigger.Description
	}
	return r.Track.Description
}

func (r Rule) Enabled() bool {
	switch {
	case r.Sync != nil:
		return r.Sync.Enabled
	case r.Trigger != nil:
		return r.Trigger.Enabled
	}
	return r.Track.Enabled
}

// Manual rules run only when somebody asks for them by name.
func (r Rule) Manual() bool {
	return r.Sync != nil && r.Sync.Manual || r.Trigger != nil && r.Trigger.Manual
}

func (r Rule) Tags() []string {
	switch {
	case r.Sync != nil:
		return r.Sync.Tags
	case r.Trigger != nil:
		return r.Trigger.Tags
	}
	return nil
}

func (r Rule) After() []string {
	switch {
	case r.Sync != nil:
		return r.Sync.After
	case r.Trigger != nil:
		return r.Trigger.After
	}
	return nil
}

func (r Rule) Requires() []string {
	switch {
	case r.Sync != nil:
		return r.Sync.Requires
	case r.Trigger != nil:
		return r.Trigger.Requires
	}
	return nil
}

func (r Rule) Schedules() []plan.Schedule {
	switch {
	case r.Sync != nil:
		return r.Sync.Schedules
	case r.Trigger != nil:
		return r.Trigger.Schedules
	}
	return r.Track.Schedules
}

func (r Rule) Pauses() []plan.Pause {
	switch {
	case r.Sync != nil:
		return r.Sync.Pauses
	case r.Trigger != nil:
		return r.Trigger.Pauses
	}
	return nil
}

func (r Rule) OnEvent() *plan.OnEvent {
	switch {
	case r.Sync != nil:
		return r.Sync.OnEvent
	case r.Trigger != nil:
		return r.Trigger.OnEvent
	}
	return nil
}

// MissedTicks says what happens to ticks that passed. A track cannot make up for a day that is over: one sample does.
func (r Rule) MissedTicks() plan.MissedTicks {
	switch {
	case r.Sync != nil:
		return r.Sync.MissedTicks
	case r.Trigger != nil:
		return r.Trigger.MissedTicks
	}
	return plan.MissedLast
}

// Latency is what the rule promises, zero for nothing.
func (r Rule) Latency() time.Duration {
	switch {
	case r.Sync != nil:
		return r.Sync.SLO.Latency
	case r.Trigger != nil:
		return r.Trigger.SLO.Latency
	}
	return 0
}

// resumable rules can be interrupted in a run and go on with it later where it stood. One whose guard must see all of a
// run's changes before the first one cannot.
func (r Rule) resumable() bool {
	switch {
	case r.Sync != nil:
		return engine.Resumable(r.Sync)
	case r.Trigger != nil:
		return r.Trigger.Guard.MaxFirings == nil
	}
	return false
}

func (r Rule) fingerprint() string {
	switch {
	case r.Sync != nil:
		return r.Sync.Fingerprint
	case r.Trigger != nil:
		return r.Trigger.Fingerprint
	}
	return r.Track.Fingerprint
}

// On is the object whose records the rule is about.
func (r Rule) On() plan.End {
	switch {
	case r.Sync != nil:
		return r.Sync.From
	case r.Trigger != nil:
		return r.Trigger.On
	}
	return r.Track.On
}

// Where restricts the records; nil: all.
func (r Rule) Where() *plan.Filter {
	switch {
	case r.Sync != nil:
		return r.Sync.Where
	case r.Trigger != nil:
		return r.Trigger.Where
	}
	return r.Track.Where
}

// ends are the objects that the rule reads or writes.
func (r Rule) ends() []plan.End {
	switch {
	case r.Sync != nil:
		return syncEnds(r.Sync)
	case r.Trigger != nil:
		out := []plan.End{r.Trigger.On}
		for _, f := range r.Trigger.Finds {
			out = append(out, f.End)
		}
		for _, a := range r.Trigger.Actions() {
			if a.Object != nil {
				out = append(out, a.End)
			}
			if a.Apply != nil {
				out = append(out, syncEnds(a.Apply.Sync)...)
			}
		}
		return out
	}
	return []plan.End{r.Track.On}
}

func syncEnds(x *plan.Sync) []plan.End {
	out := []plan.End{x.From, x.To}
	for _, f := range x.Finds {
		out = append(out, f.End)
	}
	return out
}

// connections lists the connections that the rule needs, each once.
func (r Rule) connections() []string {
	var names []string
	for _, e := range r.ends() {
		names = append(names, e.Connection)
	}
	if r.Trigger != nil {
		for _, a := range r.Trigger.Actions() {
			if a.Via != "" {
				names = append(names, a.Via)
			}
		}
	}
	for _, req := range r.Requires() {
		if name, ok := strings.CutPrefix(req, "connection."); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
