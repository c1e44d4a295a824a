package plan

import (
	"fmt"
	"strings"

	"github.com/syncline/syncline/lang/query"
)

// Explain says what a rule does, for people and for tests: what is read, which conditions the systems evaluate and
// which are evaluated here, how records are found, what is written.
func (s *Sync) Explain() string {
	w := &explainer{}
	w.line(0, "%s  %s.%s → %s.%s", s.ID(), s.From.Connection, s.From.Object.Name, s.To.Connection, s.To.Object.Name)
	w.line(1, "source: %s", strings.Join(s.Source.Names, ", "))
	w.line(1, "target: %s", strings.Join(s.Target.Names, ", "))
	w.filter(1, "where", s.Where)
	w.rollout(s.Rollout)
	w.span("promised latency", s.SLO.Latency)
	w.schedules(s.Schedules)
	for _, f := range s.Finds {
		w.line(1, "find %s: %s.%s%s", f.Name, f.Connection, f.Object.Name, flag(f.AfterMatch, " after the match"))
		w.line(2, "fields: %s", strings.Join(f.Layout.Names, ", "))
		w.lookup(2, &f.Lookup)
	}
	if s.Match != nil {
		w.line(1, "match:%s", flag(s.Match.Unique, " unique"))
		w.lookup(2, &s.Match.Lookup)
	}
	w.line(1, "map:")
	w.mappings(2, s.Map)
	w.departure("on_leave", s.OnLeave)
	w.departure("on_delete", s.OnDelete)
	if s.ReadsTarget || s.TimeDependent {
		w.line(1, "also:%s%s", flag(s.ReadsTarget, " reads the target"), flag(s.TimeDependent, " depends on the clock"))
	}
	return w.b.String()
}

type explainer struct{ b strings.Builder }

func (w *explainer) line(indent int, format string, args ...any) {
	w.b.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(&w.b, format, args...)
	w.b.WriteByte('\n')
}

func flag(on bool, text string) string {
	if on {
		return text
	}
	return ""
}

func (w *explainer) filter(indent int, name string, f *Filter) {
	if f == nil {
		return
	}
	if f.Pushed != nil {
		w.line(indent, "%s, by the system: %s", name, query.String(f.Pushed))
	}
	for _, text := range f.LocalText {
		w.line(indent, "%s, here: %s", name, strings.Join(strings.Fields(text), " "))
	}
}

func (w *explainer) lookup(indent int, l *Lookup) {
	for _, alt := range l.By {
		var keys []string
		for _, k := range alt {
			keys = append(keys, k.Field.Name+" = "+k.Text)
		}
		w.line(indent, "by %s", strings.Join(keys, ", "))
	}
	w.filter(indent, "where", l.Where)
	if l.OrderBy != nil {
		w.line(indent, "order by %s%s", l.OrderBy.Text, flag(l.OrderBy.Descending, " descending"))
	}
	w.line(indent, "missing: %s, ambiguous: %s", l.Missing, l.Ambiguous)
}

func (w *explainer) mappings(indent int, list []*Mapping) {
	for _, m := range list {
		w.line(indent, "%s = %s%s%s", m.Field.Name, m.Text, flag(m.Write != WriteAlways, " ("+m.Write.String()+")"), flag(m.OnNull == NullKeep, " (keep)"))
	}
}

func (w *explainer) departure(name string, d Departure) {
	if d.Kind == DepartureIgnore {
		return
	}
	w.line(1, "%s: %s", name, d.Kind)
	w.mappings(2, d.Set)
}

func (m Missing) String() string   { return [...]string{"skip", "create", "error", "empty"}[m] }
func (a Ambiguous) String() string { return [...]string{"error", "skip"}[a] }
func (m WriteMode) String() string {
	return [...]string{"always", "on_create", "if_empty", "with_changes"}[m]
}
func (k DepartureKind) String() string { return [...]string{"ignore", "delete", "unlink", "set"}[k] }
