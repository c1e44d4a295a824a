package main

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
)

// w1 reads pieces of whole lines, maps them, on several threads if wanted, and writes what came of them in order.
func w1(in, out string, threads int) error {
	src, err := os.Open(in)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.Create(out)
	if err != nil {
		return err
	}
	defer dst.Close()
	toCSV := strings.HasSuffix(out, ".csv")
	if toCSV {
		if _, err := dst.WriteString("account_id,score,tier,engagement,days_to_renewal,stage_label,subject,csm_domain,at_risk,primary_tag,nps_bucket,arr\n"); err != nil {
			return err
		}
	}
	newMapper := func() *mapper {
		m := &mapper{}
		m.scanner, m.escaped = scannerFor(in)
		m.json = !toCSV
		return m
	}
	p := &pieces{in: src, header: strings.HasSuffix(in, ".csv")}
	if threads == 1 {
		return w1Single(p, dst, newMapper())
	}
	return w1Parallel(p, dst, newMapper, threads)
}

func w1Single(p *pieces, dst io.Writer, m *mapper) error {
	var buf, out []byte
	for {
		piece, err := p.next(&buf)
		if err != nil || piece == nil {
			return err
		}
		out = m.piece(out[:0], piece)
		if _, err := dst.Write(out); err != nil {
			return err
		}
	}
}

type job struct {
	buf, piece, out []byte
	done            chan struct{}
}

func w1Parallel(p *pieces, dst io.Writer, newMapper func() *mapper, threads int) error {
	free, work, order := make(chan *job, 2*threads), make(chan *job, 2*threads), make(chan *job, 2*threads)
	for range 2 * threads {
		free <- &job{done: make(chan struct{}, 1)}
	}
	for range threads {
		go func() {
			m := newMapper()
			for j := range work {
				j.out = m.piece(j.out[:0], j.piece)
				j.done <- struct{}{}
			}
		}()
	}
	var writing sync.WaitGroup
	var failed error
	writing.Go(func() {
		for j := range order {
			<-j.done
			if _, err := dst.Write(j.out); err != nil && failed == nil {
				failed = err
			}
			free <- j
		}
	})
	var readErr error
	for {
		j := <-free
		if j.piece, readErr = p.next(&j.buf); j.piece == nil {
			break
		}
		order <- j
		work <- j
	}
	close(work)
	close(order)
	writing.Wait()
	if failed == nil {
		failed = readErr
	}
	return failed
}

// pieces cuts a file into pieces of whole lines.
type pieces struct {
	in     io.Reader
	rest   []byte
	header bool // the first line is one
	over   bool
}

const pieceSize = 1 << 20

// next gives the next piece in buf's memory, nil at the end.
func (p *pieces) next(buf *[]byte) ([]byte, error) {
	if p.over {
		return nil, nil
	}
	b := append((*buf)[:0], p.rest...)
	have := len(b)
	if cap(b) < have+pieceSize {
		b = append(make([]byte, 0, have+pieceSize), b...)
	}
	n, err := io.ReadFull(p.in, b[have:have+pieceSize])
	b = b[:have+n]
	*buf = b
	switch err {
	case nil:
	case io.EOF, io.ErrUnexpectedEOF:
		p.over = true
	default:
		return nil, err
	}
	if end := bytes.LastIndexByte(b, '\n') + 1; !p.over {
		p.rest = append(p.rest[:0], b[end:]...)
		b = b[:end]
	}
	if p.header {
		p.header = false
		b = b[bytes.IndexByte(b, '\n')+1:]
	}
	if len(b) == 0 && p.over {
		return nil, nil
	}
	return b, nil
}

// mapper is the filter and the twelve fields.
type mapper struct {
	scanner scanner
	escaped bool // texts are JSON-escaped already
	json    bool // the output is
	r       row
}

func (m *mapper) piece(out, piece []byte) []byte {
	lines(piece, func(line []byte) {
		m.scanner.scan(line, &m.r)
		out = m.record(out)
	})
	return out
}

func (m *mapper) record(b []byte) []byte {
	r := &m.r
	worth := number(r[arr])
	label := ""
	switch string(r[stage]) {
	case "adoption":
		label = "ADOPTION & ENABLEMENT"
	case "growth":
		label = "GROWTH & EXPANSION"
	case "renewal":
		label = "RENEWAL WINDOW"
	}
	if label == "" || worth <= 10_000 {
		return b
	}
	scored := len(r[score]) > 0
	points := 0.0
	if scored {
		points = number(r[score])
	}
	b = m.str(b, 0, r[account])
	b = m.num(b, 1, scored, points, 1)
	b = m.str(b, 2, []byte(tier(scored, points, r[risk][0])))
	active := len(r[dau]) > 0 && len(r[wau]) > 0 && r[wau][0] != '0'
	ratio := 0.0
	if active {
		ratio = number(r[dau]) / number(r[wau])
	}
	b = m.num(b, 3, active, ratio, 4)
	b = strconv.AppendInt(m.key(b, 4), days(r[renewal])-20468, 10)
	b = m.str(b, 5, []byte(label))
	b = m.subject(b, scored, points)
	b = m.domain(b)
	b = strconv.AppendBool(m.key(b, 8), r[risk][0] == 'R' || scored && points < 60)
	b = m.firstTag(b)
	b = m.str(b, 10, []byte(bucket(r[nps])))
	b = m.num(b, 11, true, worth, 2)
	if m.json {
		b = append(b, '}')
	}
	return append(b, '\n')
}

var outKeys = [...]string{`{"account_id":`, `,"score":`, `,"tier":`, `,"engagement":`, `,"days_to_renewal":`, `,"stage_label":`, `,"subject":`,
	`,"csm_domain":`, `,"at_risk":`, `,"primary_tag":`, `,"nps_bucket":`, `,"arr":`}

func (m *mapper) key(b []byte, i int) []byte {
	if m.json {
		return append(b, outKeys[i]...)
	}
	if i > 0 {
		return append(b, ',')
	}
	return b
}

// str writes a text that needs neither quotes nor escapes.
func (m *mapper) str(b []byte, i int, s []byte) []byte {
	b = m.key(b, i)
	if !m.json {
		return append(b, s...)
	}
	b = append(b, '"')
	return append(append(b, s...), '"')
}

func (m *mapper) num(b []byte, i int, has bool, x float64, digits int) []byte {
	b = m.key(b, i)
	if !has {
		if m.json {
			return append(b, "null"...)
		}
		return b
	}
	unit := int64(tens[digits])
	n := int64(x*float64(unit) + 0.5)
	b = strconv.AppendInt(b, n/unit, 10)
	if n %= unit; n != 0 {
		b = append(b, '.')
		for unit /= 10; n > 0; unit /= 10 {
			b = append(b, byte('0'+n/unit))
			n %= unit
		}
	}
	return b
}

func tier(scored bool, points float64, risk byte) string {
	switch {
	case scored && points < 50, !scored && risk == 'R':
		return "Red"
	case scored && points < 75, !scored && risk == 'Y':
		return "Yellow"
	}
	return "Green"
}

func (m *mapper) subject(b []byte, scored bool, points float64) []byte {
	b = m.key(b, 6)
	company := m.r[name]
	quoted := m.json || bytes.ContainsAny(company, `",`)
	if quoted {
		b = append(b, '"')
	}
	b = append(b, "Health review: "...)
	if m.json && m.escaped {
		b = append(b, company...)
	} else {
		for _, c := range company {
			switch {
			case m.json && (c == '"' || c == '\\'):
				b = append(b, '\\')
			case !m.json && c == '"':
				b = append(b, '"')
			}
			b = append(b, c)
		}
	}
	if scored {
		b = append(b, " ("...)
		b = append(strconv.AppendInt(b, int64(points+0.5), 10), "/100)"...)
	} else {
		b = append(b, " (no score)"...)
	}
	if quoted {
		b = append(b, '"')
	}
	return b
}

func (m *mapper) domain(b []byte) []byte {
	mail := m.r[email]
	b = m.str(b, 7, mail[bytes.LastIndexByte(mail, '@')+1:])
	for i := len(b) - 1; i >= 0 && b[i] != ','; i-- {
		if b[i] >= 'A' && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return b
}

func (m *mapper) firstTag(b []byte) []byte {
	all := m.r[tags]
	if len(all) == 0 {
		return m.num(b, 9, false, 0, 0)
	}
	if i := bytes.IndexByte(all, ';'); i >= 0 {
		all = all[:i]
	}
	return m.str(b, 9, all)
}

func bucket(nps []byte) string {
	if len(nps) == 0 {
		return "unknown"
	}
	switch n := number(nps); {
	case n >= 9:
		return "promoter"
	case n >= 7:
		return "passive"
	}
	return "detractor"
}

// days is the number of days from 1970-01-01 to a date.
func days(b []byte) int64 {
	at := func(i int) int64 { return int64(b[i]-'0')*10 + int64(b[i+1]-'0') }
	y, mo, d := at(0)*100+at(2), at(5), at(8)
	if mo <= 2 {
		y, mo = y-1, mo+12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*(mo-3)+2)/5 + d - 719469
}
