package resolve

import (
	"regexp"

	"github.com/syncline/syncline/lang/diag"
)

// Unused warns of connections, tables, variables and finds that nothing uses. Call it when the checker has set the
// Used flags. What is mentioned in a part of the project that could not be read counts as used.
func Unused(m *Module) diag.List {
	var out diag.List
	for _, c := range m.Connections {
		if !c.Used && !m.mentioned(c.Name) {
			out = append(out, errUnused("connection", c.Name, c.NameRange))
		}
	}
	for _, t := range m.Tables {
		if !t.Used && !m.mentioned(t.Name) {
			out = append(out, errUnused("table", t.Name, t.NameRange))
		}
	}
	for _, v := range m.Variables {
		if !v.Used && !m.mentioned(v.Name) {
			out = append(out, errUnused("variable", v.Name, v.NameRange))
		}
	}
	for _, t := range m.Tracks {
		if !t.Used && !m.mentioned(t.Name) {
			out = append(out, errUnused("track", t.Name, t.NameRange))
		}
	}
	finds := func(list []*Find) {
		for _, f := range list {
			if !f.Used {
				out = append(out, errUnused("find", f.Name, f.NameRange))
			}
		}
	}
	for _, s := range m.Syncs {
		finds(s.Finds)
	}
	for _, t := range m.Triggers {
		finds(t.Finds)
	}
	out.Sort()
	return out.Compact()
}

// mentioned tells whether a file with unreadable parts has the name somewhere, behind a dot or in front of one.
func (m *Module) mentioned(name string) bool {
	var pattern *regexp.Regexp
	for _, f := range m.Files {
		if !f.Broken && len(f.Lost) == 0 {
			continue
		}
		if pattern == nil {
			q := regexp.QuoteMeta(name)
			pattern = regexp.MustCompile(`\b` + q + `\.|\.` + q + `\b`)
		}
		if pattern.Match(f.Src) {
			return true
		}
	}
	return false
}
