package spectest

import (
	"fmt"
	"strings"
	"time"
)

// Explain shows a test as it was understood: every value typed, every record whole.
func (t *Test) Explain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s at %s%s\n", t.FullName(), t.Rule, t.Now.Format(time.RFC3339), exactly(t.Exact))
	for _, g := range t.Given {
		for _, rec := range g.Records {
			fmt.Fprintf(&b, "  given %s.%s: %s\n", g.Connection, g.Object.Name, rec)
		}
	}
	for _, s := range t.Steps {
		fmt.Fprintf(&b, "  at %s, %s", s.At.Format(time.RFC3339), s.Key)
		if s.Old != nil {
			fmt.Fprintf(&b, "\n    old: %s", s.Old)
		}
		if s.Deleted {
			b.WriteString("\n    deleted\n")
		} else {
			fmt.Fprintf(&b, "\n    new: %s\n", s.New)
		}
		for _, e := range s.Expect {
			fmt.Fprintf(&b, "    expect %s\n", e)
		}
	}
	for _, e := range t.Expect {
		fmt.Fprintf(&b, "  expect %s\n", e)
	}
	return b.String()
}

func exactly(exact bool) string {
	if exact {
		return ", exactly"
	}
	return ""
}

func (r Record) String() string {
	parts := make([]string, len(r))
	for i, f := range r {
		parts[i] = fmt.Sprintf("%s = %s %s", f.Name, f.Value.Kind(), f.Value)
	}
	return strings.Join(parts, ", ")
}

func (e *Expect) String() string {
	var b strings.Builder
	b.WriteString(e.Label)
	if e.Action != nil {
		fmt.Fprintf(&b, " (%s)", e.Action.ID)
	}
	switch {
	case e.Absent:
		b.WriteString(", absent")
	case e.Count != nil:
		fmt.Fprintf(&b, ", %d times", *e.Count)
	}
	if e.ID != "" {
		fmt.Fprintf(&b, ", id %s", e.ID)
	}
	if len(e.Set) > 0 {
		fmt.Fprintf(&b, ": %s", e.Set)
	}
	return b.String()
}
