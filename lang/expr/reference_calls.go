package expr

import (
	"math"
	"strings"
	"time"

	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"github.com/syncline/syncline/lang/value"
)

// ruledCall is a call under our rules of empties and numbers.
type ruledCall struct {
	interpreter.InterpretableCall
	rules *rules
}

// unknownVal is a condition that is neither true nor false.
type unknownVal struct{ types.Bool }

var unknownBool ref.Val = unknownVal{}

func isUnknown(v ref.Val) bool { _, ok := v.(unknownVal); return ok }
func isNull(v ref.Val) bool    { return v.Type() == types.NullType }

// settle makes an unknown false, as everything but ! && || sees it.
func settle(v ref.Val) ref.Val {
	if isUnknown(v) {
		return types.False
	}
	return v
}

// Eval and Exec run the call in the two ways that cel-go has.
func (c *ruledCall) Eval(vars interpreter.Activation) ref.Val {
	return c.run(func(i int) ref.Val { return c.Args()[i].Eval(vars) }, vars)
}

func (c *ruledCall) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	return c.run(func(i int) ref.Val { return c.Args()[i].Exec(frame) }, frame)
}

func (c *ruledCall) run(arg func(int) ref.Val, vars interpreter.Activation) ref.Val {
	count := len(c.Args())
	switch name := c.Function(); name {
	case refAnd:
		return refLogical(arg, count, types.False)
	case refOr:
		return refLogical(arg, count, types.True)
	case refCond:
		return refConditional(arg)
	case refHas:
		return refFilled(arg)
	case refLoop:
		return c.loop(arg)
	case operators.LogicalNot:
		return refNot(arg(0))
	case operators.NotStrictlyFalse:
		return types.Bool(arg(0) != types.False)
	case refOurs:
		if arg(0) == types.String("coalesce") {
			return refCoalesce(arg, count)
		}
	}
	args := make([]ref.Val, count)
	for i := range args {
		args[i] = settle(arg(i))
		if types.IsUnknownOrError(args[i]) {
			return args[i]
		}
	}
	return finite(c.strict(args, vars))
}

// finite turns numbers that are none into errors.
func finite(v ref.Val) ref.Val {
	if d, ok := v.(types.Double); ok && (math.IsNaN(float64(d)) || math.IsInf(float64(d), 0)) {
		return types.NewErr("the result is not a finite number")
	}
	return v
}

func refLogical(arg func(int) ref.Val, count int, decisive types.Bool) ref.Val {
	var failed ref.Val
	unsure := false
	for i := range count {
		switch v := arg(i); {
		case types.IsUnknownOrError(v):
			if failed == nil {
				failed = v
			}
		case isUnknown(v) || isNull(v):
			unsure = true
		case v == decisive:
			return decisive
		case v != !decisive:
			if failed == nil {
				failed = types.MaybeNoSuchOverloadErr(v)
			}
		}
	}
	switch {
	case failed != nil:
		return failed
	case unsure:
		return unknownBool
	}
	return !decisive
}

func refConditional(arg func(int) ref.Val) ref.Val {
	switch v := settle(arg(0)); {
	case types.IsUnknownOrError(v):
		return v
	case v == types.True:
		return settle(arg(1))
	case v == types.False || isNull(v):
		return settle(arg(2))
	default:
		return types.MaybeNoSuchOverloadErr(v)
	}
}

func refFilled(arg func(int) ref.Val) ref.Val {
	if present := arg(0); present != types.True {
		return present
	}
	v := arg(1)
	if types.IsUnknownOrError(v) {
		return v
	}
	return types.Bool(!isNull(v))
}

// loop runs a comprehension. Over an empty value a test is unknown, any other empty.
func (c *ruledCall) loop(arg func(int) ref.Val) ref.Val {
	switch list := arg(0); {
	case types.IsUnknownOrError(list):
		return list
	case isNull(list):
		if arg(2) == types.True {
			return unknownBool
		}
		return types.NullValue
	}
	return arg(1)
}

func refNot(v ref.Val) ref.Val {
	switch {
	case isUnknown(v) || isNull(v):
		return unknownBool
	case v == types.True:
		return types.False
	case v == types.False:
		return types.True
	}
	return types.MaybeNoSuchOverloadErr(v)
}

func refCoalesce(arg func(int) ref.Val, count int) ref.Val {
	for i := 1; i < count; i++ {
		if v := settle(arg(i)); !isNull(v) {
			return v
		}
	}
	return types.NullValue
}

// strict runs a call whose arguments are values.
func (c *ruledCall) strict(args []ref.Val, vars interpreter.Activation) ref.Val {
	name := c.Function()
	switch name {
	case operators.Equals:
		return types.Equal(args[0], args[1])
	case operators.NotEquals:
		return types.Bool(types.Equal(args[0], args[1]) != types.True)
	case operators.In:
		return refIn(args[0], args[1])
	}
	for i, a := range args {
		if isNull(a) && !(name == refOurs && i == 0) {
			if isTest(name, args) {
				return unknownBool
			}
			return types.NullValue
		}
	}
	switch name {
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return refOrder(name, args[0], args[1])
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo:
		if v := c.wallTime(name, args[0], args[1]); v != nil {
			return v
		}
		return refArithmetic(name, args[0], args[1])
	case operators.Negate:
		if x, ok := args[0].(traits.Negater); ok {
			return x.Negate()
		}
	case refIndex:
		return refItem(args[0], args[1])
	case refOurs:
		return c.ours(string(args[0].(types.String)), args[1:], vars)
	case refTable:
		return c.table(string(args[0].(types.String)), args[1:])
	}
	return c.standard(name, args)
}

// isTest tells which calls are unknown over an empty operand.
func isTest(name string, args []ref.Val) bool {
	switch name {
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return true
	case refOurs:
		name = string(args[0].(types.String))
	}
	fn := functionsByName[name]
	return fn != nil && fn.Predicate
}

func refIn(item, list ref.Val) ref.Val {
	if isNull(list) {
		return unknownBool
	}
	container, ok := list.(traits.Container)
	if !ok {
		return types.MaybeNoSuchOverloadErr(list)
	}
	return container.Contains(item)
}

func refOrder(name string, a, b ref.Val) ref.Val {
	comparer, ok := a.(traits.Comparer)
	if !ok {
		return types.MaybeNoSuchOverloadErr(a)
	}
	c := comparer.Compare(b)
	i, ok := c.(types.Int)
	if !ok {
		return c
	}
	switch name {
	case operators.Less:
		return types.Bool(i < 0)
	case operators.LessEquals:
		return types.Bool(i <= 0)
	case operators.Greater:
		return types.Bool(i > 0)
	}
	return types.Bool(i >= 0)
}

// promote makes both operands doubles when one is.
func promote(a, b ref.Val) (ref.Val, ref.Val) {
	if i, ok := a.(types.Int); ok && b.Type() == types.DoubleType {
		return types.Double(i), b
	}
	if i, ok := b.(types.Int); ok && a.Type() == types.DoubleType {
		return a, types.Double(i)
	}
	return a, b
}

func refArithmetic(name string, a, b ref.Val) ref.Val {
	a, b = promote(a, b)
	number := a.Type() == types.DoubleType || a.Type() == types.IntType
	switch name {
	case operators.Add:
		if x, ok := a.(traits.Adder); ok {
			return x.Add(b)
		}
	case operators.Subtract:
		if x, ok := a.(traits.Subtractor); ok {
			return x.Subtract(b)
		}
	case operators.Multiply:
		if x, ok := a.(traits.Multiplier); ok {
			return x.Multiply(b)
		}
	case operators.Divide:
		if !number || b.Type() != a.Type() {
			break
		}
		x, y := asDouble(a), asDouble(b)
		if y == 0 {
			return types.NewErr("division by zero")
		}
		return x / y
	case operators.Modulo:
		if number && a.Type() == b.Type() {
			x, okX := wholeInt(a)
			y, okY := wholeInt(b)
			if okX && okY {
				if y == -1 {
					return types.Int(0) // also of the least int, where cel-go overflows
				}
				return x.Modulo(y)
			}
		}
	}
	return types.MaybeNoSuchOverloadErr(a)
}

// wallTime moves a datetime by calendar days, nil when the operands are others.
func (c *ruledCall) wallTime(name string, a, b ref.Val) ref.Val {
	if days, ok := a.(daysVal); ok && name == operators.Add {
		if _, isTime := b.(types.Timestamp); isTime {
			a, b = b, days
		}
	}
	at, isTime := a.(types.Timestamp)
	days, isDays := b.(daysVal)
	if !isTime || !isDays {
		return nil
	}
	n := int(days)
	if name == operators.Subtract {
		n = -n
	}
	if n > 4_000_000 || n < -4_000_000 {
		return types.NewErr("datetime out of range")
	}
	t := at.In(c.rules.zone).AddDate(0, 0, n)
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return types.NewErr("datetime out of range")
	}
	return types.Timestamp{Time: t}
}

func asDouble(v ref.Val) types.Double {
	if i, ok := v.(types.Int); ok {
		return types.Double(i)
	}
	d, _ := v.(types.Double)
	return d
}

func wholeInt(v ref.Val) (types.Int, bool) {
	if i, ok := v.(types.Int); ok {
		return i, true
	}
	d := float64(asDouble(v))
	if d != math.Trunc(d) || math.Abs(d) >= math.MaxInt64 {
		return 0, false
	}
	return types.Int(d), true
}

func refItem(list, index ref.Val) ref.Val {
	indexer, ok := list.(traits.Indexer)
	if !ok {
		return types.MaybeNoSuchOverloadErr(list)
	}
	return indexer.Get(index)
}

// ours runs a function that only we have, on our own values.
func (c *ruledCall) ours(name string, args []ref.Val, vars interpreter.Activation) ref.Val {
	values := make([]value.Value, len(args))
	for i, a := range args {
		v, ok := fromCEL(a)
		if !ok {
			return types.NewErr("%s does not take a %s", name, a.Type().TypeName())
		}
		values[i] = v
	}
	now := time.Time{}
	if v, ok := vars.ResolveName("@now"); ok {
		now = v.(types.Timestamp).Time
	}
	n := &Node{Op: OpCall, Name: name, fn: functionsByName[name]}
	f := &Frame{Now: now}
	f.begin(&Program{zone: c.rules.zone})
	v := dispatch(f, n, values)
	if f.work.err != nil {
		return types.NewErr("%s", f.work.err.Error())
	}
	return toCEL(v)
}

func (c *ruledCall) table(name string, args []ref.Val) ref.Val {
	for _, t := range c.rules.scope.Tables {
		if t.Name != name || len(args) != 1 {
			continue
		}
		key, ok := fromCEL(args[0])
		if !ok {
			return types.MaybeNoSuchOverloadErr(args[0])
		}
		lower := strings.ToLower(key.String())
		for _, k := range tableKeys(t) {
			if k == key.String() || t.IgnoreCase && strings.ToLower(k) == lower {
				return toCEL(t.Rows[k])
			}
		}
		if t.Default != nil {
			return toCEL(*t.Default)
		}
		return types.NewErr("table %s has no row for %q and no default", name, key.String())
	}
	return types.NewErr("there is no table %q", name)
}

// standard runs a function of CEL; one that only takes doubles gets whole numbers as doubles.
func (c *ruledCall) standard(name string, args []ref.Val) ref.Val {
	fn := c.rules.env.functions[name]
	if fn == nil {
		return types.NewErr("there is no function %q", name)
	}
	if tooMuch(name, args) {
		return types.NewErr("%s takes more than %d steps on this record", name, maxSteps)
	}
	v := invoke(fn, args)
	if types.IsError(v) && strings.HasPrefix(name, "math.") {
		doubles := make([]ref.Val, len(args))
		for i, a := range args {
			doubles[i] = a
			if _, ok := a.(types.Int); ok {
				doubles[i] = asDouble(a)
			}
		}
		if again := invoke(fn, doubles); !types.IsError(again) {
			return again
		}
	}
	return v
}

// tooMuch tells calls whose time or memory cel-go does not bound.
func tooMuch(name string, args []ref.Val) bool {
	if name == "lists.range" {
		n, ok := args[0].(types.Int)
		return ok && n > maxItems
	}
	size := 1
	for _, a := range args {
		if list, ok := a.(traits.Lister); ok {
			n, _ := list.Size().(types.Int)
			size *= int(n)
		}
	}
	return size > maxSteps
}

func invoke(fn *functions.Overload, args []ref.Val) ref.Val {
	switch {
	case len(args) == 1 && fn.Unary != nil:
		return fn.Unary(args[0])
	case len(args) == 2 && fn.Binary != nil:
		return fn.Binary(args[0], args[1])
	case fn.Function != nil:
		return fn.Function(args...)
	}
	return types.NoSuchOverloadErr()
}
