package salesforce

import (
	"encoding/json"
	"fmt"
	"math"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// parse checks a value as it came in JSON for a field and gives it in its stored form.
func (o *org) parse(f *field, v any) (cell, *apiError) {
	if v == nil {
		return cell{}, f.checkNull()
	}
	switch f.typ {
	case "boolean":
		return f.parseBool(v)
	case "int", "double", "currency", "percent":
		return f.parseNumber(v)
	case "date":
		return f.parseDate(v)
	case "datetime":
		return f.parseTime(v)
	}
	text, ok := asText(v)
	if !ok {
		return cell{}, errJSON(f.typ, v)
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return cell{}, f.checkNull()
	}
	if f.isReference() {
		return o.parseReference(f, text)
	}
	return f.parseText(text)
}

// asText takes what Salesforce coerces to a text.
func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func (f *field) checkNull() *apiError {
	if f.typ == "boolean" {
		return fail("INVALID_TYPE_ON_FIELD_IN_RECORD", fmt.Sprintf("%s: value not of required type: null", f.label), f.name)
	}
	return nil
}

func (f *field) parseBool(v any) (cell, *apiError) {
	switch text, _ := asText(v); strings.ToLower(text) {
	case "true", "1":
		return boolCell(true), nil
	case "false", "0":
		return boolCell(false), nil
	}
	return cell{}, errJSON("boolean", v)
}

// parseNumber rounds to the field's scale and bounds by its precision.
func (f *field) parseNumber(v any) (cell, *apiError) {
	text, ok := asText(v)
	if text = strings.TrimSpace(text); ok && text == "" {
		return cell{}, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if _, isBool := v.(bool); !ok || isBool || err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return cell{}, errJSON(f.typ, v)
	}
	whole := f.precision - f.scale
	if f.typ == "int" {
		if n != math.Trunc(n) {
			return cell{}, errJSON("int", v)
		}
		whole = f.digits
	} else {
		n = round(n, f.scale)
	}
	if whole > 0 && math.Abs(n) >= math.Pow10(whole) {
		return cell{}, fail("NUMBER_OUTSIDE_VALID_RANGE", fmt.Sprintf("%s: value outside of valid range on numeric field: %s", f.label, text), f.name)
	}
	return numCell(n + 0), nil
}

func (f *field) parseDate(v any) (cell, *apiError) {
	text, isText := v.(string)
	if text = strings.TrimSpace(text); text == "" && isText {
		return cell{}, nil
	}
	if len(text) > 10 { // a datetime is cut to its day
		if t, ok := parseInstant(text); ok {
			return dayCell(floorDay(t.Unix())), nil
		}
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1700 || t.Year() > 4000 {
		return cell{}, errJSON("date", v)
	}
	return dayCell(floorDay(t.Unix())), nil
}

func (f *field) parseTime(v any) (cell, *apiError) {
	text, isText := v.(string)
	if text = strings.TrimSpace(text); text == "" && isText {
		return cell{}, nil
	}
	t, ok := parseInstant(text)
	if !ok || t.Year() < 1700 || t.Year() > 4000 {
		return cell{}, errJSON("datetime", v)
	}
	return timeCell(t.Unix()), nil
}

// parseInstant reads the forms of a datetime that the API takes.
func parseInstant(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func floorDay(seconds int64) int64 {
	return int64(math.Floor(float64(seconds) / 86400))
}

func (f *field) parseText(text string) (cell, *apiError) {
	if f.typ == "multipicklist" {
		return f.parseMulti(text)
	}
	if f.length > 0 && utf8.RuneCountInString(text) > f.length {
		shown := []rune(text)
		return cell{}, fail("STRING_TOO_LONG", fmt.Sprintf("%s: data value too large: %s (max length=%d)", f.label, string(shown[:min(len(shown), 300)]), f.length), f.name)
	}
	switch f.typ {
	case "picklist":
		return f.parseChoice(text)
	case "email":
		if a, err := mail.ParseAddress(text); err != nil || a.Address != text || !strings.Contains(text[strings.LastIndexByte(text, '@'):], ".") {
			return cell{}, fail("INVALID_EMAIL_ADDRESS", fmt.Sprintf("%s: invalid email address: %s", f.label, text), f.name)
		}
	}
	return textCell(text), nil
}

// parseChoice takes any value in a picklist that is not restricted; a known one gets the case that the list has.
func (f *field) parseChoice(text string) (cell, *apiError) {
	for _, v := range f.values {
		if strings.EqualFold(v, text) {
			return textCell(v), nil
		}
	}
	if f.restricted {
		return cell{}, fail("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", fmt.Sprintf("%s: bad value for restricted picklist field: %s", f.label, text), f.name)
	}
	return textCell(text), nil
}

// parseMulti stores the values in the picklist's order, each once.
func (f *field) parseMulti(text string) (cell, *apiError) {
	var known, others []string
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		c, err := f.parseChoice(part)
		switch {
		case err != nil:
			return cell{}, err
		case !f.hasValue(c.text):
			others = append(others, c.text)
		case !slices.Contains(known, c.text):
			known = append(known, c.text)
		}
	}
	slices.SortFunc(known, func(a, b string) int { return slices.Index(f.values, a) - slices.Index(f.values, b) })
	return textCell(strings.Join(append(known, others...), ";")), nil
}

// parseReference wants the id of a living record of a kind that the field can point to.
func (o *org) parseReference(f *field, text string) (cell, *apiError) {
	id, ok := world.FullID(text)
	if !ok {
		return cell{}, fail("MALFORMED_ID", fmt.Sprintf("%s: id value of incorrect type: %s", f.label, text), f.name)
	}
	t := o.tableOf(id)
	if t == nil {
		return cell{}, fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", f.name)
	}
	if !slices.Contains(f.refTo, t.name) {
		return cell{}, fail("FIELD_INTEGRITY_EXCEPTION", fmt.Sprintf("%s: id value of incorrect type: %s", f.label, text), f.name)
	}
	at := t.findID(id)
	switch {
	case at < 0:
		return cell{}, fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", f.name)
	case t.rows[at].deleted:
		return cell{}, fail("ENTITY_IS_DELETED", "entity is deleted", f.name)
	}
	return textCell(id), nil
}
