package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/connectortest"
	"github.com/syncline/syncline/connectors/file"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

var exerciseColumns = []connectors.Column{
	{Name: "id", From: "The Id", Kind: schema.Text}, {Name: "name", Kind: schema.Text}, {Name: "count", Kind: schema.Integer},
	{Name: "amount", Kind: schema.Number}, {Name: "flag", Kind: schema.Boolean}, {Name: "day", Kind: schema.Date},
	{Name: "at", Kind: schema.DateTime}, {Name: "note", Kind: schema.Text},
}

var exerciseFields = connectortest.Fields{Name: "name", External: "id", Integer: "count", Number: "amount", Boolean: "flag",
	Date: "day", DateTime: "at", Note: "note"}

// factory exercises a file of the format in the mode of writing.
func factory(format, write string, lacks map[connectortest.Capability]string) connectortest.Factory {
	return connectortest.Factory{Type: file.Type(), Lacks: lacks, Setup: func(t *testing.T) connectortest.Fixture {
		dir := t.TempDir()
		path := filepath.Join(dir, "data."+format)
		seeded := 0
		if write == "replace" {
			add(t, path, lines(format, nil, true)) // a source has to be there
		}
		return connectortest.Fixture{
			Object: "data", Fields: exerciseFields,
			Config: connectors.Config{Name: "f", Dir: dir, Objects: []connectors.Object{{Name: "data", Columns: exerciseColumns,
				Settings: connectors.Settings{"path": value.Text("data." + format), "key": value.Text("id"), "write": value.Text(write)}}}},
			NewKey: func(i int) value.Value { return value.Text(fmt.Sprintf("ext-%03d", i)) },
			Seed: func(t *testing.T, records []connectortest.Values) []string {
				var ids []string
				for _, r := range records {
					ids = append(ids, r["id"].AsText())
				}
				add(t, path, lines(format, records, seeded == 0 && write != "replace"))
				seeded += len(records)
				return ids
			},
			Remove: func(t *testing.T, id string) {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				var kept []string
				for _, l := range strings.SplitAfter(string(b), "\n") {
					if !strings.Contains(l, id) {
						kept = append(kept, l)
					}
				}
				if err := os.WriteFile(path, []byte(strings.Join(kept, "")), 0o600); err != nil {
					t.Fatal(err)
				}
			},
			SeedBad: func(t *testing.T) {
				bad := `{"The Id":"bad","count":"many"}` + "\n"
				if format == "csv" {
					bad = "bad,x,many,1,true,2026-01-01,,\n"
				}
				add(t, path, bad)
			},
		}
	}}
}

func add(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// lines writes records plainly, without the code under test.
func lines(format string, records []connectortest.Values, header bool) string {
	var b strings.Builder
	if format == "csv" && header {
		b.WriteString("The Id,name,count,amount,flag,day,at,note\n")
	}
	for _, r := range records {
		var cells []string
		for _, c := range exerciseColumns {
			v := r[c.Name]
			from := c.Name
			if c.From != "" {
				from = c.From
			}
			switch {
			case format == "csv":
				cells = append(cells, v.String())
			case v.IsNull():
				cells = append(cells, fmt.Sprintf("%q: null", from))
			case v.IsNumber() || v.Kind() == value.KindBool:
				cells = append(cells, fmt.Sprintf("%q: %s", from, v))
			default:
				cells = append(cells, fmt.Sprintf("%q: %q", from, v))
			}
		}
		if format == "csv" {
			b.WriteString(strings.Join(cells, ",") + "\n")
		} else {
			b.WriteString("{" + strings.Join(cells, ", ") + "}\n")
		}
	}
	return b.String()
}

func TestExercise(t *testing.T) {
	whole := map[connectortest.Capability]string{
		connectortest.Resumes: "a file is read whole", connectortest.Groups: "several files are not written as one",
		connectortest.Deleted: "a file does not tell what it had", connectortest.Rejects: "a file takes every value",
	}
	replaced := map[connectortest.Capability]string{connectortest.Creates: "written whole", connectortest.Updates: "written whole",
		connectortest.Upserts: "written whole", connectortest.Deletes: "written whole"}
	updated := map[connectortest.Capability]string{}
	for c, why := range whole {
		replaced[c], updated[c] = why, why
	}
	updated[connectortest.Replaces] = "records are changed one by one"
	for _, format := range []string{"csv", "jsonl"} {
		t.Run(format+"/replace", func(t *testing.T) { connectortest.Exercise(t, factory(format, "replace", replaced)) })
		t.Run(format+"/update", func(t *testing.T) { connectortest.Exercise(t, factory(format, "update", updated)) })
	}
}
