package file

import (
	"bytes"
	"errors"
	"math/bits"

	"github.com/syncline/syncline/lang/value"
)

// csvDecoder splits and decodes records by RFC 4180: quotes around cells with delimiters, quotes and line ends;
// quotes in them doubled; LF or CRLF.
type csvDecoder struct {
	comma byte
	null  string
	slots []slot // by column
	// cells are where those of the record that was scanned last stand, by column.
	cells  []span
	commas places   // in the line that was scanned last, where it has no quotes
	base   []byte   // what they stand in
	texts  [][]byte // of cells that do not stand in it as they are
	// early and late are the wanted columns.
	early, late []int
	text        func([]byte) []byte
	// scratch holds an unquoted cell until it is copied.
	scratch []byte
	// opened tells that the last record was not complete because of a quote that the buffer does not close.
	opened bool
}

// span is a piece of the decoder's base; with a negative start it is a text: -1 the first.
type span struct{ start, end int32 }

var (
	errBareQuote = errors.New(`a quote stands inside a cell that is not quoted; quote the whole cell and double the quotes in it ("say ""hi""")`)
	errUnclosed  = errors.New("a quote is opened and never closed")
	errAfter     = errors.New(`a closing quote is followed by more text; double the quotes inside a quoted cell ("say ""hi""")`)
)

func (d *csvDecoder) scan(buf []byte, eof bool) (extent, error) {
	end := bytes.IndexByte(buf, '\n')
	x := extent{bytes: end + 1, lines: 1}
	if end < 0 {
		if !eof {
			d.opened = false
			return extent{}, nil
		}
		end, x.bytes = len(buf), len(buf)
	}
	line := buf[:end]
	if end > 0 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	if len(line) == 0 {
		x.blank = true
		return x, nil
	}
	if bytes.IndexByte(line, '"') >= 0 {
		return d.quoted(buf, eof)
	}
	return x, d.plain(line)
}

func (d *csvDecoder) fill(record value.Record, early bool) error {
	list := d.late
	if early {
		list = d.early
	}
	for _, col := range list {
		cell := d.cell(d.cells[col])
		if d.null != "" && string(cell) == d.null {
			cell = nil
		}
		if err := d.slots[col].set(record, cell); err != nil {
			return err
		}
	}
	return nil
}

func (d *csvDecoder) cell(at span) []byte {
	if at.start < 0 {
		return d.texts[-at.start-1]
	}
	return d.base[at.start:at.end]
}

// plain splits a line without quotes.
func (d *csvDecoder) plain(line []byte) error {
	d.base = line
	col, at := 0, 0
	d.commas = d.commas.of(d.comma, line)
	for w, commas := range d.commas[:len(d.commas)-2] {
		for ; commas != 0; commas &= commas - 1 {
			end := w*64 + bits.TrailingZeros64(commas)
			if col < len(d.cells) {
				d.cells[col] = span{int32(at), int32(end)}
			}
			col, at = col+1, end+1
		}
	}
	if col != len(d.cells)-1 {
		return d.wrongWidth(col + 1)
	}
	d.cells[col] = span{int32(at), int32(len(line))}
	return nil
}

func (d *csvDecoder) wrongWidth(got int) error {
	return &widthError{got: got, want: len(d.slots), comma: d.comma}
}

// quoted splits a record with quotes, which may go on over several lines.
func (d *csvDecoder) quoted(buf []byte, eof bool) (extent, error) {
	var err error
	d.base, d.texts = buf, d.texts[:0]
	i, col := 0, 0
	for {
		var at span
		var next int
		var bad error
		if i < len(buf) && buf[i] == '"' {
			at, next, bad = d.unquote(buf, i+1)
			if next < 0 {
				d.opened = true
				if eof {
					return extent{bytes: len(buf)}, errUnclosed
				}
				return extent{}, nil
			}
		} else {
			next = d.bare(buf, i)
			cell := buf[i:next]
			if next == len(buf) || buf[next] == '\n' {
				cell = bytes.TrimSuffix(cell, []byte{'\r'})
			}
			if bytes.IndexByte(cell, '"') >= 0 {
				bad = errBareQuote
			}
			at = span{int32(i), int32(i + len(cell))}
		}
		if col < len(d.cells) {
			d.cells[col] = at
		}
		if err == nil {
			err = bad
		}
		col++
		switch {
		case next == len(buf):
			if !eof {
				d.opened = false
				return extent{}, nil
			}
			return d.end(buf[:next], col, err)
		case buf[next] == '\n':
			return d.end(buf[:next+1], col, err)
		}
		i = next + 1
	}
}

func (d *csvDecoder) end(raw []byte, cols int, err error) (extent, error) {
	if err == nil && cols != len(d.slots) {
		err = d.wrongWidth(cols)
	}
	return extent{bytes: len(raw), lines: max(bytes.Count(raw, []byte{'\n'}), 1)}, err
}

// bare finds the end of a cell without quotes: a delimiter, a line end, or the end of buf.
func (d *csvDecoder) bare(buf []byte, i int) int {
	for i < len(buf) && buf[i] != d.comma && buf[i] != '\n' {
		i++
	}
	return i
}

// unquote finds a quoted cell from behind its first quote. next is the delimiter or line end behind it or the end of
// buf, -1 when the quote is not closed in buf.
func (d *csvDecoder) unquote(buf []byte, start int) (at span, next int, err error) {
	i, doubled := start, false
	for {
		q := bytes.IndexByte(buf[i:], '"')
		if q < 0 {
			return at, -1, nil
		}
		i += q + 1
		if i < len(buf) && buf[i] == '"' {
			doubled = true
			i++
			continue
		}
		break
	}
	at = span{int32(start), int32(i - 1)}
	if doubled {
		d.texts = append(d.texts, d.undouble(buf[start:i-1]))
		at = span{start: -int32(len(d.texts))}
	}
	next = i
	if next+1 < len(buf) && buf[next] == '\r' && buf[next+1] == '\n' {
		next++
	}
	if next == len(buf) || buf[next] == d.comma || buf[next] == '\n' {
		return at, next, nil
	}
	if buf[next] == '\r' && next+1 == len(buf) {
		return at, next + 1, nil
	}
	return at, d.bare(buf, next), errAfter
}

// undouble makes one quote of two, in memory that lives as long as the page.
func (d *csvDecoder) undouble(cell []byte) []byte {
	d.scratch = d.scratch[:0]
	for {
		q := bytes.Index(cell, []byte(`""`))
		if q < 0 {
			break
		}
		d.scratch = append(d.scratch, cell[:q+1]...)
		cell = cell[q+2:]
	}
	d.scratch = append(d.scratch, cell...)
	return d.text(d.scratch)
}
