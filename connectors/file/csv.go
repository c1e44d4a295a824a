package file

import (
	"bytes"
	"errors"

	"github.com/syncline/syncline/lang/value"
)

// csvDecoder splits and decodes records by RFC 4180: quotes around cells with delimiters, quotes and line ends;
// quotes in them doubled; LF or CRLF.
type csvDecoder struct {
	comma byte
	null  string
	slots []slot // by column
	last  int    // the last column that is wanted, -1 for none
	text  func([]byte) []byte
	// scratch holds an unquoted cell until it is copied.
	scratch []byte
	// opened tells that the last record was not complete because of a quote that the buffer does not close.
	opened bool
}

var (
	errBareQuote = errors.New(`a quote stands inside a cell that is not quoted; quote the whole cell and double the quotes in it ("say ""hi""")`)
	errUnclosed  = errors.New("a quote is opened and never closed")
	errAfter     = errors.New(`a closing quote is followed by more text; double the quotes inside a quoted cell ("say ""hi""")`)
)

// decode reads the record at the start of buf. n is its length with its line end: 0, when it is not complete and there
// may be more. used is false for a blank line. With an error n is what to pass over.
func (d *csvDecoder) decode(buf []byte, eof bool, record value.Record) (n int, used bool, err error) {
	end := bytes.IndexByte(buf, '\n')
	n = end + 1
	if end < 0 {
		if !eof {
			d.opened = false
			return 0, false, nil
		}
		end, n = len(buf), len(buf)
	}
	line := buf[:end]
	if end > 0 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	if len(line) == 0 {
		return n, false, nil
	}
	if bytes.IndexByte(line, '"') >= 0 {
		return d.quoted(buf, eof, record)
	}
	return n, true, d.plain(line, record)
}

// plain decodes a line without quotes.
func (d *csvDecoder) plain(line []byte, record value.Record) error {
	rest, width := line, len(d.slots)
	for col := 0; col <= d.last; col++ {
		cell := rest
		if i := bytes.IndexByte(rest, d.comma); i >= 0 {
			cell, rest = rest[:i], rest[i+1:]
		} else if col != width-1 {
			return d.wrongWidth(col + 1)
		} else {
			rest = nil
		}
		if s := &d.slots[col]; s.at >= 0 {
			if err := d.cell(s, cell, record); err != nil {
				return err
			}
		}
		if col == width-1 && rest != nil {
			return d.wrongWidth(width + 1 + bytes.Count(rest, []byte{d.comma}))
		}
	}
	if d.last < width-1 || width == 0 {
		if got := d.last + 2 + bytes.Count(rest, []byte{d.comma}); got != width {
			return d.wrongWidth(got)
		}
	}
	return nil
}

func (d *csvDecoder) cell(s *slot, cell []byte, record value.Record) error {
	if d.null != "" && string(cell) == d.null {
		cell = nil
	}
	return s.set(record, cell)
}

func (d *csvDecoder) wrongWidth(got int) error {
	return &widthError{got: got, want: len(d.slots), comma: d.comma}
}

// quoted decodes a record with quotes, which may go on over several lines.
func (d *csvDecoder) quoted(buf []byte, eof bool, record value.Record) (n int, used bool, err error) {
	i, col := 0, 0
	for {
		var cell []byte
		var next int
		var bad error
		if i < len(buf) && buf[i] == '"' {
			cell, next, bad = d.unquote(buf, i+1)
			if next < 0 {
				d.opened = true
				if eof {
					return len(buf), false, errUnclosed
				}
				return 0, false, nil
			}
		} else {
			next = d.bare(buf, i)
			cell = buf[i:next]
			if next == len(buf) || buf[next] == '\n' {
				cell = bytes.TrimSuffix(cell, []byte{'\r'})
			}
			if bytes.IndexByte(cell, '"') >= 0 {
				bad = errBareQuote
			}
		}
		if bad == nil && err == nil && col < len(d.slots) && d.slots[col].at >= 0 {
			bad = d.cell(&d.slots[col], cell, record)
		}
		if err == nil {
			err = bad
		}
		col++
		switch {
		case next == len(buf):
			if !eof {
				d.opened = false
				return 0, false, nil
			}
			return d.end(next, col, err)
		case buf[next] == '\n':
			return d.end(next+1, col, err)
		}
		i = next + 1
	}
}

func (d *csvDecoder) end(n, cols int, err error) (int, bool, error) {
	if err == nil && cols != len(d.slots) {
		err = d.wrongWidth(cols)
	}
	return n, true, err
}

// bare finds the end of a cell without quotes: a delimiter, a line end, or the end of buf.
func (d *csvDecoder) bare(buf []byte, i int) int {
	for i < len(buf) && buf[i] != d.comma && buf[i] != '\n' {
		i++
	}
	return i
}

// unquote reads a quoted cell from behind its first quote. next is the delimiter or line end behind it or the end of
// buf, -1 when the quote is not closed in buf.
func (d *csvDecoder) unquote(buf []byte, start int) (cell []byte, next int, err error) {
	i, doubled := start, false
	for {
		q := bytes.IndexByte(buf[i:], '"')
		if q < 0 {
			return nil, -1, nil
		}
		i += q + 1
		if i < len(buf) && buf[i] == '"' {
			doubled = true
			i++
			continue
		}
		break
	}
	cell = buf[start : i-1]
	if doubled {
		cell = d.undouble(cell)
	}
	next = i
	if next+1 < len(buf) && buf[next] == '\r' && buf[next+1] == '\n' {
		next++
	}
	if next == len(buf) || buf[next] == d.comma || buf[next] == '\n' {
		return cell, next, nil
	}
	if buf[next] == '\r' && next+1 == len(buf) {
		return cell, next + 1, nil
	}
	return cell, d.bare(buf, next), errAfter
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
