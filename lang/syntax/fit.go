package syntax

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/diag"
)

// fit tells whether the form of a slot allows the value.
func (p *parser) fit(v Value, s slot) Value {
	ok, suggestion := false, ""
	switch s.spec.Form {
	case Expression, Argument:
		ok = true
	case PlainText:
		_, ok = v.(*Quoted)
		suggestion = quotedWord(v)
	case SettingText:
		switch v.(type) {
		case *Quoted, *Env:
			ok = true
		}
		suggestion = quotedWord(v)
	case Choice:
		return p.fitChoice(v, s)
	case Whole:
		_, ok = WholeOf(v)
		suggestion = unquoted(v)
	case Number:
		_, ok = NumberOf(v)
		suggestion = unquoted(v)
	case Flag:
		_, ok = FlagOf(v)
		suggestion = unquoted(v)
	case Duration:
		return p.fitDuration(v, s)
	case ObjectRef:
		ref, is := v.(*Ref)
		ok = is && len(ref.Steps) >= 2
		suggestion = unquotedRef(v)
	case RefList:
		ref, is := v.(*Ref)
		ok = is && len(ref.Steps) == 2 && s.entry()
		if is && !s.entry() {
			suggestion = "[" + v.Place().Text() + "]"
		} else {
			suggestion = unquotedRef(v)
		}
	case TextList, ChoiceList:
		if _, is := v.(*Quoted); is {
			suggestion = "[" + v.Place().Text() + "]"
		}
	case ConnectionRef:
		ref, is := v.(*Ref)
		ok = is && len(ref.Steps) == 1
		suggestion = bareWord(v)
	case RuleRef:
		ref, is := v.(*Ref)
		ok = is && len(ref.Steps) == 2
		suggestion = unquotedRef(v)
	case KeyField:
		_, ok = v.(*Quoted)
		suggestion = quotedWord(v)
	case Setting:
		_, isRef := v.(*Ref)
		c, isConst := v.(*Const)
		ok = !isRef && !(isConst && c.Kind == NullConst)
		suggestion = quotedWord(v)
	case Literal:
		switch v.(type) {
		case *Const, *Quoted:
			ok = true
		}
		suggestion = quotedWord(v)
	}
	if !ok {
		return p.bad(errWrongForm(s, describe(v), v.Place(), suggestion))
	}
	return v
}

func (p *parser) fitChoice(v Value, s slot) Value {
	q, ok := v.(*Quoted)
	if !ok {
		return p.bad(errWrongForm(s, describe(v), v.Place(), quotedWord(v)))
	}
	if instead, later := s.spec.LaterOneOf[q.Text]; later {
		return p.bad(errLaterChoice(s, q, instead))
	}
	if !slices.Contains(s.spec.OneOf, q.Text) {
		return p.bad(errNotOneOf(s, q))
	}
	return v
}

func (p *parser) fitDuration(v Value, s slot) Value {
	q, ok := v.(*Quoted)
	if !ok {
		return p.bad(errWrongForm(s, describe(v), v.Place(), ""))
	}
	if _, ok := DurationOf(v); !ok {
		return p.bad(errDuration(s, q))
	}
	return v
}

// quotedWord is a bare word in the quotes that it lacks.
func quotedWord(v Value) string {
	switch v := v.(type) {
	case *Ref:
		if len(v.Steps) == 1 {
			return `"` + v.Steps[0].Name + `"`
		}
	case *Const:
		return `"` + v.Literal + `"`
	}
	return ""
}

// unquoted is a constant without the quotes that it should not have.
func unquoted(v Value) string {
	q, ok := v.(*Quoted)
	if !ok {
		return ""
	}
	text := strings.TrimSpace(q.Text)
	if text == "true" || text == "false" {
		return text
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return text
	}
	return ""
}

// bareWord is a name without what it should not have: quotes, or "connection." in front.
func bareWord(v Value) string {
	switch v := v.(type) {
	case *Quoted:
		if plainName(v.Text) {
			return v.Text
		}
	case *Ref:
		if len(v.Steps) == 2 && v.Steps[0].Name == "connection" {
			return v.Steps[1].Name
		}
	}
	return ""
}

// unquotedRef is a reference without the quotes that it should not have.
func unquotedRef(v Value) string {
	q, ok := v.(*Quoted)
	if !ok {
		return ""
	}
	parts := strings.Split(q.Text, ".")
	for _, part := range parts {
		if !plainName(part) {
			return ""
		}
	}
	if len(parts) < 2 {
		return ""
	}
	return q.Text
}

// describe names the spelling of a value, for messages.
func describe(v Value) string {
	switch v := v.(type) {
	case *Ref:
		if len(v.Steps) == 1 {
			return "a bare word"
		}
		return "a reference"
	case *Const:
		switch v.Kind {
		case NullConst:
			return "null"
		case BoolConst:
			return v.Literal
		}
		return "the number " + v.Literal
	case *Quoted:
		return "a text in quotes"
	case *Text:
		return "text(…)"
	case *Env:
		return "an environment variable"
	case *List:
		return "a list"
	case *Object:
		return "an object"
	}
	return "this value"
}

// WholeOf is the value of a Whole attribute.
func WholeOf(v Value) (int, bool) {
	c, ok := v.(*Const)
	if !ok || c.Kind != NumberConst {
		return 0, false
	}
	n, err := strconv.ParseInt(c.Literal, 10, 64)
	return int(n), err == nil && n >= 0
}

// NumberOf is the value of a Number attribute.
func NumberOf(v Value) (float64, bool) {
	c, ok := v.(*Const)
	if !ok || c.Kind != NumberConst {
		return 0, false
	}
	f, err := strconv.ParseFloat(c.Literal, 64)
	return f, err == nil && f >= 0
}

// FlagOf is the value of a Flag attribute.
func FlagOf(v Value) (value, ok bool) {
	c, is := v.(*Const)
	if !is || c.Kind != BoolConst {
		return false, false
	}
	return c.Literal == "true", true
}

// TextOf is the value of a PlainText or Choice attribute, "" for any other value.
func TextOf(v Value) string {
	if q, ok := v.(*Quoted); ok {
		return q.Text
	}
	return ""
}

var durationUnits = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

// DurationOf is the value of a Duration attribute: whole numbers with the units s, m, h, d, w, as in "90d" or "1h30m".
func DurationOf(v Value) (time.Duration, bool) {
	q, ok := v.(*Quoted)
	if !ok {
		return 0, false
	}
	return parseDuration(q.Text)
}

func parseDuration(text string) (total time.Duration, ok bool) {
	for text != "" {
		i := 0
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		if i == 0 || i == len(text) {
			return 0, false
		}
		unit, known := durationUnits[text[i]]
		n, err := strconv.ParseInt(text[:i], 10, 64)
		if !known || err != nil || n > int64((1<<63-1-total)/unit) {
			return 0, false
		}
		total += time.Duration(n) * unit
		text, ok = text[i+1:], true
	}
	return total, ok
}

// entry tells whether the slot is an entry of a list or object.
func (s slot) entry() bool { return s.inner }

// nearestOf is the suggestion among the allowed texts.
func nearestOf(s slot, text string) []string { return diag.Nearest(text, s.spec.OneOf) }
