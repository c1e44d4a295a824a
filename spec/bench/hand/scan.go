package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unsafe"
)

// The fields of a company by position.
const (
	gsid = iota
	name
	account
	score
	risk
	arr
	renewal
	email
	dau
	wau
	nps
	stage
	updated
	tags
	width
)

// row is the raw fields of one record; an empty one is null. Texts of JSON are still escaped.
type row [width][]byte

var keys = [width]string{`"gsid":`, `"name":`, `"sfdc_account_id":`, `"health_score":`, `"risk":`, `"arr":`, `"renewal_date":`, `"csm_email":`,
	`"dau":`, `"wau":`, `"nps":`, `"lifecycle_stage":`, `"updated_at":`, `"tags":`}

// scanner splits a line into a row.
type scanner interface {
	scan(line []byte, r *row)
}

func scannerFor(path string) (s scanner, escaped bool) {
	if bytes.HasSuffix([]byte(path), []byte(".csv")) {
		return &csvScanner{}, false
	}
	return jsonScanner{}, true
}

// jsonScanner takes flat objects. Keys in the order of the data and without white space cost a comparison each;
// anything else is left to encoding/json.
type jsonScanner struct{}

func (jsonScanner) scan(line []byte, r *row) {
	i := 1
	for f := range r {
		if end := i + len(keys[f]); end >= len(line) || text(line[i:end]) != keys[f] {
			scanAny(line, r)
			return
		}
		i += len(keys[f])
		if line[i] == '"' {
			start := i + 1
			for i = start; ; i++ {
				i += bytes.IndexByte(line[i:], '"')
				slashes := 0
				for line[i-1-slashes] == '\\' {
					slashes++
				}
				if slashes%2 == 0 {
					break
				}
			}
			r[f] = line[start:i]
			i += 2
			continue
		}
		start := i
		for line[i] != ',' && line[i] != '}' {
			i++
		}
		if r[f] = line[start:i]; r[f][0] == 'n' {
			r[f] = nil
		}
		i++
	}
}

// scanAny takes any order of keys. Texts are kept as they are written, in their quotes' escapes.
func scanAny(line []byte, r *row) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		panic(fmt.Sprintf("%s: %v", line, err))
	}
	for f := range r {
		v := []byte(fields[keys[f][1:len(keys[f])-2]])
		switch {
		case len(v) == 0 || v[0] == 'n':
			v = nil
		case v[0] == '"':
			v = v[1 : len(v)-1]
		}
		r[f] = v
	}
}

// csvScanner takes records that do not go over several lines.
type csvScanner struct{ unquoted []byte }

func (s *csvScanner) scan(line []byte, r *row) {
	if bytes.IndexByte(line, '"') >= 0 {
		s.scanQuoted(line, r)
		return
	}
	for f := range width - 1 {
		n := bytes.IndexByte(line, ',')
		r[f], line = line[:n], line[n+1:]
	}
	r[width-1] = line
}

func (s *csvScanner) scanQuoted(line []byte, r *row) {
	s.unquoted = append(s.unquoted[:0], line...)[:0]
	for f := range r {
		if len(line) == 0 || line[0] != '"' {
			n := bytes.IndexByte(line, ',')
			if n < 0 {
				n = len(line)
			}
			r[f], line = line[:n], line[min(n+1, len(line)):]
			continue
		}
		start := len(s.unquoted)
		for line = line[1:]; ; {
			n := bytes.IndexByte(line, '"')
			s.unquoted = append(s.unquoted, line[:n]...)
			if line = line[n+1:]; len(line) == 0 || line[0] != '"' {
				break
			}
			s.unquoted, line = append(s.unquoted, '"'), line[1:]
		}
		r[f], line = s.unquoted[start:], line[min(1, len(line)):]
	}
}

var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// number parses a plain decimal of up to 15 digits.
func number(b []byte) float64 {
	var n uint64
	digits := -1
	for _, c := range b {
		switch {
		case c == '.':
			digits = 0
		case c >= '0' && c <= '9' && len(b) <= 16:
			n = n*10 + uint64(c-'0')
			if digits >= 0 {
				digits++
			}
		default:
			f, err := strconv.ParseFloat(text(b), 64)
			if err != nil {
				panic(fmt.Sprintf("%q is no number", b))
			}
			return f
		}
	}
	return float64(n) / tens[max(digits, 0)]
}

func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// lines calls f with each line that is not empty.
func lines(piece []byte, f func([]byte)) {
	for len(piece) > 0 {
		n := bytes.IndexByte(piece, '\n')
		if n < 0 {
			n = len(piece)
		}
		if n > 0 {
			f(piece[:n])
		}
		piece = piece[min(n+1, len(piece)):]
	}
}
