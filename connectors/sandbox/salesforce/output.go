package salesforce

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// appendCell writes a value as the API does.
func appendCell(b []byte, f *field, c cell) []byte {
	switch c.kind {
	case isTrue:
		return append(b, "true"...)
	case isFalse:
		return append(b, "false"...)
	case isText:
		return appendText(b, c.text)
	case isDay:
		b = append(b, '"')
		b = time.Unix(c.int*86400, 0).UTC().AppendFormat(b, time.DateOnly)
		return append(b, '"')
	case isTime:
		b = append(b, '"')
		b = appendTime(b, c.int)
		return append(b, '"')
	case isNumber:
		return appendNumber(b, f, c.num)
	}
	return append(b, "null"...)
}

// appendTime writes a moment with the zone that Salesforce gives, which has no colon.
func appendTime(b []byte, seconds int64) []byte {
	return time.Unix(seconds, 0).UTC().AppendFormat(b, "2006-01-02T15:04:05.000+0000")
}

// appendNumber writes whole numbers of a decimal field with a point, as in 23.0.
func appendNumber(b []byte, f *field, n float64) []byte {
	b = strconv.AppendFloat(b, n, 'f', -1, 64)
	if f != nil && f.typ != "int" && n == math.Trunc(n) {
		b = append(b, ".0"...)
	}
	return b
}

// appendText writes a JSON string.
func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			data, _ := json.Marshal(s)
			return append(b, data...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// plain is a value as a text to compare with.
func (c cell) plain() string {
	switch c.kind {
	case isText:
		return c.text
	case isNull:
		return ""
	}
	b := appendCell(nil, nil, c)
	if len(b) > 1 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	return string(b)
}

// appendAttributes writes the key that each record begins with.
func appendAttributes(b []byte, version, typ, object, id string) []byte {
	b = append(b, `{"attributes":{"type":"`...)
	b = append(b, typ...)
	b = append(b, `","url":"/services/data/`...)
	b = append(b, version...)
	b = append(b, "/sobjects/"...)
	b = append(b, object...)
	b = append(b, '/')
	b = append(b, id...)
	return append(b, `"}`...)
}

// addressParts are the fields that an address is made of, by their key in the answer.
var addressParts = [...][2]string{{"city", "City"}, {"country", "Country"}, {"geocodeAccuracy", "GeocodeAccuracy"}, {"latitude", "Latitude"},
	{"longitude", "Longitude"}, {"postalCode", "PostalCode"}, {"state", "State"}, {"street", "Street"}}

// appendAddress writes a compound address, null when all its parts are.
func appendAddress(b []byte, t *table, r *row, f *field) []byte {
	stem := f.name[:len(f.name)-len("Address")]
	start, any := len(b), false
	for i, part := range addressParts {
		sep := byte(',')
		if i == 0 {
			sep = '{'
		}
		b = append(b, sep, '"')
		b = append(append(b, part[0]...), '"', ':')
		c := at(t, r, stem+part[1])
		any = any || c.kind != isNull
		b = appendCell(b, t.field(stem+part[1]), c)
	}
	if !any {
		return append(b[:start], "null"...)
	}
	return append(b, '}')
}

// appendField writes the value of a field of a record.
func appendField(b []byte, t *table, r *row, f *field) []byte {
	if f.typ == "address" {
		return appendAddress(b, t, r, f)
	}
	return appendCell(b, f, t.value(f, r))
}

// appendRow writes a record with the given fields, all of them when there are none.
func appendRow(b []byte, version string, t *table, r *row, fields []*field) []byte {
	b = appendAttributes(b, version, t.name, t.name, t.id(r.num))
	if fields == nil {
		fields = t.fields
	}
	for _, f := range fields {
		b = append(b, ',', '"')
		b = append(append(b, f.name...), '"', ':')
		b = appendField(b, t, r, f)
	}
	return append(b, '}')
}
