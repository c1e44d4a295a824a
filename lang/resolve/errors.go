package resolve

import (
	"fmt"
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

func failure(code, summary string, subject span.Range, suggestion, format string, args ...any) *diag.Diagnostic {
	return &diag.Diagnostic{
		Code: code, Summary: summary, Subject: subject, Suggestion: suggestion,
		Detail: fmt.Sprintf(format, args...),
	}
}

func quoted(name string) string {
	if name == "" {
		return ""
	}
	return `"` + name + `"`
}

// write offers a suggestion as a sentence.
func write(suggestion string) string {
	if suggestion == "" {
		return ""
	}
	return " Write " + suggestion + "."
}

func errName(kind string, l syntax.Label) *diag.Diagnostic {
	fix := quoted(suggestName(l.Text))
	return failure("SYN201", "Not a name", l.Range, fix,
		"The name of a %s begins with a small letter and has small letters, digits and _ only; %q does not.%s", kind, l.Text, write(fix))
}

func errReserved(kind string, l syntax.Label, why string) *diag.Diagnostic {
	return failure("SYN202", "Reserved name", l.Range, "",
		"A %s cannot be called %q: the name %s. Choose another.", kind, l.Text, why)
}

func errUnknownConnection(head syntax.Step, names []string) *diag.Diagnostic {
	near := diag.Nearest(head.Name, names)
	detail := fmt.Sprintf("There is no connection %q in this project.", head.Name)
	switch {
	case head.Name == "connection":
		detail = "An object is written CONNECTION.OBJECT, with the connection's own name in front."
	case len(near) > 0:
		detail += diag.DidYouMean(near)
	default:
		detail += declareOr("connection \"SYSTEM\"", head.Name, names)
	}
	return failure("SYN203", "Unknown connection", head.Range, diag.First(near), "%s", detail)
}

func declareOr(header, name string, names []string) string {
	if len(names) == 0 {
		return fmt.Sprintf(" Declare it: %s %q { … }.", header, name)
	}
	if len(names) > 8 {
		names = names[:8]
	}
	return " There is " + strings.ReplaceAll(diag.Or(names), " or ", " and ") + "."
}

func errUnknownSync(ref Reference, names []string) *diag.Diagnostic {
	near := diag.Nearest(ref.Name, names)
	fix := ""
	if len(near) > 0 {
		fix = "sync." + near[0]
	}
	return failure("SYN204", "Unknown sync", ref.Range, fix, "There is no sync %q in this project.%s", ref.Name, diag.DidYouMean(near))
}

func errUnknownRequired(ref Reference, names []string) *diag.Diagnostic {
	near := diag.Nearest(ref.Name, names)
	fix := ""
	if len(near) > 0 {
		fix = "connection." + near[0]
	}
	return failure("SYN203", "Unknown connection", ref.Range, fix, "There is no connection %q in this project.%s", ref.Name, diag.DidYouMean(near))
}

func errDuplicate(kind string, l, first syntax.Label) *diag.Diagnostic {
	d := failure("SYN205", "Duplicate name", l.Range, "", "There is a %s %q already. Give one of them another name.", kind, l.Text)
	d.Related = []diag.Related{{Message: "first declared here", Range: first.Range}}
	return d
}

func errFindLikeConnection(l syntax.Label, c *Connection) *diag.Diagnostic {
	d := failure("SYN206", "Name means two things", l.Range, "",
		"A find cannot be called %q: there is a connection of that name, and %s.X would mean both. Give the find another name.", l.Text, l.Text)
	d.Related = []diag.Related{{Message: "the connection", Range: c.NameRange}}
	return d
}

func errCycle(path []step) *diag.Diagnostic {
	var names []string
	for _, st := range path {
		names = append(names, st.rule.id())
	}
	names = append(names, names[0])
	last := path[len(path)-1]
	detail := "These rules wait for one another, so none of them would ever run: " + strings.Join(names, " → ") + ". Remove one of the references."
	if len(path) == 1 {
		detail = fmt.Sprintf("%s waits for itself, so it would never run. Remove the reference.", names[0])
	}
	d := failure("SYN207", "Rules wait for one another", last.ref.Range, "", "%s", detail)
	for _, st := range path[:len(path)-1] {
		d.Related = append(d.Related, diag.Related{Message: st.rule.id() + " waits here", Range: st.ref.Range})
	}
	return d
}

func errUnused(kind, name string, r span.Range) *diag.Diagnostic {
	d := failure("SYN208", "Never used", r, "", "Nothing uses the %s %q. Remove it, or use it.", kind, name)
	d.Severity = diag.Warning
	return d
}

func errReferenceKind(attr string, ref Reference) *diag.Diagnostic {
	takes := "rules: sync.NAME or trigger.NAME"
	switch attr {
	case "requires":
		takes = "connections and rules: connection.NAME, sync.NAME or trigger.NAME"
	case "apply":
		takes = "a sync: sync.NAME"
	}
	return failure("SYN209", "Wrong kind of reference", ref.Range, "", "%q takes %s, not %s.%s.", attr, takes, ref.Kind, ref.Name)
}

func errWriteUnmapped(a *syntax.Attr, names []string) *diag.Diagnostic {
	near := diag.Nearest(a.Name, names)
	return failure("SYN210", "Field is not mapped", a.NameRange, diag.First(near),
		"write says when mapped fields are written, and %q is not in the map.%s", a.Name, diag.DidYouMean(near))
}

func errWriteTwice(a *syntax.Attr, m *Mapping) *diag.Diagnostic {
	d := failure("SYN211", "Said twice", a.NameRange, "",
		"When %q is written stands in its field block and in the write block; only one can hold. Remove one of them.", a.Name)
	d.Related = []diag.Related{{Message: "also written here", Range: m.WriteRange}}
	return d
}

func errMappedTwice(m *Mapping, first span.Range) *diag.Diagnostic {
	d := failure("SYN211", "Said twice", m.FieldRange, "", "%q has a value in this map already; only one can hold. Remove one of them.", m.Field)
	d.Related = []diag.Related{{Message: "also written here", Range: first}}
	return d
}

func errColumnTwice(c Column, first span.Range) *diag.Diagnostic {
	d := failure("SYN211", "Said twice", c.Range, "", "The column %q is declared already. Remove one of them.", c.Name)
	d.Related = []diag.Related{{Message: "first declared here", Range: first}}
	return d
}

func errPattern(n Name) *diag.Diagnostic {
	fix := ""
	if n.Text != "" && !strings.Contains(n.Text, ".") {
		fix = quoted(n.Text + ".*")
	}
	return failure("SYN212", "Not a pattern of fields", n.Range, fix,
		"What may be written is listed as OBJECT.FIELD, where * stands for any letters, such as \"Account.*__c\" or \"Task.*\"; %q is not.%s", n.Text, write(fix))
}

func errDepartureEmpty(b *syntax.Block) *diag.Diagnostic {
	return failure("SYN213", "Nothing to set", b.Header, "",
		"A %s block needs set { … } with the fields to set. To do something else, write %s = \"ignore\", \"delete\" or \"unlink\".", b.Type, b.Type)
}
