package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"unicode/utf8"
	"unsafe"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

const (
	// chunk is how much is read at once, and so about the size of a page.
	chunk = 256 << 10
	// pageRows bounds the records of a page where they are short.
	pageRows = 4096
)

// page is decoded records, and what else is known of them.
type page struct {
	batch *value.Batch // its Input is the piece of the file that the records point into
	// raws are where the records stand in the buffer, for ids and messages.
	buf  []byte
	raws [][2]int
	bad  []connectors.BadRow
	last bool
	// sifted counts the records that were not wanted.
	sifted int
	// prefix and buf[:to] are all that the page took from the file: header, blank and broken lines too.
	prefix []byte
	to     int
}

// pager decodes page after page.
type pager struct {
	s      *source
	layout *value.Layout
	slots  map[string][]slot       // by name in the file
	keep   func(value.Record) bool // of the question; nil: all
	want   func(value.Record) bool // of who asks; nil: all
	early  []int                   // slots that keep or want read
	empty  value.Record            // of a record before it is decoded
	lists  bool                    // some of empty are not null
	blank  value.Record            // the batch's last, appended for a record that was not wanted; nil: none
	in     *stream
	w      window
	rest   []byte
	dec    decoder
	start  func(*pager) error // reads what stands before the records; nil once done
	line   int                // number of the line at w.pos
	rows   int                // records of a page at most
	chunk  int                // bytes to read at once
}

// next decodes into p.
func (g *pager) next(p *page) error {
	p.batch.Reset()
	p.raws, p.bad, p.prefix, p.sifted = p.raws[:0], nil, p.prefix[:0], 0
	mem := p.batch.Input
	size := g.chunk
	for grown := false; ; grown = true {
		if grown {
			p.prefix = append(p.prefix, g.w.buf[:g.w.pos]...)
		}
		if err := g.w.fill(mem, g.in, size); err != nil {
			return ioError("read", g.s.path, err)
		}
		mem = g.w.buf
		if g.start != nil {
			if err := g.begin(); errors.Is(err, errMore) {
				if size, err = g.grow(size); err != nil {
					return err
				}
				continue
			} else if err != nil {
				return err
			}
		}
		done, err := g.decode(p)
		if err != nil {
			return err
		}
		if done {
			p.batch.Input, p.buf, p.to = mem[:0], g.w.buf, g.w.pos
			// What begins the next page is copied: the batch, and its memory, are not ours from here on.
			g.rest = append(g.rest[:0], g.w.buf[g.w.pos:]...)
			g.w.buf, g.w.pos = g.rest, 0
			return nil
		}
		if size, err = g.grow(size); err != nil {
			return err
		}
	}
}

// errMore asks for a longer buffer.
var errMore = errors.New("more input is needed")

func (g *pager) begin() error {
	if g.line == 0 {
		if err := g.w.bom(); err != nil {
			return &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%s: %v", g.s.shown, err)}
		}
		g.line = 1
	}
	for _, list := range g.slots {
		for i := range list {
			list[i].early = slices.Contains(g.early, list[i].at)
		}
	}
	if err := g.start(g); err != nil {
		return err
	}
	g.start = nil
	return nil
}

// grow doubles the size of the buffer, for a record that it does not hold.
func (g *pager) grow(size int) (int, error) {
	if size < maxRecord {
		return size * 2, nil
	}
	return 0, &connectors.Error{Class: connectors.Permanent,
		Message: fmt.Sprintf("%s:%d: the record that begins here is longer than %d MiB", g.s.shown, g.line, maxRecord>>20),
		Hint:    "is a quote opened there and not closed, or are the records not one a line?"}
}

// decode takes records from the window until the page is full or the window has no whole record left. done is false
// when not one was found and there is more input.
func (g *pager) decode(p *page) (done bool, err error) {
	w := &g.w
	g.dec.keepTexts(func(b []byte) []byte {
		s := p.batch.TextCopy(b).AsText()
		return unsafe.Slice(unsafe.StringData(s), len(s))
	})
	begin := w.pos
	for w.pos < len(w.buf) && len(p.raws) < g.rows {
		x, err := g.dec.scan(w.buf[w.pos:], w.eof)
		if x.bytes == 0 && err == nil {
			break
		}
		if err == errUnclosed {
			return false, g.unclosed()
		}
		raw := w.buf[w.pos : w.pos+x.bytes]
		if err == nil && !x.blank && !w.clean && !utf8.Valid(raw) {
			err = errUTF8
		}
		added := false
		var known value.Record
		if err == nil && !x.blank {
			added, known, err = g.fill(p)
		}
		switch {
		case err != nil:
			p.bad = append(p.bad, connectors.BadRow{Place: fmt.Sprintf("%s:%d", g.s.shown, g.line), Text: clip(bytes.TrimRight(raw, "\r\n"), 4096), Err: err,
				ID: g.idOf(known), Known: known, Cut: x.lines > 1 || w.eof && w.pos+x.bytes == len(w.buf) && raw[len(raw)-1] != '\n'})
		case added:
			p.raws = append(p.raws, [2]int{w.pos, w.pos + x.bytes})
		}
		g.line += x.lines
		w.pos += x.bytes
	}
	if g.blank != nil {
		p.batch.DropLast()
		g.blank = nil
	}
	p.last = w.eof && w.pos == len(w.buf)
	return p.last || w.pos > begin, nil
}

// fill adds the record that was scanned to the page, unless it is not wanted: then only what decides that is decoded.
// known is what was decoded by then of one that is wanted and cannot be decoded.
func (g *pager) fill(p *page) (added bool, known value.Record, err error) {
	record := g.blank
	if g.blank = nil; record == nil {
		record = p.batch.Append()
		if g.lists {
			copy(record, g.empty)
		}
	}
	decided := g.keep != nil || g.want != nil || len(g.early) > 0
	if decided {
		if err = g.dec.fill(record, true); err == nil && !g.wanted(p, record) {
			for _, s := range g.early {
				record[s] = g.empty[s]
			}
			g.blank = record
			return false, nil, nil
		}
	}
	if err == nil {
		if err = g.dec.fill(record, false); err != nil && decided {
			known = record.Clone()
		}
	}
	if err != nil {
		p.batch.DropLast()
	}
	return err == nil, known, err
}

// idOf gives the id of a record of which what decides whether it is wanted was decoded.
func (g *pager) idOf(known value.Record) string {
	slot := g.layout.Slot(g.s.key)
	if known == nil || slot < 0 || !slices.Contains(g.early, slot) {
		return ""
	}
	return known.At(slot).String()
}

func (g *pager) wanted(p *page, record value.Record) bool {
	if g.keep != nil && !g.keep(record) {
		return false
	}
	if g.want != nil && !g.want(record) {
		p.sifted++
		return false
	}
	return true
}

func (g *pager) unclosed() error {
	return &connectors.Error{Class: connectors.Permanent,
		Message: fmt.Sprintf("%s:%d: %v; all that follows would be part of it", g.s.shown, g.line, errUnclosed),
		Hint:    "close the quote; quotes inside a quoted cell are doubled"}
}

// startJSON needs nothing before the records.
func startJSON(g *pager) error {
	if first := bytes.TrimLeft(g.w.buf[g.w.pos:], " \t\r\n"); len(first) > 0 && first[0] == '[' {
		return &connectors.Error{Class: connectors.Permanent, Message: g.s.shown + " is one JSON list; JSON lines are expected: one object a line",
			Hint: "jq -c '.[]' makes them"}
	}
	g.dec = newJSONDecoder(g.slots)
	return nil
}

// startCSV reads the header.
func startCSV(g *pager) error {
	var header []string
	if g.s.header {
		names, n, err := cells(g.s.comma, g.w.buf[g.w.pos:], g.w.eof)
		if err != nil {
			return &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%s:1: the header: %v", g.s.shown, err)}
		}
		if n == 0 && !g.w.eof {
			return errMore
		}
		header = names
		if len(names) == 0 && g.s.write != "update" {
			// No records would mean that all are gone; an export that broke off is likelier. One that is ours may begin empty.
			return &connectors.Error{Class: connectors.Permanent, Message: g.s.shown + " is empty, without even a header",
				Hint: "was its export cut short? A file without records has the header alone"}
		}
		if len(names) == 0 {
			clear(g.slots)
		}
		g.line += bytes.Count(g.w.buf[g.w.pos:g.w.pos+n], []byte{'\n'})
		g.w.pos += n
	} else {
		for _, c := range g.s.columns {
			header = append(header, from(c))
		}
	}
	dec, err := newCSVDecoder(g.s, header, g.slots)
	if err != nil {
		return err
	}
	g.dec = dec
	return nil
}

// newPager opens the object for a read.
func (c *connection) newPager(s *source, q query.Read) (*pager, error) {
	sh, err := c.described(s)
	if err != nil {
		return nil, err
	}
	g := &pager{s: s, layout: q.Layout, rows: pageRows, chunk: chunk, empty: make(value.Record, q.Layout.Len())}
	if g.keep = keeper(q); g.keep != nil {
		for _, f := range query.Fields(q.Where) {
			g.early = append(g.early, q.Layout.Slot(f))
		}
	}
	for at, name := range q.Layout.Names {
		if f, _ := sh.field(name, q.Schema); f != nil {
			g.empty[at] = emptyOf(f.Kind)
			g.lists = g.lists || !g.empty[at].IsNull()
		}
	}
	g.slots = slotsFor(sh, q)
	if g.start = startCSV; s.jsonl {
		g.start = startJSON
	}
	if !s.std() {
		g.in, err = openFile(s)
		if errors.Is(err, fs.ErrNotExist) && s.write == "update" {
			// The first write makes the file; until then it has no records.
			g.in, err = &stream{Reader: bytes.NewReader(nil)}, nil
		}
		return g, err
	}
	in, err := c.takeInput(s)
	if err != nil {
		return nil, err
	}
	g.in, err = unpack(s, in, nil)
	return g, err
}

var _ io.Closer = (*stream)(nil)
