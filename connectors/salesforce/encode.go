package salesforce

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// appendValue writes a value as JSON in the form that the field takes.
func appendValue(dst []byte, f *schema.Field, v value.Value) ([]byte, error) {
	if f != nil && f.Kind == schema.MultiPicklist {
		return appendItems(dst, f, v)
	}
	switch v.Kind() {
	case value.KindNull:
		return append(dst, "null"...), nil
	case value.KindBool, value.KindInt, value.KindFloat:
		if f != nil && f.Kind.IsText() {
			return appendString(dst, v.String()), nil
		}
		return v.AppendText(dst), nil
	case value.KindText:
		if v.AsText() == "" {
			return append(dst, "null"...), nil
		}
		if f != nil && f.Kind == schema.TimeOfDay {
			return appendString(dst, clockValue(v.AsText())), nil
		}
		return appendString(dst, v.AsText()), nil
	case value.KindDate:
		return appendString(dst, v.String()), nil
	case value.KindTime:
		if f != nil && f.Kind == schema.Date {
			break
		}
		return appendString(dst, v.AsTime().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z")), nil
	}
	return dst, misfit(f, v)
}

func misfit(f *schema.Field, v value.Value) error {
	e := &connectors.Error{Class: connectors.Reject, Code: "misfit", Message: fmt.Sprintf("a %s cannot be written", v.Kind())}
	if f != nil {
		e.Message += " to " + f.Name + ", a field of type " + f.Kind.String()
		e.Fields = []string{f.Name}
	}
	return e
}

// appendItems joins the values of a multi-picklist.
func appendItems(dst []byte, f *schema.Field, v value.Value) ([]byte, error) {
	if v.Kind() == value.KindText && v.AsText() != "" {
		return appendString(dst, v.AsText()), nil
	}
	if v.IsNull() || value.IsEmpty(v) {
		return append(dst, "null"...), nil
	}
	if v.Kind() != value.KindList {
		return dst, misfit(f, v)
	}
	texts := make([]string, 0, len(v.AsList()))
	for _, item := range v.AsList() {
		text := item.String()
		if strings.Contains(text, ";") {
			return dst, &connectors.Error{Class: connectors.Reject, Code: "misfit", Fields: []string{f.Name},
				Message: fmt.Sprintf("%q cannot be a value of the multi-picklist %s: it holds a semicolon, which stands between values", text, f.Name)}
		}
		texts = append(texts, text)
	}
	return appendString(dst, strings.Join(texts, ";")), nil
}

// clockValue gives a time of day the zone that Salesforce wants.
func clockValue(s string) string {
	if strings.HasSuffix(s, "Z") {
		return s
	}
	if !strings.Contains(s, ".") {
		s += ".000"
	}
	return s + "Z"
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string. Broken UTF-8 becomes the replacement character.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
		i++
	}
	return append(dst, '"')
}

// appendFields writes fields as members of a JSON object, each after a comma, save those to be left out.
func appendFields(dst []byte, o *schema.Object, fields []connectors.Field, except string) ([]byte, error) {
	var err error
	for _, f := range fields {
		if f.Name == except {
			continue
		}
		dst = append(dst, ',')
		dst = appendString(dst, f.Name)
		dst = append(dst, ':')
		if dst, err = appendValue(dst, o.Field(f.Name), f.Value); err != nil {
			return dst, err
		}
	}
	return dst, nil
}
