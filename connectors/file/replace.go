package file

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// flushSize is how much is gathered before it is written.
const flushSize = 256 << 10

// Replace begins a new content of the file, or of what is added to it.
func (c *connection) Replace(ctx context.Context, object *schema.Object, layout *value.Layout) (connectors.Replacement, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := c.source(object.Name)
	if s == nil {
		return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("there is no object block %q that says which file to write", object.Name)}
	}
	if s.write == "update" {
		return nil, wrong(s.name, "write", `= "update" changes records of the file; it is not written whole`)
	}
	r := &replacement{c: c, s: s, appends: s.write == "append" && !s.std()}
	cols := outs(s, layout)
	head := true
	if r.appends {
		var err error
		if cols, head, err = c.appendTo(s, layout, cols); err != nil {
			return nil, err
		}
	}
	r.enc = newEncoder(s, cols)
	k, err := newSink(s, c.config.Stdout)
	if err != nil {
		return nil, err
	}
	r.sink = k
	if r.buf = make([]byte, 0, flushSize+flushSize/4); head {
		r.buf = r.enc.header(r.buf)
	}
	return r, nil
}

// appendTo gives the columns to add to a file that has some already: its own, in its order.
func (c *connection) appendTo(s *source, layout *value.Layout, cols []out) ([]out, bool, error) {
	info, err := os.Stat(s.path)
	if err != nil || info.Size() == 0 || s.jsonl {
		return cols, err != nil || info.Size() == 0, nil
	}
	if !s.header {
		return cols, false, nil
	}
	sm, _, err := c.sample(s)
	if err != nil {
		return nil, false, err
	}
	header, _, err := cells(s.comma, sm.buf[sm.pos:], sm.eof)
	if err != nil {
		return nil, false, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%s:1: the header: %v", s.shown, err)}
	}
	slot := map[string]int{}
	for _, o := range cols {
		slot[o.name] = o.slot
	}
	out := make([]out, len(header))
	for i, name := range headerNames(header) {
		out[i].name, out[i].slot = name, -1
		if at, ok := slot[name]; ok {
			out[i].slot = at
			delete(slot, name)
		}
	}
	for name := range slot {
		return nil, false, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%s has no column %q to add to", s.shown, name),
			Hint: "a file that is added to keeps its header; add the column to it, or write a new file"}
	}
	return out, false, nil
}

// replacement encodes into a buffer and writes it in large pieces.
type replacement struct {
	c       *connection
	s       *source
	enc     encoder
	sink    *sink
	buf     []byte
	appends bool
}

func (r *replacement) Append(ctx context.Context, batch *value.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range batch.Len() {
		r.buf = r.enc.record(r.buf, batch.Record(i))
		if len(r.buf) >= flushSize {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *replacement) flush() error {
	if len(r.buf) == 0 {
		return nil
	}
	if _, err := r.sink.Write(r.buf); err != nil {
		return ioError("write", r.s.path, err)
	}
	r.buf = r.buf[:0]
	return nil
}

func (r *replacement) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.flush(); err != nil {
		return err
	}
	if !r.appends {
		if err := r.sink.commit(); err != nil {
			return err
		}
		r.c.forget(r.s.name)
		return nil
	}
	if r.sink.temp == nil {
		return r.sink.commit()
	}
	if r.sink.gz != nil {
		if err := r.sink.gz.Close(); err != nil {
			return ioError("write", r.s.path, err)
		}
		r.sink.gz = nil
	}
	defer r.c.lock(r.s.path)()
	if err := addTo(r.sink.path, r.sink.temp, !r.s.gz); err != nil {
		return ioError("add to", r.s.path, err)
	}
	return r.sink.abort()
}

// addTo appends the temporary file's content to the file; when that fails the file is cut back to its old length.
func addTo(path string, temp *os.File, lines bool) (err error) {
	if _, err := temp.Seek(0, io.SeekStart); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	old, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if err = copyTo(f, temp, old, lines); err != nil {
		_ = f.Truncate(old)
	}
	return err
}

// copyTo adds the content behind the old one; with lines, on a line of its own.
func copyTo(f *os.File, temp io.Reader, old int64, lines bool) error {
	w := bufio.NewWriterSize(f, flushSize)
	if old > 0 && lines {
		var last [1]byte
		if _, err := f.ReadAt(last[:], old-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			_ = w.WriteByte('\n')
		}
	}
	if _, err := io.Copy(w, temp); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

func (r *replacement) Abort() error { return r.sink.abort() }

// forget drops what was described of an object whose file has changed.
func (c *connection) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.shapes, name)
}
