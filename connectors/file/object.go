package file

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// source is a file as the project describes it.
type source struct {
	name string // of the object
	// path is the file, absolute or relative to the process; "-" standard input or output. shown is as the project writes it.
	path, shown string
	jsonl, gz   bool
	comma       byte
	header      bool
	null        string
	key         string
	modified    string
	write       string // replace, append or update
	columns     []connectors.Column
}

func (s *source) std() bool { return s.path == "-" }

// from is the name in the file of a declared column.
func from(c connectors.Column) string {
	if c.From != "" {
		return c.From
	}
	return c.Name
}

// newSource reads an object block.
func newSource(dir string, o connectors.Object) (*source, error) {
	set := o.Settings
	s := &source{name: o.Name, shown: set.Text("path"), comma: ',', header: true, null: set.Text("null"),
		key: set.Text("key"), modified: set.Text("modified"), write: set.Text("write"), columns: o.Columns}
	if s.shown == "" {
		return nil, wrong(o.Name, "path", "is missing; name the file, or \"-\" for standard input and output")
	}
	if err := s.setPath(dir, set.Text("format")); err != nil {
		return nil, err
	}
	if err := s.setCSV(set); err != nil {
		return nil, err
	}
	switch s.write {
	case "":
		s.write = "replace"
	case "replace", "append":
	case "update":
		if s.key == "" {
			return nil, wrong(o.Name, "write", `= "update" needs a key: name the column that identifies a record`)
		}
		if s.std() {
			return nil, wrong(o.Name, "write", `= "update" needs a file; standard output can only be written whole`)
		}
	default:
		return nil, wrong(o.Name, "write", fmt.Sprintf("is %q; it may be replace, append or update", s.write))
	}
	return s, s.checkColumns()
}

// setPath finds the file and its format.
func (s *source) setPath(dir, format string) error {
	s.path = s.shown
	if !s.std() && !filepath.IsAbs(s.path) {
		s.path = filepath.Join(dir, s.path)
	}
	base := strings.ToLower(s.shown)
	if rest, ok := strings.CutSuffix(base, ".gz"); ok {
		base, s.gz = rest, true
	}
	ext := filepath.Ext(base)
	switch format {
	case "csv":
	case "jsonl":
		s.jsonl = true
	case "":
		switch ext {
		case ".csv", ".tsv", ".tab":
		case ".jsonl", ".ndjson":
			s.jsonl = true
		default:
			return wrong(s.name, "format", fmt.Sprintf(`is not told by the name %q; write format = "csv" or format = "jsonl" (one JSON object a line)`, s.shown))
		}
	default:
		return wrong(s.name, "format", fmt.Sprintf("is %q; it may be csv or jsonl", format))
	}
	if ext == ".tsv" || ext == ".tab" {
		s.comma = '\t'
	}
	return nil
}

// setCSV reads the settings of CSV files.
func (s *source) setCSV(set connectors.Settings) error {
	if d := set.Text("delimiter"); d != "" {
		if d == `\t` || d == "tab" {
			d = "\t"
		}
		if len(d) != 1 || d[0] == '"' || d[0] == '\n' || d[0] == '\r' || d[0] >= 0x80 {
			return wrong(s.name, "delimiter", fmt.Sprintf("is %q; it is one ASCII character, not a quote or a line end", d))
		}
		s.comma = d[0]
	}
	if v, ok := set["header"]; ok && !v.IsNull() {
		s.header = v.AsBool()
	}
	if !s.header && !s.jsonl && len(s.columns) == 0 {
		return wrong(s.name, "header", "= false needs columns: name them in the order of the file")
	}
	return nil
}

// checkColumns looks for what can never work.
func (s *source) checkColumns() error {
	names, froms := map[string]bool{}, map[string]bool{}
	for _, c := range s.columns {
		if names[c.Name] {
			return wrong(s.name, "columns", fmt.Sprintf("names %q twice", c.Name))
		}
		if froms[from(c)] {
			return wrong(s.name, "columns", fmt.Sprintf("reads %q twice", from(c)))
		}
		names[c.Name], froms[from(c)] = true, true
	}
	return nil
}

// fieldOf makes the schema field of a declared column.
func fieldOf(c connectors.Column) *schema.Field {
	return &schema.Field{Name: c.Name, Kind: c.Kind, Length: c.Length, Nullable: true}
}

// wrong is an error of an object block's setting.
func wrong(object, setting, message string) error {
	return &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("object %q: %s %s", object, setting, message)}
}
