package file

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// What a value can be wrong about. The field and the text are added by fieldError.
var (
	errNotNumber   = errors.New("is no number")
	errNotInteger  = errors.New("is no whole number of 64 bits")
	errTooGreat    = errors.New("is too great for a number")
	errTooLong     = errors.New("has more digits than a number holds exactly")
	errNotBoolean  = errors.New("is neither true nor false")
	errNotDate     = errors.New("is no date (2026-01-31)")
	errNotDateTime = errors.New("is no datetime (2026-01-31T09:30:00Z)")
	errNotText     = errors.New("is an object or a list, not a single value")
)

// slot says where a column goes in the record, and as what.
type slot struct {
	at       int // in the record; -1: nowhere
	kind     schema.Kind
	name     string // of the field
	length   int
	inferred bool
	early    bool // what decides whether the record is wanted reads it
}

// fieldError is a value that does not fit its field.
type fieldError struct {
	slot *slot
	text string
	err  error
}

func (e *fieldError) Error() string {
	s := fmt.Sprintf("%s: %q %v", e.slot.name, e.text, e.err)
	if e.slot.inferred {
		s += fmt.Sprintf("; the column was taken for %s from the first rows: declare it in columns, as in %s = \"text\"", e.slot.kind, e.slot.name)
	}
	return s
}

func (e *fieldError) Unwrap() error { return e.err }

// misfit reports a value that does not fit.
func (s *slot) misfit(b []byte, err error) error {
	return &fieldError{slot: s, text: clip(b, 80), err: err}
}

// clip is a short form of a text, for messages.
func clip(b []byte, n int) string {
	if len(b) <= n {
		return string(b)
	}
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return string(b[:n]) + "…"
}

// set reads a text, a CSV cell or a JSON string, into the record. An empty text is null. The bytes live as long as the page.
func (s *slot) set(record value.Record, b []byte) error {
	if len(b) == 0 {
		if s.kind == schema.MultiPicklist {
			record[s.at] = value.List(nil)
		}
		return nil
	}
	dst := &record[s.at]
	var err error
	switch s.kind {
	case schema.Integer:
		err = setNumber(dst, trim(b), true)
	case schema.Number:
		err = setNumber(dst, trim(b), false)
	case schema.Boolean:
		err = setBoolean(dst, trim(b))
	case schema.Date:
		err = setDate(dst, trim(b))
	case schema.DateTime:
		err = setDateTime(dst, trim(b))
	case schema.MultiPicklist:
		setList(dst, b)
	default:
		*dst = shared(b)
	}
	if err != nil {
		return s.misfit(b, err)
	}
	return nil
}

// trim drops the spaces around a value that is no text.
func trim(b []byte) []byte {
	if len(b) > 0 && (b[0] <= ' ' || b[len(b)-1] <= ' ') {
		return bytes.TrimSpace(b)
	}
	return b
}

func setBoolean(dst *value.Value, b []byte) error {
	switch len(b) {
	case 1:
		switch b[0] {
		case '1', 't', 'T', 'y', 'Y':
			*dst = value.Bool(true)
			return nil
		case '0', 'f', 'F', 'n', 'N':
			*dst = value.Bool(false)
			return nil
		}
	case 2, 3, 4, 5:
		switch string(bytes.ToLower(b)) {
		case "true", "yes":
			*dst = value.Bool(true)
			return nil
		case "false", "no":
			*dst = value.Bool(false)
			return nil
		}
	}
	return errNotBoolean
}

// setList splits the values of a multi-picklist at semicolons.
func setList(dst *value.Value, b []byte) {
	var items []value.Value
	for part := range bytes.SplitSeq(b, []byte{';'}) {
		if part = bytes.TrimSpace(part); len(part) > 0 {
			items = append(items, shared(part))
		}
	}
	*dst = value.List(items)
}
