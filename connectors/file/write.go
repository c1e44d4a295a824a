package file

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// Write changes records of a file with write = "update": the file is read once and written anew with the changes, and
// replaced when that is complete. Lines that are not meant stay as they are, to the byte.
func (c *connection) Write(ctx context.Context, w connectors.Write) ([]connectors.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := c.source(w.Object.Name)
	switch {
	case s == nil:
		return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("there is no object block %q that says which file to write", w.Object.Name)}
	case s.write != "update":
		return nil, wrong(s.name, "write", fmt.Sprintf(`= %q writes the file whole; to change records of it, write = "update"`, s.write))
	case w.Op == connectors.Upsert && w.Key != s.key:
		return nil, wrong(s.name, "key", fmt.Sprintf("= %q is the only field that an upsert can go by, not %q", s.key, w.Key))
	case len(w.Records) == 0:
		return nil, nil
	}
	defer c.lock(s.path)()
	e := &edit{c: c, s: s, w: w, results: make([]connectors.Result, len(w.Records)), changes: map[string][]int{}}
	if err := e.run(ctx); err != nil {
		return nil, err
	}
	c.forget(s.name)
	return e.results, nil
}

// edit is one pass over a file that is changed.
type edit struct {
	c       *connection
	s       *source
	w       connectors.Write
	sh      *shape
	results []connectors.Result
	// changes are the records to be written by key, in order.
	changes map[string][]int
	header  []string
	out     *bufio.Writer
	changed bool
	// unread is the first row whose key could not be read; nil: there is none.
	unread *connectors.BadRow
}

func (e *edit) run(ctx context.Context) (err error) {
	if e.sh, err = e.c.describe(e.s); err != nil {
		return err
	}
	if err := e.plan(); err != nil {
		return err
	}
	k, err := newSink(e.s, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.abort()) }()
	e.out = bufio.NewWriterSize(k, flushSize)
	if err := e.old(ctx); err != nil {
		return err
	}
	if err := e.rest(); err != nil {
		return err
	}
	if !e.changed {
		return nil
	}
	if err := e.out.Flush(); err != nil {
		return ioError("write", e.s.path, err)
	}
	return k.commit()
}

// plan indexes the records by key. One without a key is refused, the others go on.
func (e *edit) plan() error {
	for i, r := range e.w.Records {
		for _, f := range r.Fields {
			if e.sh.object.Field(f.Name) == nil && !e.s.jsonl && len(e.sh.object.Fields) > 0 {
				return &connectors.Error{Class: connectors.Permanent, Fields: []string{f.Name},
					Message: fmt.Sprintf("%s has no column %q; it has %s", e.s.shown, f.Name, e.sh.list())}
			}
		}
		id := r.ID
		if e.w.Op == connectors.Create || e.w.Op == connectors.Upsert {
			id = fieldText(r.Fields, e.s.key)
		}
		if id == "" {
			e.results[i].Err = &connectors.Error{Class: connectors.Reject, Fields: []string{e.s.key},
				Message: fmt.Sprintf("the key %s is empty", e.s.key)}
			continue
		}
		e.results[i].ID = id
		e.changes[id] = append(e.changes[id], i)
	}
	return nil
}

func fieldText(fields []connectors.Field, name string) string {
	for _, f := range fields {
		if f.Name == name {
			return f.Value.String()
		}
	}
	return ""
}

// old copies the file with the changes of its records.
func (e *edit) old(ctx context.Context) error {
	if _, err := os.Stat(e.s.path); errors.Is(err, fs.ErrNotExist) {
		return e.begin()
	}
	g, err := e.c.newPager(e.s, query.Read{Layout: value.NewLayout(e.s.key)})
	if err != nil {
		return err
	}
	defer g.in.Close()
	if !e.s.jsonl {
		sm, _, err := e.c.sample(e.s)
		if err != nil {
			return err
		}
		if e.header, _, err = cells(e.s.comma, sm.buf[sm.pos:], sm.eof); err != nil {
			return ioError("read the header of", e.s.path, err)
		}
		if !e.s.header || len(e.header) == 0 {
			if e.header = e.names(); len(e.header) > 0 && e.s.header {
				if err := e.begin(); err != nil {
					return err
				}
			}
		}
	}
	return e.copy(ctx, g)
}

// names are the columns of a new file.
func (e *edit) names() []string {
	var out []string
	for _, c := range e.s.columns {
		out = append(out, from(c))
	}
	if len(out) > 0 {
		return out
	}
	out = append(out, e.s.key)
	for _, r := range e.w.Records {
		for _, f := range r.Fields {
			if !contains(out, f.Name) {
				out = append(out, f.Name)
			}
		}
	}
	return out
}

// begin writes the header of a file that is not there yet.
func (e *edit) begin() error {
	if e.s.jsonl {
		return nil
	}
	e.header = e.names()
	if !e.s.header {
		return nil
	}
	cols := make([]out, len(e.header))
	for i, name := range e.header {
		cols[i] = out{name, -1}
	}
	_, err := e.out.Write((&csvEncoder{comma: e.s.comma, cols: cols, head: true}).header(nil))
	return err
}

// copy goes through the pages.
func (e *edit) copy(ctx context.Context, g *pager) error {
	p, last := g.newPage(), byte('\n')
	for !p.last {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := g.next(p); err != nil {
			return err
		}
		if len(p.bad) > 0 && e.unread == nil {
			e.unread = &p.bad[0]
		}
		_, _ = e.out.Write(p.prefix)
		at := 0
		for i, raw := range p.raws {
			_, _ = e.out.Write(p.buf[at:raw[0]])
			if err := e.record(p.batch.Record(i).At(0).String(), p.buf[raw[0]:raw[1]]); err != nil {
				return err
			}
			at = raw[1]
		}
		if _, err := e.out.Write(p.buf[at:p.to]); err != nil {
			return ioError("write", e.s.path, err)
		}
		if p.to > 0 {
			last = p.buf[p.to-1]
		}
	}
	if last != '\n' {
		return e.out.WriteByte('\n')
	}
	return nil
}

// record writes a record of the old file with its changes, in their order.
func (e *edit) record(key string, raw []byte) error {
	there := true
	line := raw
	for _, i := range e.changes[key] {
		var err error
		if line, there, err = e.apply(i, line, there); err != nil {
			return err
		}
	}
	delete(e.changes, key)
	if !there {
		return nil
	}
	_, err := e.out.Write(line)
	return err
}

// apply makes one change of a record that stands in the file as line, or does not.
func (e *edit) apply(i int, line []byte, there bool) ([]byte, bool, error) {
	r, w := &e.results[i], e.w.Records[i]
	switch op := e.w.Op; {
	case op == connectors.Create && there:
		r.Err = &connectors.Error{Class: connectors.Reject, Code: "duplicate", Fields: []string{e.s.key},
			Message: fmt.Sprintf("a record with %s %q is there already", e.s.key, r.ID)}
		return line, there, nil
	case (op == connectors.Update || op == connectors.Delete) && !there:
		r.Err = &connectors.Error{Class: connectors.Gone, Message: fmt.Sprintf("there is no record with %s %q", e.s.key, r.ID)}
		return nil, false, nil
	case op == connectors.Delete:
		e.changed = true
		return nil, false, nil
	}
	e.changed = true
	r.Created = !there && e.w.Op == connectors.Upsert
	if !there {
		line = nil
	}
	if e.s.jsonl {
		out, err := e.sh.editJSON(line, w.Fields)
		return out, true, err
	}
	out, err := e.editCSV(line, w.Fields)
	return out, true, err
}

// rest adds the records that the old file does not have.
func (e *edit) rest() error {
	for i := range e.w.Records {
		id := e.results[i].ID
		pending, waits := e.changes[id]
		if !waits || id == "" {
			continue
		}
		delete(e.changes, id)
		if e.unread != nil {
			e.refuse(id, pending)
			continue
		}
		var line []byte
		there := false
		for _, j := range pending {
			var err error
			if line, there, err = e.apply(j, line, there); err != nil {
				return err
			}
		}
		if there {
			if _, err := e.out.Write(line); err != nil {
				return ioError("write", e.s.path, err)
			}
		}
	}
	return nil
}

// refuse refuses changes of a record that was not found, where a row of which not even the key could be read may be it: a
// second record with its key would be made, or it would pass for deleted.
func (e *edit) refuse(id string, changes []int) {
	for _, i := range changes {
		e.results[i].Err = &connectors.Error{Class: connectors.Reject, Code: "unreadable", Fields: []string{e.s.key},
			Message: fmt.Sprintf("there is no record with %s %q, but %s may be it and cannot be read (%v)", e.s.key, id, e.unread.Place, e.unread.Err),
			Hint:    "mend or delete the row"}
	}
}

// editCSV sets cells of a line; nil is a new line.
func (e *edit) editCSV(line []byte, fields []connectors.Field) ([]byte, error) {
	row := make([]string, len(e.header))
	if line != nil {
		var err error
		if row, _, err = cells(e.s.comma, line, true); err != nil {
			return nil, err
		}
	}
	names := headerNames(e.header)
	for _, f := range fields {
		in := e.sh.from[f.Name]
		if in == "" {
			in = f.Name
		}
		for i, name := range names {
			if name == in {
				row[i] = cellText(f.Value)
			}
		}
	}
	var out []byte
	for i, cell := range row {
		if i > 0 {
			out = append(out, e.s.comma)
		}
		out = appendCell(out, cell, e.s.comma)
	}
	if len(out) == 0 {
		out = append(out, '"', '"')
	}
	return append(out, '\n'), nil
}

func cellText(v value.Value) string {
	if v.Kind() == value.KindList {
		return joined(v)
	}
	return v.String()
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
