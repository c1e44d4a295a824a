// Package value is the one representation of records and their values at run time.
//
// A Value is one field of one record: 24 bytes, no allocation beyond a text's or list's own.
// A Record is a slice of Values by slot; a Layout says which field each slot holds, so that
// compiled expressions read slots and never look up names. A Batch is many records of one
// layout whose memory is reused from page to page.
package value

import (
	"math"
	"strconv"
	"time"
	"unsafe"
)

// Kind is what a Value holds. The zero Value is Null.
type Kind uint8

const (
	KindNull     Kind = iota
	KindBool          //
	KindInt           // 64-bit
	KindFloat         // finite; NaN and infinities are errors before they become Values
	KindText          // UTF-8
	KindDate          // calendar day
	KindTime          // instant, microseconds
	KindList          // of Values
	KindDays          // a span of calendar days, only inside expressions
	KindDuration      // an exact span, microseconds, only inside expressions
)

var kindNames = [...]string{"null", "bool", "int", "float", "text", "date", "datetime", "list", "days", "duration"}

func (k Kind) String() string { return kindNames[k] }

// Value is one value. Compare with Equal, never with ==.
type Value struct {
	kind Kind
	num  uint64         // bool, int, float bits, days since 1970, microseconds since 1970, length of text or list
	ptr  unsafe.Pointer // first byte of a text, first element of a list
}

// Null is the empty value.
var Null Value

// Bool, Int, Float, Text, Day, Micros, List make values.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, num: 1}
	}
	return Value{kind: KindBool}
}

func Int(i int64) Value { return Value{kind: KindInt, num: uint64(i)} }

// Float makes a number. Negative zero becomes zero, so that it prints and compares as one.
func Float(f float64) Value { return Value{kind: KindFloat, num: math.Float64bits(f + 0)} }

// Text makes a text. The string's bytes are shared, not copied.
func Text(s string) Value {
	return Value{kind: KindText, num: uint64(len(s)), ptr: unsafe.Pointer(unsafe.StringData(s))}
}

// Day makes a date from days since 1970-01-01.
func Day(days int64) Value { return Value{kind: KindDate, num: uint64(days)} }

// Micros makes a datetime from microseconds since 1970-01-01T00:00:00Z.
func Micros(us int64) Value { return Value{kind: KindTime, num: uint64(us)} }

// Time makes a datetime; digits below the microsecond are cut.
func Time(t time.Time) Value { return Micros(t.UnixMicro()) }

// Date makes a date.
func Date(year int, month time.Month, day int) Value {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// List makes a list. The slice is shared, not copied.
func List(items []Value) Value {
	return Value{kind: KindList, num: uint64(len(items)), ptr: unsafe.Pointer(unsafe.SliceData(items))}
}

// Days is a span of calendar days; Span an exact one in microseconds.
func Days(n int64) Value { return Value{kind: KindDays, num: uint64(n)} }

func Span(us int64) Value { return Value{kind: KindDuration, num: uint64(us)} }

// Kind tells what the value holds.
func (v Value) Kind() Kind { return v.kind }

// IsNull tells whether the value is empty.
func (v Value) IsNull() bool { return v.kind == KindNull }

// The accessors below give the zero of their type when the kind is another.

func (v Value) AsBool() bool { return v.kind == KindBool && v.num != 0 }

func (v Value) AsInt() int64 {
	if v.kind != KindInt {
		return 0
	}
	return int64(v.num)
}

// AsFloat is the number as a float, of an int too.
func (v Value) AsFloat() float64 {
	switch v.kind {
	case KindFloat:
		return math.Float64frombits(v.num)
	case KindInt:
		return float64(int64(v.num))
	}
	return 0
}

// AsText is the text without copying.
func (v Value) AsText() string {
	if v.kind != KindText {
		return ""
	}
	return unsafe.String((*byte)(v.ptr), int(v.num))
}

// AsDay is days since 1970-01-01 of a date.
func (v Value) AsDay() int64 {
	if v.kind != KindDate {
		return 0
	}
	return int64(v.num)
}

// AsMicros is microseconds since 1970 of a datetime, or the microseconds of a duration.
func (v Value) AsMicros() int64 {
	if v.kind != KindTime && v.kind != KindDuration {
		return 0
	}
	return int64(v.num)
}

// AsTime is a datetime in UTC.
func (v Value) AsTime() time.Time { return time.UnixMicro(v.AsMicros()).UTC() }

// AsDays is the number of days of a span of days.
func (v Value) AsDays() int64 {
	if v.kind != KindDays {
		return 0
	}
	return int64(v.num)
}

// AsList is the list's items without copying.
func (v Value) AsList() []Value {
	if v.kind != KindList {
		return nil
	}
	return unsafe.Slice((*Value)(v.ptr), int(v.num))
}

// IsNumber tells whether the value is an int or a float.
func (v Value) IsNumber() bool { return v.kind == KindInt || v.kind == KindFloat }

// Equal tells whether two values are the same: numbers by value (1 equals 1.0), null equals null,
// lists item by item, values of different kinds never.
func Equal(a, b Value) bool {
	if a.kind != b.kind {
		return a.IsNumber() && b.IsNumber() && compareNumbers(a, b) == 0
	}
	switch a.kind {
	case KindText:
		return a.AsText() == b.AsText()
	case KindFloat:
		return a.AsFloat() == b.AsFloat()
	case KindList:
		x, y := a.AsList(), b.AsList()
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if !Equal(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	return a.num == b.num
}

// Compare orders two values of comparable kinds: -1, 0 or 1. Empties come last; kinds that do not
// compare are ordered by kind, so that sorting is total.
func Compare(a, b Value) int {
	if a.IsNull() || b.IsNull() {
		return boolInt(a.IsNull()) - boolInt(b.IsNull())
	}
	if a.IsNumber() && b.IsNumber() {
		return compareNumbers(a, b)
	}
	if a.kind != b.kind {
		return int(a.kind) - int(b.kind)
	}
	switch a.kind {
	case KindText:
		return cmp(a.AsText(), b.AsText())
	case KindList:
		x, y := a.AsList(), b.AsList()
		for i := 0; i < len(x) && i < len(y); i++ {
			if c := Compare(x[i], y[i]); c != 0 {
				return c
			}
		}
		return len(x) - len(y)
	}
	return cmp(int64(a.num), int64(b.num))
}

// compareNumbers compares exactly: an int beyond 2^53 is not rounded to a float first.
func compareNumbers(a, b Value) int {
	if a.kind == KindInt && b.kind == KindInt {
		return cmp(int64(a.num), int64(b.num))
	}
	if a.kind == KindFloat && b.kind == KindFloat {
		return cmp(a.AsFloat(), b.AsFloat())
	}
	if a.kind == KindFloat {
		return -compareNumbers(b, a)
	}
	i, f := int64(a.num), b.AsFloat()
	switch {
	case f >= math.MaxInt64:
		return -1
	case f < math.MinInt64:
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp(i, int64(whole)); c != 0 {
		return c
	}
	return cmp(0, f-whole)
}

func cmp[T int64 | float64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// AppendText appends the value as the language prints it: numbers in shortest decimal without exponent
// or ".0", dates as 2006-01-02, datetimes as RFC 3339 in UTC, lists joined by ", ", null as nothing.
func (v Value) AppendText(dst []byte) []byte {
	switch v.kind {
	case KindBool:
		return strconv.AppendBool(dst, v.num != 0)
	case KindInt:
		return strconv.AppendInt(dst, int64(v.num), 10)
	case KindFloat:
		f := v.AsFloat()
		if i := int64(f); float64(i) == f && i > -1<<53 && i < 1<<53 {
			return strconv.AppendInt(dst, i, 10)
		}
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	case KindText:
		return append(dst, v.AsText()...)
	case KindDate:
		return time.Unix(int64(v.num)*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
	case KindTime:
		return v.AsTime().AppendFormat(dst, time.RFC3339Nano)
	case KindList:
		for i, item := range v.AsList() {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = item.AppendText(dst)
		}
	case KindDays:
		dst = strconv.AppendInt(dst, int64(v.num), 10)
		return append(dst, 'd')
	case KindDuration:
		us := int64(v.num)
		if d := time.Duration(us) * time.Microsecond; d.Microseconds() == us {
			return append(dst, d.String()...)
		}
		// More than the 292 years that a time.Duration holds.
		return append(strconv.AppendFloat(dst, float64(us)/1e6, 'f', -1, 64), 's')
	}
	return dst
}

// String is AppendText, with a text as it is.
func (v Value) String() string {
	if v.kind == KindText {
		return v.AsText()
	}
	return string(v.AppendText(nil))
}

// textOf makes a text that shares the bytes of s.
func textOf(s []byte) Value {
	return Value{kind: KindText, num: uint64(len(s)), ptr: unsafe.Pointer(unsafe.SliceData(s))}
}
