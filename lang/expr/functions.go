package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/value"
)

// Function is one function of the library. The table of them is data: the checker, the closures, the
// reference, spec/functions.md and the editor all read it.
type Function struct {
	Name    string
	Group   string // heading in spec/functions.md
	Doc     string // one sentence or two
	Example string // an expression, with what it gives after " → "

	// Clock: it reads the time of the run. Zone: what it gives depends on the rule's time zone.
	Clock, Zone bool
	// Predicate: a test, unknown over an empty operand. Lenient: it sees empties itself. Any other gives
	// empty for an empty operand.
	Predicate, Lenient bool
	// Macro: an argument is evaluated again and again, or not at all; the checker knows it by name.
	Macro bool

	overloads []*overload
	// prepare computes once what constant arguments decide (a compiled pattern); an error is the author's.
	prepare func(n *Node) (any, error)
	// refine sharpens the result's type from the arguments'.
	refine func(n *Node)
	// standard: cel-go has it with the same meaning, so the reference uses cel-go's.
	standard bool
}

// overload is one list of parameters with what runs for it. Exactly one of zero … many is set.
type overload struct {
	params []param
	rest   bool // the last parameter repeats, at least once
	result Type
	zero   func(f *Frame, n *Node) value.Value
	one    func(f *Frame, n *Node, a value.Value) value.Value
	two    func(f *Frame, n *Node, a, b value.Value) value.Value
	many   func(f *Frame, n *Node, args []value.Value) value.Value
}

// param is a set of kinds that a parameter takes.
type param uint16

const (
	pBool param = 1 << iota
	pInt
	pFloat
	pText
	pDate
	pTime
	pList
	pDays
	pDuration
	pNum  = pInt | pFloat
	pWhen = pDate | pTime
	pSpan = pDays | pDuration
	pAny  = pBool | pNum | pText | pWhen | pList | pSpan
)

var paramNames = []struct {
	name string
	set  param
}{
	{"any", pAny}, {"bool", pBool}, {"number", pNum}, {"text", pText}, {"date", pDate}, {"datetime", pTime},
	{"date or datetime", pWhen}, {"list", pList}, {"days", pDays}, {"duration", pDuration}, {"days or hours", pSpan},
	{"int", pInt}, {"number or text", pNum | pText}, {"text or list", pText | pList},
}

func (p param) String() string {
	for _, x := range paramNames {
		if x.set == p {
			return x.name
		}
	}
	var parts []string
	for _, x := range paramNames[1:] {
		if x.set&^p == 0 && !strings.Contains(x.name, " or ") {
			parts = append(parts, x.name)
		}
	}
	return strings.Join(parts, " or ")
}

func paramOf(k value.Kind) param {
	switch k {
	case value.KindBool:
		return pBool
	case value.KindInt:
		return pInt
	case value.KindFloat:
		return pFloat
	case value.KindText:
		return pText
	case value.KindDate:
		return pDate
	case value.KindTime:
		return pTime
	case value.KindList:
		return pList
	case value.KindDays:
		return pDays
	case value.KindDuration:
		return pDuration
	}
	return pAny // an empty value fits everywhere
}

// takes tells whether an argument of the type may be given; a dynamic one may turn out to fit.
func (p param) takes(t Type) bool { return t.Dynamic || p&paramOf(t.Kind) != 0 }

// accepts tells whether the overload takes this many arguments.
func (o *overload) accepts(n int) bool {
	if o.rest {
		return n >= len(o.params)
	}
	return n == len(o.params)
}

// param gives the i-th parameter, the repeating one for all beyond the last.
func (o *overload) param(i int) param { return o.params[min(i, len(o.params)-1)] }

func (o *overload) takesTypes(args []*Node) bool {
	if !o.accepts(len(args)) {
		return false
	}
	for i, a := range args {
		if !o.param(i).takes(a.Type) {
			return false
		}
	}
	return true
}

func (o *overload) takesValues(args []value.Value) bool {
	if !o.accepts(len(args)) {
		return false
	}
	for i, a := range args {
		if o.param(i)&paramOf(a.Kind()) == 0 {
			return false
		}
	}
	return true
}

// Signatures lists how the function is called: "truncate(text, int) → text".
func (fn *Function) Signatures() []string {
	var out []string
	for _, o := range fn.overloads {
		names := make([]string, len(o.params))
		for i, p := range o.params {
			names[i] = p.String()
		}
		args := strings.Join(names, ", ")
		if o.rest {
			args += ", …"
		}
		s := fmt.Sprintf("%s(%s) → %s", fn.Name, args, resultName(o.result))
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func resultName(t Type) string {
	switch {
	case t.Dynamic:
		return "any"
	case t.Kind == value.KindFloat:
		return "number"
	case t.Kind == value.KindDuration:
		return "duration"
	}
	return t.Kind.String()
}

// Functions is the library in the order of the documentation.
func Functions() []*Function { return library }

var library = slices.Concat(textFunctions(), numberFunctions(), dateFunctions(), listFunctions(), emptyFunctions(), convertFunctions())

var functionsByName = func() map[string]*Function {
	m := make(map[string]*Function, len(library))
	for _, fn := range library {
		m[fn.Name] = fn
	}
	return m
}()

// namespaces are the words before the dot of qualified functions: math, lists, sets, strings.
var namespaces = func() map[string]bool {
	m := map[string]bool{}
	for _, fn := range library {
		if ns, _, ok := strings.Cut(fn.Name, "."); ok {
			m[ns] = true
		}
	}
	return m
}()

// The constructors below keep the tables readable.

func takes(ps ...param) *overload { return &overload{params: ps} }

func (o *overload) gives(k value.Kind) *overload {
	o.result = kindType(k)
	if k == value.KindInt {
		o.result.Scale = 0
	}
	if k == value.KindList {
		o.result = listOf(dynamicType())
	}
	return o
}

func (o *overload) givesTexts() *overload { o.result = listOf(kindType(value.KindText)); return o }
func (o *overload) givesAny() *overload   { o.result = dynamicType(); o.result.Unknown = false; return o }
func (o *overload) repeated() *overload   { o.rest = true; return o }

func (o *overload) do0(f func(f *Frame, n *Node) value.Value) *overload { o.zero = f; return o }
func (o *overload) do1(f func(f *Frame, n *Node, a value.Value) value.Value) *overload {
	o.one = f
	return o
}
func (o *overload) do2(f func(f *Frame, n *Node, a, b value.Value) value.Value) *overload {
	o.two = f
	return o
}
func (o *overload) doN(f func(f *Frame, n *Node, args []value.Value) value.Value) *overload {
	o.many = f
	return o
}

// text1 is an overload text → text.
func text1(f func(string) string) *overload {
	return takes(pText).gives(value.KindText).do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
		return value.Text(f(a.AsText()))
	})
}

// textTest is an overload (text, text) → bool.
func textTest(f func(a, b string) bool) *overload {
	return takes(pText, pText).gives(value.KindBool).do2(func(_ *Frame, _ *Node, a, b value.Value) value.Value {
		return value.Bool(f(a.AsText(), b.AsText()))
	})
}

// keepsSet refines the type of a text → text function: finite sets are mapped.
func keepsSet(f func(string) string) func(*Node) {
	return func(n *Node) {
		arg := n.Args[0].Type
		n.Type.Texts = mapTexts(arg.Texts, f)
		n.Type.MaxLength = arg.MaxLength
	}
}
