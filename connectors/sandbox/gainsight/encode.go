package gainsight

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// encodeRows writes an answer of rows under the names that were asked for.
func (s *System) encodeRows(rows []*row, paths []*path) []byte {
	names := make([][]byte, len(paths))
	for i, p := range paths {
		names[i] = append(appendText(nil, p.name), ':')
	}
	out := make([]byte, 0, 256+len(rows)*len(paths)*32)
	out = append(out, `{"result":true,"errorCode":null,"errorDesc":null,"requestId":"`+requestID()+`","data":`...)
	if !s.options.ListEnvelope {
		out = append(out, `{"records":`...)
	}
	out = append(out, '[')
	for i, r := range rows {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '{')
		for j, p := range paths {
			if j > 0 {
				out = append(out, ',')
			}
			out = append(out, names[j]...)
			out = appendCell(out, p.value(r), s.options.ISODates)
		}
		out = append(out, '}')
	}
	out = append(out, ']')
	if !s.options.ListEnvelope {
		out = append(out, '}')
	}
	return append(out, `,"message":null}`...)
}

// appendCell writes a value as the wire has it.
func appendCell(out []byte, v any, iso bool) []byte {
	switch v := v.(type) {
	case string:
		return appendText(out, v)
	case float64:
		return strconv.AppendFloat(out, v, 'f', -1, 64)
	case bool:
		return strconv.AppendBool(out, v)
	case day:
		out = append(out, '"')
		out = time.Unix(int64(v)*86400, 0).UTC().AppendFormat(out, time.DateOnly)
		return append(out, '"')
	case instant:
		if !iso {
			return strconv.AppendInt(out, int64(v), 10)
		}
		out = append(out, '"')
		out = time.UnixMilli(int64(v)).UTC().AppendFormat(out, "2006-01-02T15:04:05Z")
		return append(out, '"')
	case multi:
		return appendText(out, strings.Join(v, ";"))
	}
	return append(out, "null"...)
}

func appendText(out []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if !plain {
		b, _ := json.Marshal(s) // of a text, cannot fail
		return append(out, b...)
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}

// parseInstant reads a datetime of a write or filter: milliseconds, or one of the spellings that are known to be taken.
func parseInstant(v any) (instant, bool) {
	if n, ok := v.(json.Number); ok {
		x, err := n.Int64()
		return instant(x), err == nil && (x > 1e10 || x < -1e10)
	}
	s, ok := v.(string)
	if !ok {
		return 0, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999Z0700", "2006-01-02 15:04:05", time.DateOnly, "01-02-2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return ms(t), true
		}
	}
	return 0, false
}

// parseDay reads a date of a write or filter.
func parseDay(v any) (day, bool) {
	t, ok := parseInstant(v)
	if !ok {
		return 0, false
	}
	return dayOf(time.UnixMilli(int64(t))), true
}
