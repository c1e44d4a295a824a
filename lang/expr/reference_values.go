package expr

import (
	"fmt"
	"reflect"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/syncline/syncline/lang/value"
)

// dateVal and daysVal are our dates and spans of days as values of CEL.
type (
	dateVal int64
	daysVal int64
)

var (
	dateType = types.NewObjectType("syncline.Date", traits.AdderType|traits.SubtractorType|traits.ComparerType)
	daysType = types.NewObjectType("syncline.Days", traits.AdderType|traits.SubtractorType|traits.ComparerType|traits.NegatorType)
)

func (d dateVal) Type() ref.Type { return dateType }
func (d dateVal) Value() any     { return d }
func (d dateVal) Equal(o ref.Val) ref.Val {
	x, ok := o.(dateVal)
	return types.Bool(ok && x == d)
}
func (d dateVal) Compare(o ref.Val) ref.Val {
	if x, ok := o.(dateVal); ok {
		return types.Int(value.Compare(value.Int(int64(d)), value.Int(int64(x))))
	}
	return types.MaybeNoSuchOverloadErr(o)
}
func (d dateVal) Add(o ref.Val) ref.Val {
	if x, ok := o.(daysVal); ok {
		return checkedDate(int64(d) + int64(x))
	}
	return types.MaybeNoSuchOverloadErr(o)
}
func (d dateVal) Subtract(o ref.Val) ref.Val {
	switch x := o.(type) {
	case daysVal:
		return checkedDate(int64(d) - int64(x))
	case dateVal:
		return types.Int(d - x)
	}
	return types.MaybeNoSuchOverloadErr(o)
}
func (d dateVal) ConvertToNative(reflect.Type) (any, error) {
	return nil, fmt.Errorf("a date has no native form")
}
func (d dateVal) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("a date is no %s", t.TypeName())
}

func checkedDate(day int64) ref.Val {
	if day < firstDay || day > lastDay {
		return types.NewErr("date out of range")
	}
	return dateVal(day)
}

func (d daysVal) Type() ref.Type { return daysType }
func (d daysVal) Value() any     { return d }
func (d daysVal) Equal(o ref.Val) ref.Val {
	x, ok := o.(daysVal)
	return types.Bool(ok && x == d)
}
func (d daysVal) Compare(o ref.Val) ref.Val {
	if x, ok := o.(daysVal); ok {
		return types.Int(value.Compare(value.Int(int64(d)), value.Int(int64(x))))
	}
	return types.MaybeNoSuchOverloadErr(o)
}
func (d daysVal) Add(o ref.Val) ref.Val {
	switch x := o.(type) {
	case daysVal:
		return d + x
	case dateVal:
		return x.Add(d)
	}
	return types.MaybeNoSuchOverloadErr(o)
}
func (d daysVal) Subtract(o ref.Val) ref.Val {
	if x, ok := o.(daysVal); ok {
		return d - x
	}
	return types.MaybeNoSuchOverloadErr(o)
}
func (d daysVal) Negate() ref.Val { return -d }
func (d daysVal) ConvertToNative(reflect.Type) (any, error) {
	return nil, fmt.Errorf("a number of days has no native form")
}
func (d daysVal) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("a number of days is no %s", t.TypeName())
}

// toCEL gives one of our values as CEL's.
func toCEL(v value.Value) ref.Val {
	switch v.Kind() {
	case value.KindBool:
		return types.Bool(v.AsBool())
	case value.KindInt:
		return types.Int(v.AsInt())
	case value.KindFloat:
		return types.Double(v.AsFloat())
	case value.KindText:
		return types.String(v.AsText())
	case value.KindDate:
		return dateVal(v.AsDay())
	case value.KindTime:
		return types.Timestamp{Time: v.AsTime()}
	case value.KindDays:
		return daysVal(v.AsDays())
	case value.KindDuration:
		return types.Duration{Duration: time.Duration(v.AsMicros()) * time.Microsecond}
	case value.KindList:
		items := make([]ref.Val, len(v.AsList()))
		for i, item := range v.AsList() {
			items[i] = toCEL(item)
		}
		return types.NewRefValList(types.DefaultTypeAdapter, items)
	}
	return types.NullValue
}

// fromCEL gives a value of CEL as ours, false when we have none such (maps, bytes).
func fromCEL(v ref.Val) (value.Value, bool) {
	switch x := v.(type) {
	case types.Null:
		return value.Null, true
	case types.Bool:
		return value.Bool(bool(x)), true
	case types.Int:
		return value.Int(int64(x)), true
	case types.Double:
		return value.Float(float64(x)), true
	case types.String:
		return value.Text(string(x)), true
	case dateVal:
		return value.Day(int64(x)), true
	case daysVal:
		return value.Days(int64(x)), true
	case types.Timestamp:
		return value.Time(x.Time), true
	case types.Duration:
		return value.Span(x.Duration.Microseconds()), true
	case traits.Lister:
		return listFromCEL(x)
	}
	return value.Null, false
}

func listFromCEL(list traits.Lister) (value.Value, bool) {
	var items []value.Value
	for it := list.Iterator(); it.HasNext() == types.True; {
		item, ok := fromCEL(settle(it.Next()))
		if !ok {
			return value.Null, false
		}
		items = append(items, item)
	}
	return value.List(items), true
}
