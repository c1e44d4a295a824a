package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// shape is what is known of an object's records.
type shape struct {
	object *schema.Object
	// from is the name in the file of each field.
	from map[string]string
}

// shape tells the schema of a file: declared columns, and the others from a sample of its rows.
func (c *connection) shape(s *source) (*shape, error) {
	sample, size, err := c.sample(s)
	if err != nil {
		return nil, err
	}
	sh := &shape{from: map[string]string{}}
	sh.object = &schema.Object{Name: s.name, Label: s.shown, Key: s.key, Modified: s.modified, Absent: sample.absent,
		Open: len(s.columns) == 0 && s.write != "update", Replace: s.write != "update"}
	found, rows, err := infer(s, sample)
	if err != nil {
		return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%s: %v", s.shown, err), Err: err}
	}
	sh.declare(s, found)
	for _, col := range found {
		if !col.declared {
			sh.add(col.name, &schema.Field{Name: col.name, Kind: col.kind, Nullable: true, Inferred: true})
		}
	}
	sh.permit(s)
	if rows > 0 && size > 0 && sample.used > 0 {
		sh.object.Count = max(int64(rows), int64(float64(size)*float64(rows)/float64(sample.used)))
	}
	for _, special := range []struct{ setting, name string }{{"key", s.key}, {"modified", s.modified}} {
		if special.name != "" && sh.from[special.name] == "" && len(sh.object.Fields) > 0 {
			return nil, wrong(s.name, special.setting, fmt.Sprintf("= %q: %s has no such column; it has %s", special.name, s.shown, sh.list()))
		}
	}
	return sh, nil
}

// declare adds the declared columns; one without a kind takes that of the sample.
func (sh *shape) declare(s *source, found []*inferred) {
	byName := map[string]*inferred{}
	for _, f := range found {
		byName[f.name] = f
	}
	for _, col := range s.columns {
		f := fieldOf(col)
		if in := byName[from(col)]; in != nil {
			in.declared = true
			if col.Kind == schema.Any {
				f.Kind, f.Inferred = in.kind, true
			}
		}
		sh.add(from(col), f)
	}
}

// permit says what may be done to the object and its fields.
func (sh *shape) permit(s *source) {
	o := sh.object
	declared := map[string]bool{}
	for _, c := range s.columns {
		declared[c.Name] = true
	}
	o.Createable = true
	o.Updateable, o.Deletable = s.write == "update", s.write == "update"
	for _, f := range o.Fields {
		f.Filterable, f.Sortable, f.CaseSensitive = true, true, true
		f.Createable = declared[f.Name] || o.Open || s.write == "update"
		f.Updateable = f.Createable && f.Name != s.key
		if f.Name == s.key {
			f.Unique, f.UpsertKey, f.Required = true, s.write == "update", s.write == "update"
		}
	}
}

func (sh *shape) add(from string, f *schema.Field) {
	if _, there := sh.from[f.Name]; there {
		return
	}
	sh.from[f.Name] = from
	sh.object.Fields = append(sh.object.Fields, f)
}

// list names the fields, for a message.
func (sh *shape) list() string {
	out := ""
	for i, f := range sh.object.Fields {
		if i == 20 {
			return out + " …"
		}
		if i > 0 {
			out += ", "
		}
		out += f.Name
	}
	return out
}

// sampleSize and sampleRows bound what is read to infer the kinds of columns.
const (
	sampleSize = 1 << 20
	sampleRows = 1000
)

// sampled is the start of a file.
type sampled struct {
	window
	used   int // bytes of the rows that were looked at
	absent bool
}

// sample reads the start of a file, and its size (0 where unknown). A file that is not there has an empty sample: it may
// be about to be written.
func (c *connection) sample(s *source) (*sampled, int64, error) {
	if s.std() {
		return c.peek(s)
	}
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &sampled{window: window{eof: true}, absent: true}, 0, nil
	case err != nil:
		return nil, 0, ioError("read", s.path, err)
	case info.IsDir():
		return nil, 0, wrong(s.name, "path", fmt.Sprintf("= %q is a folder; name a file in it", s.shown))
	case !info.Mode().IsRegular():
		return &sampled{window: window{eof: true}}, 0, nil
	}
	f, err := openFile(s)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	sm := &sampled{}
	for size := sampleSize; ; size *= 2 {
		if err := sm.fill(nil, f, size); err != nil {
			return nil, 0, ioError("read", s.path, err)
		}
		if sm.eof || size >= maxRecord || bytes.IndexByte(sm.buf, '\n') >= 0 {
			break
		}
	}
	size := info.Size()
	if s.gz {
		size = 0
	}
	return sm, size, s.mark(sm)
}

// peek looks ahead in standard input. Where columns are declared, or nothing reads it, it is left alone.
func (c *connection) peek(s *source) (*sampled, int64, error) {
	sm := &sampled{window: window{eof: true}}
	if len(s.columns) > 0 || c.config.Stdin == nil || s.gz {
		return sm, 0, nil
	}
	c.mu.Lock()
	used := c.stdinUsed
	c.mu.Unlock()
	if used {
		return sm, 0, nil
	}
	in := c.input()
	b, err := in.Peek(peekSize)
	if err != nil && !errors.Is(err, io.EOF) && len(b) == 0 {
		return nil, 0, ioError("read", "standard input", err)
	}
	sm.buf, sm.eof = bytes.Clone(b), err != nil
	return sm, 0, s.mark(sm)
}

func (s *source) mark(sm *sampled) error {
	if err := sm.bom(); err != nil {
		return &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%s: %v", s.shown, err)}
	}
	return nil
}
