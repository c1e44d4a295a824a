package spectest

import (
	"fmt"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

func failure(code, summary string, at span.Range, fix, format string, args ...any) *diag.Diagnostic {
	return &diag.Diagnostic{Code: code, Summary: summary, Subject: at, Suggestion: fix, Detail: fmt.Sprintf(format, args...)}
}

// Which rule, and when.

func errTestTwice(l, first syntax.Label) *diag.Diagnostic {
	d := failure("SYN530", "Unclear what is tested", l.Range, "", "There is a test %q already. Give one of them another name.", l.Text)
	d.Related = []diag.Related{{Message: "first declared here", Range: first.Range}}
	return d
}

func errNoRule(b *syntax.Block) *diag.Diagnostic {
	return failure("SYN530", "Unclear what is tested", b.Header, "", "The test names no rule. Write trigger = trigger.NAME or sync = sync.NAME.")
}

func errTwoRules(a, b *syntax.Attr) *diag.Diagnostic {
	return failure("SYN530", "Unclear what is tested", b.NameRange, "", "A test is of one rule. Remove %s or %s.", a.Name, b.Name)
}

func errRuleKind(a *syntax.Attr, ref *syntax.Ref) *diag.Diagnostic {
	kind := ref.Steps[0].Name
	if kind != "sync" && kind != "trigger" {
		return failure("SYN530", "Unclear what is tested", ref.Range, "", "%s is written %s = %s.NAME.", a.Name, a.Name, a.Name)
	}
	fix := kind + " = " + ref.Range.Text()
	return failure("SYN530", "Unclear what is tested", a.Range, fix, "%s is a %s. Write %s.", ref.Range.Text(), kind, fix)
}

func errUnknownRule(ref *syntax.Ref, kind, name string, names []string) *diag.Diagnostic {
	var several []string
	for _, n := range names {
		if strings.HasPrefix(n, name+"[") {
			several = append(several, fmt.Sprintf("%s[%q]", kind, n))
		}
	}
	if len(several) > 0 {
		return failure("SYN530", "Unclear what is tested", ref.Range, several[0], "%s.%s has for_each and stands for several rules. Write one of %s.", kind, name, strings.Join(several, ", "))
	}
	near := diag.Nearest(name, names)
	fix := ""
	if len(near) > 0 {
		fix = kind + "." + near[0]
	}
	return failure("SYN530", "Unclear what is tested", ref.Range, fix, "There is no %s %q that is free of errors.%s", kind, name, diag.DidYouMean(near))
}

func errInstant(q *syntax.Quoted, name string) *diag.Diagnostic {
	return failure("SYN531", "Not an instant", q.Range, "", `%q is no instant. Write %s = "2026-01-05T09:00:00Z", or without the Z in the rule's time zone, or a day alone.`, q.Text, name)
}

func errTimeGoesBack(b *syntax.Block, before, at time.Time) *diag.Diagnostic {
	return failure("SYN531", "Not an instant", b.Header, "", "This change is at %s, and the one before it at %s. Changes follow one another.", at.Format(time.RFC3339), before.Format(time.RFC3339))
}

// What is given.

func errUnknownEnd(at span.Range, what, name string, names []string) *diag.Diagnostic {
	near := diag.Nearest(name, names)
	form := ""
	if !strings.Contains(name, ".") && what != "connection" {
		form = ` Objects are written "CONNECTION.OBJECT".`
	}
	fix := ""
	if len(near) > 0 {
		fix = `"` + near[0] + `"`
	}
	return failure("SYN532", "Unknown name in a test", at, fix, "There is no %s %q.%s%s", what, name, diag.DidYouMean(near), form)
}

func errUnknownField(item syntax.Item, e plan.End) *diag.Diagnostic {
	names := make([]string, 0, len(e.Object.Fields))
	for _, f := range e.Object.Fields {
		names = append(names, f.Name)
	}
	near := diag.Nearest(item.Key, names)
	return failure("SYN532", "Unknown name in a test", item.KeyRange, diag.First(near), "%s.%s has no field %q.%s", e.Connection, e.Object.Name, item.Key, diag.DidYouMean(near))
}

func errUnknownExpect(l syntax.Label, t *Test, names []string) *diag.Diagnostic {
	var near []string
	for _, n := range names {
		if strings.HasPrefix(n, l.Text+"[") { // one action of a for_each
			near = append(near, n)
		}
	}
	if near == nil {
		near = diag.Nearest(l.Text, names)
	}
	fix := ""
	if len(near) > 0 {
		fix = `"` + near[0] + `"`
	}
	return failure("SYN532", "Unknown name in a test", l.Range, fix, "%s writes nothing called %q.%s It writes %s.", t.Rule, l.Text, diag.DidYouMean(near), strings.Join(names, ", "))
}

func errSameID(b *syntax.Block, g Given, id value.Value) *diag.Diagnostic {
	return failure("SYN533", "Value does not fit the test", b.Header, "", "Two records have the %s %q. Give each its own.", g.Object.Key, id.String())
}

func errValue(at span.Range, name string, f *schema.Field, what string) *diag.Diagnostic {
	if f == nil {
		return failure("SYN533", "Value does not fit the test", at, "", "%s cannot be %s.", name, what)
	}
	form := map[schema.Kind]string{schema.Date: `a day: "2026-01-05"`, schema.DateTime: `an instant: "2026-01-05T09:00:00Z"`, schema.Boolean: "true or false",
		schema.Integer: "a whole number", schema.Number: "a number", schema.MultiPicklist: `a list of texts: ["…"]`}[f.Kind]
	if form == "" {
		form = `a text: "…"`
	}
	return failure("SYN533", "Value does not fit the test", at, "", "%s is a field of %s and cannot hold %s. Write %s.", name, f.TypeText(), what, form)
}

func errNotAChoice(item syntax.Item, f *schema.Field, text string) *diag.Diagnostic {
	names := make([]string, len(f.Values))
	for i, v := range f.Values {
		names[i] = v.Value
	}
	near := diag.Nearest(text, names)
	fix := ""
	if len(near) > 0 {
		fix = `"` + near[0] + `"`
	}
	return failure("SYN533", "Value does not fit the test", item.Value.Place(), fix, "%s never holds %q.%s It takes %s.", f.Name, text, diag.DidYouMean(near), strings.Join(names, ", "))
}

func errNeverWritten(item syntax.Item, e *Expect, names []string) *diag.Diagnostic {
	near := diag.Nearest(item.Key, names)
	return failure("SYN534", "Never written", item.KeyRange, diag.First(near), "%s does not write %s.%s It writes %s.", e.Label, item.Key, diag.DidYouMean(near), strings.Join(names, ", "))
}

// What happens.

func errNoNew(b *syntax.Block) *diag.Diagnostic {
	return failure("SYN535", "Test says too little", b.Header, "", "A change says how the record is now: new = { … }, or deleted = true.")
}

func errNoKey(b *syntax.Block, e plan.End) *diag.Diagnostic {
	return failure("SYN535", "Test says too little", b.Header, "", "Which record changes is told by its %s. Write %s = \"…\" in new.", e.Object.Key, e.Object.Key)
}

func errNothingHappens(b *syntax.Block, t *Test, e plan.End) *diag.Diagnostic {
	name := e.Connection + "." + e.Object.Name
	if t.Trigger != nil {
		return failure("SYN535", "Test says too little", b.Header, "", "Nothing happens: a trigger needs a change. Write change { new = { … } } with a record of %s.", name)
	}
	return failure("SYN535", "Test says too little", b.Header, "", "Nothing happens: there is no record of %s. Write given %q { records = [{ … }] }, or a change.", name, name)
}

func errNothingExpected(b *syntax.Block, t *Test) *diag.Diagnostic {
	label := "LABEL"
	if t.Sync != nil {
		label = t.Sync.To.Connection + "." + t.Sync.To.Object.Name
	}
	return failure("SYN535", "Test says too little", b.Header, "", "Nothing is expected, so the test cannot fail. Write expect %q { set = { … } } or expect %q { absent = true }; exact = true alone expects no write at all.", label, label)
}

func errCaseNew(a *syntax.Attr) *diag.Diagnostic {
	return failure("SYN535", "Test says too little", a.NameRange, "", "It is not clear which record this changes. Give one record of the source in the test, or write a change.")
}

func errAbsentCount(a *syntax.Attr) *diag.Diagnostic {
	return failure("SYN535", "Test says too little", a.NameRange, "", "absent says that there is no such write, so there is nothing to count. Remove one of the two.")
}
