package file

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// cells decodes the first record of buf as texts. n is 0 when it is not complete.
func cells(comma byte, buf []byte, eof bool) (texts []string, n int, err error) {
	for {
		width, m, err := countCells(comma, buf, eof)
		if err != nil || m == 0 {
			return nil, m, err
		}
		if width == 0 {
			buf, n = buf[m:], n+m
			if len(buf) == 0 {
				return nil, n, nil
			}
			continue
		}
		d := &csvDecoder{comma: comma, slots: make([]slot, width), cells: make([]span, width), text: bytes.Clone}
		if _, err := d.scan(buf, eof); err != nil {
			return nil, n + m, err
		}
		texts = make([]string, width)
		for i, at := range d.cells {
			texts[i] = string(d.cell(at))
		}
		return texts, n + m, nil
	}
}

// countCells counts the cells of the first record; 0 for a blank line.
func countCells(comma byte, buf []byte, eof bool) (width, n int, err error) {
	d := &csvDecoder{comma: comma, text: bytes.Clone}
	x, err := d.scan(buf, eof)
	if x.blank || x.bytes == 0 {
		return 0, x.bytes, err
	}
	// A decoder of no columns always finds the width wrong, and says what it is.
	var w *widthError
	if errors.As(err, &w) {
		return w.got, x.bytes, nil
	}
	return 0, x.bytes, err
}

// headerNames gives each column its name: an empty header has none, and a name that comes again gets _2, _3 ….
func headerNames(header []string) []string {
	seen := map[string]bool{}
	for _, h := range header {
		seen[h] = true
	}
	used := map[string]bool{}
	out := make([]string, len(header))
	for i, h := range header {
		if h == "" {
			continue
		}
		name := h
		for n := 2; used[name]; n++ {
			if next := h + "_" + strconv.Itoa(n); !seen[next] {
				name = next
			}
		}
		used[name] = true
		out[i] = name
	}
	return out
}

// widthError is a line with too few or too many cells.
type widthError struct {
	got, want int
	comma     byte
}

func (e *widthError) Error() string {
	return fmt.Sprintf("the line has %d cells, the header %d; quote cells that hold the delimiter %q", e.got, e.want, e.comma)
}
