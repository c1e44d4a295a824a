package expr

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// maxTexts is the largest finite set of texts that is followed; a larger one counts as any text.
const maxTexts = 1000

// maxProduct bounds the sets that concatenation multiplies.
const maxProduct = 256

// dynamicType is the type of what is known only when the record is seen, and of a wrong expression.
func dynamicType() Type { return Type{Dynamic: true, Nullable: true, Unknown: true, Scale: -1} }

func kindType(k value.Kind) Type { return Type{Kind: k, Scale: -1} }

// Elem is the type of a list's items, dynamic where it is not known.
func (t Type) Elem() Type {
	if t.elem == nil {
		return dynamicType()
	}
	return *t.elem
}

func listOf(elem Type) Type {
	elem.Const, elem.Copy, elem.Unknown = nil, nil, false
	return Type{Kind: value.KindList, Scale: -1, elem: &elem}
}

// IsText, IsNumber tell the kind when it is known; an always empty value is neither.
func (t Type) IsText() bool { return !t.Dynamic && t.Kind == value.KindText }
func (t Type) IsNumber() bool {
	return !t.Dynamic && (t.Kind == value.KindInt || t.Kind == value.KindFloat)
}

func (t Type) is(k value.Kind) bool { return !t.Dynamic && t.Kind == k }

// String is the type's name for messages.
func (t Type) String() string {
	if t.Dynamic {
		return "value of any type"
	}
	switch t.Kind {
	case value.KindNull:
		return "null"
	case value.KindBool:
		return "true/false value"
	case value.KindInt:
		return "whole number"
	case value.KindFloat:
		return "number"
	case value.KindDays:
		return "number of days"
	case value.KindList:
		if t.elem != nil && !t.elem.Dynamic && t.elem.Kind != value.KindNull {
			return "list of " + plural(t.elem.String())
		}
	}
	return t.Kind.String()
}

func plural(noun string) string {
	switch {
	case strings.HasPrefix(noun, "list of "):
		return "lists of " + noun[len("list of "):]
	case noun == "number of days":
		return "numbers of days"
	}
	return noun + "s"
}

// fieldType is the type of a field's values. Through a reference everything can be empty.
func fieldType(f *schema.Field, nullable bool) Type {
	t := Type{Nullable: f.Nullable || nullable, Scale: -1}
	switch f.Kind {
	case schema.Any:
		return dynamicType()
	case schema.Integer:
		t.Kind, t.Scale = value.KindInt, 0
	case schema.Number:
		t.Kind = value.KindFloat
		if f.Precision > 0 {
			t.Scale = f.Scale
		}
	case schema.Boolean:
		t.Kind = value.KindBool
		t.Unknown = t.Nullable
	case schema.Date:
		t.Kind = value.KindDate
	case schema.DateTime:
		t.Kind = value.KindTime
	case schema.MultiPicklist:
		item := Type{Kind: value.KindText, Texts: choices(f), Scale: -1}
		item.MaxLength = longest(item.Texts)
		t = listOf(item)
		t.Nullable = nullable
	case schema.Picklist:
		t.Kind, t.MaxLength, t.Texts = value.KindText, f.Length, choices(f)
		if t.Texts != nil {
			t.MaxLength = longest(t.Texts)
		}
	default:
		t.Kind, t.MaxLength = value.KindText, f.Length
	}
	return t
}

func choices(f *schema.Field) []string {
	if !f.Finite() || len(f.Values) > maxTexts {
		return nil
	}
	out := make([]string, len(f.Values))
	for i, c := range f.Values {
		out[i] = c.Value
	}
	return out
}

func longest(texts []string) int {
	n := 0
	for _, s := range texts {
		n = max(n, utf8.RuneCountInString(s))
	}
	return n
}

// constType is the type of a constant.
func constType(v value.Value) Type {
	t := Type{Kind: v.Kind(), Nullable: v.IsNull(), Const: &v, Scale: -1}
	switch v.Kind() {
	case value.KindInt:
		t.Scale = 0
	case value.KindFloat:
		t.Scale = decimals(v.AsFloat())
	case value.KindText:
		t.Texts, t.MaxLength = []string{v.AsText()}, utf8.RuneCountInString(v.AsText())
	case value.KindList:
		elem := Type{Kind: value.KindNull, Scale: -1}
		for _, item := range v.AsList() {
			elem, _ = join(elem, constType(item))
		}
		list := listOf(elem)
		t.elem = list.elem
	}
	return t
}

// decimals counts the digits after the point of a number as it is printed.
func decimals(f float64) int {
	if f == math.Trunc(f) {
		return 0
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	return len(s) - 1 - strings.IndexByte(s, '.')
}

// join is the type of a value that is of either type; false when no type holds both.
func join(a, b Type) (Type, bool) {
	a.Const, b.Const, a.Copy, b.Copy = nil, nil, nil, nil
	switch {
	case a.Dynamic || b.Dynamic:
		return dynamicType(), true
	case a.Kind == value.KindNull:
		b.Nullable = true
		return b, true
	case b.Kind == value.KindNull:
		a.Nullable = true
		return a, true
	}
	t := a
	t.Nullable = a.Nullable || b.Nullable
	t.Unknown = a.Unknown || b.Unknown
	if a.IsNumber() && b.IsNumber() {
		if a.Kind != b.Kind {
			t.Kind = value.KindFloat
		}
		t.Scale = joinScale(a.Scale, b.Scale)
		return t, true
	}
	if a.Kind != b.Kind {
		return dynamicType(), false
	}
	switch a.Kind {
	case value.KindText:
		t.Texts = union(a.Texts, b.Texts)
		t.MaxLength = 0
		if x, ok := a.bound(); ok {
			if y, ok := b.bound(); ok {
				t.MaxLength = max(x, y)
			}
		}
	case value.KindList:
		elem, ok := join(a.Elem(), b.Elem())
		if !ok {
			elem = dynamicType()
		}
		t.elem = &elem
	}
	return t, true
}

func joinScale(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return max(a, b)
}

// bound is the most characters that the text can have, false when no bound is known.
func (t Type) bound() (int, bool) {
	if t.Texts != nil {
		return longest(t.Texts), true
	}
	return t.MaxLength, t.MaxLength > 0
}

func union(a, b []string) []string {
	if a == nil || b == nil {
		return nil
	}
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) > maxTexts {
		return nil
	}
	return out
}

// product is every text of a followed by every text of b.
func product(a, b []string) []string {
	if a == nil || b == nil || len(a)*len(b) > maxProduct {
		return nil
	}
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			if s := x + y; !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// mapTexts applies f to a finite set.
func mapTexts(texts []string, f func(string) string) []string {
	if texts == nil {
		return nil
	}
	out := make([]string, 0, len(texts))
	for _, s := range texts {
		if m := f(s); !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}
