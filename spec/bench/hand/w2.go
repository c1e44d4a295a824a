package main

import (
	"bufio"
	"os"
)

// w2 keeps the scores of the previous snapshot by key and looks the current one up. Only the fields that matter are
// kept, but every line is split whole.
func w2(previous, current, out string) error {
	old := make(map[string]float64, 1<<20)
	err := each(previous, func(r *row) {
		if len(r[score]) > 0 {
			old[string(r[gsid])] = number(r[score])
		}
	})
	if err != nil {
		return err
	}
	dst, err := os.Create(out)
	if err != nil {
		return err
	}
	defer dst.Close()
	w := bufio.NewWriterSize(dst, 1<<18)
	m := &mapper{json: true}
	err = each(current, func(r *row) {
		if len(r[score]) == 0 {
			return
		}
		now := number(r[score])
		before, had := old[text(r[gsid])]
		if !had || before < 60 || now >= 60 {
			return
		}
		b := w.AvailableBuffer()
		b = append(append(b, `{"gsid":"`...), r[gsid]...)
		b = append(append(b, `","name":"`...), r[name]...)
		b = m.decimal(append(b, `","old_score":`...), before)
		b = m.decimal(append(b, `,"new_score":`...), now)
		_, _ = w.Write(append(b, '}', '\n'))
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// decimal writes a score, which has at most three digits.
func (m *mapper) decimal(b []byte, x float64) []byte {
	keyed := m.num(nil, 1, true, x, 3)
	return append(b, keyed[len(outKeys[1]):]...)
}

// each calls f with each record of a file.
func each(path string, f func(*row)) error {
	src, err := os.Open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	s, escaped := scannerFor(path)
	p := &pieces{in: src, header: !escaped}
	var buf []byte
	var r row
	for {
		piece, err := p.next(&buf)
		if err != nil || piece == nil {
			return err
		}
		lines(piece, func(line []byte) {
			s.scan(line, &r)
			f(&r)
		})
	}
}
