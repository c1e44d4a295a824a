package soql

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/participle/v2"
)

const (
	// MaxLength is the most characters of a statement.
	MaxLength = 100_000
	// maxDepth is the most parentheses and NOTs around one thing; deeper ones nobody writes.
	maxDepth = 60
)

// parser is built at the first statement: programs that see none need not wait for it. It is safe for use by several
// goroutines.
var parser = sync.OnceValue(func() *participle.Parser[Query] {
	return participle.MustBuild[Query](
		participle.Lexer(language{}),
		participle.CaseInsensitive("Name"),
		participle.UseLookahead(3),
	)
})

// Parse reads a statement. The error is an *Error.
func Parse(text string) (*Query, error) {
	start := Position{Line: 1, Column: 1}
	if len(text) > 4*MaxLength || len([]rune(text)) > MaxLength {
		return nil, &Error{Code: MalformedQuery, Pos: start, Text: text,
			Message: fmt.Sprintf("SOQL statements cannot be longer than %d characters.", MaxLength)}
	}
	if strings.TrimSpace(text) == "" {
		return nil, &Error{Code: MalformedQuery, Pos: start, Text: text, Message: "A query string has to be specified"}
	}
	q, err := parser().ParseString("", text)
	if err == nil {
		err = finishQuery(q)
	}
	if err != nil {
		return nil, asError(err, text)
	}
	return q, nil
}

// asError puts what went wrong in Salesforce's words.
func asError(err error, text string) *Error {
	var own *Error
	if errors.As(err, &own) {
		own.Text = text
		return own
	}
	var unexpected *participle.UnexpectedTokenError
	if errors.As(err, &unexpected) {
		token := unexpected.Unexpected.Value
		if unexpected.Unexpected.EOF() {
			token = "<EOF>"
		}
		return &Error{Code: MalformedQuery, Pos: unexpected.Unexpected.Pos, Text: text, Message: fmt.Sprintf("unexpected token: '%s'", token)}
	}
	e := &Error{Code: MalformedQuery, Pos: Position{Line: 1, Column: 1}, Text: text, Message: err.Error()}
	var placed participle.Error
	if errors.As(err, &placed) {
		e.Pos, e.Message = placed.Position(), placed.Message()
	}
	return e
}

// finishQuery checks what the grammar cannot say, and decodes the literals.
func finishQuery(q *Query) error {
	for _, item := range q.Select {
		if item.Sub == nil {
			continue
		}
		if err := finishQuery(item.Sub); err != nil {
			return err
		}
	}
	for _, c := range []*Condition{q.Where, q.Having} {
		if err := finishCondition(c); err != nil {
			return err
		}
	}
	for _, n := range []*Count{q.Limit, q.Offset} {
		if n == nil {
			continue
		}
		v, err := strconv.Atoi(n.Text)
		if err != nil || v < 0 || strings.HasPrefix(n.Text, "+") {
			return malformed(n.Pos, fmt.Sprintf("unexpected token: '%s'", n.Text))
		}
		n.N = v
	}
	return nil
}

func finishCondition(c *Condition) error {
	if c == nil {
		return nil
	}
	for i, j := range c.Rest {
		if i > 0 && !fold(j.Op, c.Rest[0].Op) {
			return malformed(j.Pos, fmt.Sprintf("unexpected token: '%s'", j.Op))
		}
	}
	for _, t := range c.Terms() {
		if err := finishTerm(t); err != nil {
			return err
		}
	}
	return nil
}

func finishTerm(t *Term) error {
	switch {
	case t.Not != nil:
		return finishTerm(t.Not)
	case t.Group != nil:
		return finishCondition(t.Group)
	}
	tail := t.Compare.Tail
	if tail.Set == nil {
		return finishValue(tail.Value)
	}
	set := tail.Set
	if set.Not && !fold(set.Op, "IN") || set.Sub != nil && !fold(set.Op, "IN") {
		return malformed(set.Pos, fmt.Sprintf("unexpected token: '%s'", set.Op))
	}
	if set.Sub != nil {
		return finishQuery(set.Sub)
	}
	for _, v := range set.List {
		if err := finishValue(v); err != nil {
			return err
		}
	}
	return nil
}

// finishValue decodes a literal.
func finishValue(v *Value) error {
	switch {
	case v.Raw != "":
		return v.decodeString()
	case v.Time != "":
		v.Kind, v.Text = TimeValue, v.Time
		if _, err := v.Instant(); err != nil {
			return malformed(v.Pos, "Invalid datetime: "+v.Text)
		}
	case v.Date != "":
		v.Kind, v.Text = DateValue, v.Date
		if _, err := time.Parse(time.DateOnly, v.Text); err != nil {
			return malformed(v.Pos, "Invalid date: "+v.Text)
		}
	case v.Number != "":
		v.Kind, v.Text = NumberValue, v.Number
		if _, err := strconv.ParseFloat(v.Text, 64); err != nil {
			return malformed(v.Pos, "Invalid number: "+v.Text)
		}
	default:
		return v.decodeWord()
	}
	return nil
}

// decodeWord tells TRUE, FALSE, NULL and the date literals apart.
func (v *Value) decodeWord() error {
	v.Text = strings.ToUpper(v.Word)
	switch v.Text {
	case "TRUE", "FALSE":
		v.Kind = BoolValue
	case "NULL":
		v.Kind = NullValue
	default:
		v.Kind = DateLiteral
		takesN, ok := dateLiteral(v.Text)
		if !ok || takesN != (v.N != "") {
			return malformed(v.Pos, fmt.Sprintf("unexpected token: '%s'", v.Word))
		}
	}
	if v.N == "" {
		return nil
	}
	n, err := strconv.Atoi(v.N)
	if err != nil || n < 0 || n > 100_000 || v.Kind != DateLiteral {
		return malformed(v.Pos, fmt.Sprintf("unexpected token: '%s'", v.N))
	}
	v.Days = n
	return nil
}

// decodeString undoes the escapes. \% and \_ stay in Pattern, where LIKE needs them.
func (v *Value) decodeString() error {
	v.Kind = StringValue
	body := v.Raw[1 : len(v.Raw)-1]
	if strings.IndexByte(body, '\\') < 0 {
		v.Text, v.Pattern = body, body
		return nil
	}
	var text, pattern strings.Builder
	for i := 0; i < len(body); i++ {
		c := body[i]
		if c != '\\' {
			text.WriteByte(c)
			pattern.WriteByte(c)
			continue
		}
		i++
		switch at := strings.IndexByte(escapes, body[i]); {
		case body[i] == '%' || body[i] == '_':
			text.WriteByte(body[i])
			pattern.WriteString(body[i-1 : i+1])
		case at >= 0:
			text.WriteByte(unescaped[at])
			if unescaped[at] == '\\' {
				pattern.WriteByte('\\')
			}
			pattern.WriteByte(unescaped[at])
		default:
			return malformed(v.Pos, fmt.Sprintf("Illegal string literal: invalid escape sequence '\\%c'", body[i]))
		}
	}
	v.Text, v.Pattern = text.String(), pattern.String()
	return nil
}

// escapes are the characters after a backslash, unescaped what they stand for.
const (
	escapes   = "'\"\\nrtbfNRTBF"
	unescaped = "'\"\\\n\r\t\b\f\n\r\t\b\f"
)

// Instant is the moment of a datetime literal.
func (v *Value) Instant() (time.Time, error) {
	text := strings.ToUpper(v.Text)
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is not a datetime", v.Text)
}

func fold(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
