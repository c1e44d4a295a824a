package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/syncline/syncline/runtime/state"
)

// ledgerRows is how many rows of the ledger one statement adds: half of what a statement of its own costs is not the row.
const ledgerRows = 16

func (s *Store) putLedger(ctx context.Context, tx *sql.Tx, entries []state.Entry) error {
	w := ledgerWriter{s: s, tx: tx}
	whole := len(entries) / ledgerRows * ledgerRows
	if err := w.put(ctx, entries[:whole], ledgerRows); err != nil {
		return err
	}
	if err := w.put(ctx, entries[whole:], 1); err != nil {
		return err
	}
	return putPlaces(ctx, tx, w.places)
}

// put adds the entries, so many with each statement.
func (w *ledgerWriter) put(ctx context.Context, entries []state.Entry, rows int) error {
	if len(entries) == 0 {
		return nil
	}
	const row = "(?, ?, ?, ?, ?, ?)"
	put, err := w.tx.PrepareContext(ctx, "INSERT INTO ledger (run, rule, at, target, source, data) VALUES "+row+strings.Repeat(", "+row, rows-1))
	if err != nil {
		return err
	}
	defer put.Close()
	args := make([]any, 0, 6*rows)
	for part := range slices.Chunk(entries, rows) {
		args = args[:0]
		for i := range part {
			e := &part[i]
			data, err := w.document(ctx, e)
			if err != nil {
				return err
			}
			args = append(args, e.Run, e.Rule, e.At.UnixMicro(), e.Target, e.Source.ID, data)
		}
		res, err := put.ExecContext(ctx, args...)
		if err != nil {
			return err
		}
		id, err := res.LastInsertId()
		if err != nil {
			return err
		}
		id -= int64(len(part)) // of the entry before these
		for i := range part {
			id++
			w.places = placesOf(w.places, partOf(id), id, part[i].Target, part[i].Source.ID)
		}
	}
	return nil
}

// ledgerWriter makes the documents of rows: a ledgerRow each, as encoding/json would write it. That is called for what is
// unusual only, for it would be most of the work.
type ledgerWriter struct {
	s    *Store
	tx   *sql.Tx
	head ledgerHead // of the last row
	id   int64      // its phrase; 0: none yet
	buf  []byte
	// places is where the entries are found.
	places []ledgerAt
}

// document gives the document of an entry, storing the phrases that are new.
func (w *ledgerWriter) document(ctx context.Context, e *state.Entry) (string, error) {
	head := ledgerHead{Revision: e.Revision, Connection: e.Connection, Object: e.Object,
		Source: state.SourceRef{Connection: e.Source.Connection, Object: e.Source.Object}}
	if w.id == 0 || head != w.head {
		text, err := json.Marshal(head)
		if err != nil {
			return "", err
		}
		if w.id, err = w.s.phrase(ctx, w.tx, string(text)); err != nil {
			return "", err
		}
		w.head = head
	}
	b := strconv.AppendInt(append(w.buf[:0], `{"head":`...), w.id, 10)
	b = appendText(append(b, `,"action":`...), e.Action)
	if e.Source.Version != "" {
		b = appendText(append(b, `,"version":`...), e.Source.Version)
	}
	if e.Blind {
		b = append(b, `,"blind":true`...)
	}
	if e.InDoubt {
		b = append(b, `,"in_doubt":true`...)
	}
	var err error
	if len(e.Fields) > 0 {
		b = append(b, `,"fields":[`...)
		for i := range e.Fields {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = w.field(ctx, b, &e.Fields[i]); err != nil {
				return "", err
			}
		}
		b = append(b, ']')
	}
	w.buf = append(b, '}')
	return string(w.buf), nil
}

func (w *ledgerWriter) field(ctx context.Context, b []byte, f *state.FieldChange) ([]byte, error) {
	b = appendText(append(b, `{"name":`...), f.Name)
	var err error
	if b, err = appendValue(append(b, `,"before":`...), f.Before); err != nil {
		return nil, err
	}
	if b, err = appendValue(append(b, `,"after":`...), f.After); err != nil {
		return nil, err
	}
	if f.Expression != "" {
		id, err := w.s.phrase(ctx, w.tx, f.Expression)
		if err != nil {
			return nil, err
		}
		b = strconv.AppendInt(append(b, `,"text":`...), id, 10)
	}
	switch len(f.Inputs) {
	case 0:
	case 1:
		b = append(b, `,"inputs":{`...)
		for name, v := range f.Inputs {
			if b, err = appendValue(append(appendText(b, name), ':'), v); err != nil {
				return nil, err
			}
		}
		b = append(b, '}')
	default: // in order of their names
		if b, err = appendJSON(append(b, `,"inputs":`...), f.Inputs); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendValue appends a value of a field as JSON.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case float64:
		if size := math.Abs(v); v == 0 || size >= 1e-6 && size < 1e21 { // others have exponents
			return strconv.AppendFloat(b, v, 'f', -1, 64), nil
		}
	case string:
		return appendText(b, v), nil
	}
	return appendJSON(b, v)
}

// appendText appends a text as JSON.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return appendOddText(b, s)
		}
	}
	if !utf8.ValidString(s) {
		return appendOddText(b, s)
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendOddText(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // of a string it does not fail
	return append(b, text...)
}

func appendJSON(b []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	return append(b, text...), err
}
