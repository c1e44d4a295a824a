package resolve

import (
	"strings"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

func errUnknownTrigger(ref Reference, names []string) *diag.Diagnostic {
	near := diag.Nearest(ref.Name, names)
	fix := ""
	if len(near) > 0 {
		fix = "trigger." + near[0]
	}
	return failure("SYN214", "Unknown trigger", ref.Range, fix, "There is no trigger %q in this project.%s", ref.Name, diag.DidYouMean(near))
}

func errActionLike(a *Action, kind string, at span.Range) *diag.Diagnostic {
	d := failure("SYN206", "Name means two things", a.LabelRange, "",
		"An action cannot be called %q: there is a %s of that name, and %s.X would mean both. Give the action another name.", a.Label, kind, a.Label)
	d.Related = []diag.Related{{Message: "the " + kind, Range: at}}
	return d
}

func errUnknownRecord(t *Trigger, a *Action) *diag.Diagnostic {
	names := []string{"new"}
	for _, f := range t.Finds {
		names = append(names, f.Name)
	}
	for _, x := range t.Actions() {
		if x.Declares() && x.Label == a.Label {
			return failure("SYN215", "Unknown record", a.LabelRange, "",
				"%s %q acts on what %s %q gives, which comes later. Actions are done as they stand: move this one behind it.", a.Kind, a.Label, x.Kind, x.Label)
		}
	}
	near := diag.Nearest(a.Label, names)
	detail := diag.DidYouMean(near)
	switch {
	case a.Label == "source" || a.Label == "old" || a.Label == "target":
		near, detail = []string{"new"}, ` The record that is observed is called "new".`
	case detail == "":
		detail = ` Write find "` + a.Label + `" { in = …, by = { … } } to look it up, or create "` + a.Label + `" for a new one.`
	}
	return failure("SYN215", "Unknown record", a.LabelRange, quoted(diag.First(near)),
		"The label of %s names a find, an earlier create, or new; %q is none of them.%s", article(a.Kind), a.Label, detail)
}

func article(kind string) string {
	if strings.HasPrefix(kind, "u") {
		return "an " + kind
	}
	return "a " + kind
}

func errNoRecord(a, d *Action) *diag.Diagnostic {
	out := failure("SYN215", "Unknown record", a.LabelRange, "", "%s %q gives no record that could be changed.", d.Kind, d.Label)
	out.Related = []diag.Related{{Message: "declared here", Range: d.LabelRange}}
	return out
}

func errSeveralResults(a, d *Action) *diag.Diagnostic {
	out := failure("SYN215", "Unknown record", a.LabelRange, "",
		"%s %q has for_each and gives several records, so its name means none of them. Set the fields in the %s itself.", d.Kind, d.Label, d.Kind)
	out.Related = []diag.Related{{Message: "declared here", Range: d.LabelRange}}
	return out
}

func errEachKey(key string, at span.Range) *diag.Diagnostic {
	return failure("SYN216", "Not a key of for_each", at, "",
		"The keys of for_each become part of names, and have letters, digits, _ and - only; %q does not. Put the text into the value: { KEY = %q }.", key, key)
}

func errEachTwice(key string, at, first span.Range) *diag.Diagnostic {
	d := failure("SYN211", "Said twice", at, "", "for_each has the entry %q already. Remove one of them.", key)
	d.Related = []diag.Related{{Message: "also written here", Range: first}}
	return d
}

func errEachEmpty(b *syntax.Block, a *syntax.Attr) *diag.Diagnostic {
	return failure("SYN216", "Not a key of for_each", a.Value.Place(), "", "for_each has no entry, so there is no %s at all. Remove the block, or add entries.", b.Type)
}

func errApplySeveral(ref Reference, n int) *diag.Diagnostic {
	return failure("SYN209", "Wrong kind of reference", ref.Range, "",
		"sync.%s has for_each and stands for %d rules; apply takes one. Write what is to be set in set { … }.", ref.Name, n)
}
