package lang

import (
	"strings"

	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/syntax"
)

// Override gives a trigger of a module another condition than its file says: `when` or `rearm`, in CEL. An empty `rearm`
// takes it away. With for_each it is for all entries. What is wrong with the condition is told by Compile, in a file that is
// called "--when" or "--rearm". It tells whether there is such a trigger.
func Override(m *resolve.Module, trigger, attribute, cel string) (found bool) {
	var v syntax.Value
	if cel != "" {
		// The condition is read as it would be from a file, so that it means the same.
		file, _ := syntax.Parse("--"+attribute, []byte("trigger \"it\" {\n  "+attribute+" = "+quote(cel)+"\n}\n"))
		for _, b := range file.Blocks {
			if a := b.Attr(attribute); a != nil {
				v = a.Value
			}
		}
	}
	for _, t := range m.Triggers {
		if t.Name != trigger && t.Base != trigger {
			continue
		}
		found = true
		switch attribute {
		case "when":
			t.When = v
		case "rearm":
			t.Rearm = v
		}
	}
	return found
}

// quote writes a text as a quoted string of a file.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}
