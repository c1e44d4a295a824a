package salesforce

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/syncline/syncline/connectors/salesforce/soql"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// literalMost is the longest text in a filter, in characters; Salesforce takes 4000.
const literalMost = 3900

// fit is how a constant stands to a field.
type fit uint8

const (
	fits    fit = iota
	never       // no record can hold the value, so it equals none
	unknown     // it cannot be put into a filter
)

// literal writes a constant for a comparison with the field. exact tells whether Salesforce's = agrees with ours.
func literal(f *schema.Field, v value.Value) (text string, exact bool, how fit) {
	switch f.Kind {
	case schema.Boolean:
		if v.Kind() != value.KindBool {
			return "", false, never
		}
		return strconv.FormatBool(v.AsBool()), true, fits
	case schema.Integer, schema.Number:
		if !v.IsNumber() {
			return "", false, never
		}
		return number(v)
	case schema.Date:
		if v.Kind() != value.KindDate {
			return "", false, never
		}
		return day(v)
	case schema.DateTime:
		if v.Kind() != value.KindTime {
			return "", false, never
		}
		return instant(v.AsMicros())
	case schema.ID, schema.Reference:
		return idLiteral(v)
	case schema.Text, schema.Picklist, schema.Email, schema.URL, schema.Phone:
		return textLiteral(f, v)
	}
	return "", false, unknown
}

func number(v value.Value) (string, bool, fit) {
	if math.Abs(v.AsFloat()) >= 1e18 {
		return "", false, unknown
	}
	return string(v.AppendText(nil)), true, fits
}

// day writes a date. Salesforce takes the years 1700 to 4000.
func day(v value.Value) (string, bool, fit) {
	t := time.Unix(v.AsDay()*86400, 0).UTC()
	if t.Year() < 1700 || t.Year() > 4000 {
		return "", false, unknown
	}
	return t.Format(time.DateOnly), true, fits
}

func instant(micros int64) (string, bool, fit) {
	t := time.UnixMicro(micros).UTC()
	if t.Year() < 1700 || t.Year() > 4000 {
		return "", false, unknown
	}
	if micros%1_000_000 != 0 {
		return "", false, never // stamps are whole seconds
	}
	return t.Format("2006-01-02T15:04:05Z"), true, fits
}

// idLiteral writes an id. A text that is none would fail the whole query, and equals no id.
func idLiteral(v value.Value) (string, bool, fit) {
	s := v.AsText()
	if v.Kind() != value.KindText || len(s) != 15 && len(s) != 18 {
		return "", false, never
	}
	for i := range len(s) {
		if c := s[i]; c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' || c > 'z' {
			return "", false, never
		}
	}
	// The short form finds the record, whose id in our records is the long one.
	return "'" + value.LongID(s) + "'", len(s) == 18, fits
}

func textLiteral(f *schema.Field, v value.Value) (string, bool, fit) {
	if v.Kind() != value.KindText {
		return "", false, never
	}
	s := v.AsText()
	n := utf8.RuneCountInString(s)
	switch {
	case s == "" || f.Length > 0 && n > f.Length || !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return "", false, never
	case n > literalMost:
		return "", false, unknown
	}
	return soql.Quote(s), f.CaseSensitive || !hasCase(s), fits
}

// hasCase tells whether another spelling of the text may be equal to a system that folds case.
func hasCase(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf {
			return true
		}
	}
	return false
}
