package gainsight

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// whereBody is the filter of a query. Queries say name where Cockpit lists say fieldName.
type whereBody struct {
	Conditions []conditionBody `json:"conditions"`
	Expression string          `json:"expression"`
}

type conditionBody struct {
	Name      string `json:"name"`
	FieldName string `json:"fieldName"`
	Alias     string `json:"alias"`
	Value     []any  `json:"value"`
	Operator  string `json:"operator"`
}

// cond is a compiled condition.
type cond struct {
	path   *path
	op     string
	values []any
	set    map[any]bool
}

// filter is a compiled filter: the expression over the conditions, as the rows of an "or" of "and"s.
type filter struct {
	conds []*cond
	any   [][]int
}

var operators = []string{"EQ", "NE", "GT", "LT", "GTE", "LTE", "BTW", "IS_NULL", "IS_NOT_NULL", "CONTAINS", "DOES_NOT_CONTAINS", "STARTS_WITH", "ENDS_WITH",
	"INCLUDES", "IN", "EXCLUDES", "NOT_IN"}

// compile checks a filter and makes it fast.
func (s *System) compile(def *objectDef, w *whereBody) (*filter, error) {
	f := &filter{}
	if w == nil || len(w.Conditions) == 0 {
		return f, nil
	}
	aliases := map[string]int{}
	for i, c := range w.Conditions {
		name := c.Name
		if name == "" {
			name = c.FieldName
		}
		if c.Alias == "" || aliases[c.Alias] > 0 {
			return nil, fmt.Errorf("invalid alias %q in where clause", c.Alias)
		}
		aliases[c.Alias] = i + 1
		p, err := s.path(def, name)
		if err != nil {
			return nil, err
		}
		cc, err := compileCondition(p, &c)
		if err != nil {
			return nil, err
		}
		f.conds = append(f.conds, cc)
	}
	var err error
	f.any, err = parseExpression(w.Expression, aliases)
	return f, err
}

// parseExpression reads aliases joined by AND and OR; AND binds tighter. Parentheses are not documented, and not taken.
func parseExpression(text string, aliases map[string]int) ([][]int, error) {
	out := [][]int{{}}
	words := strings.Fields(text)
	for i, word := range words {
		if i%2 == 1 {
			switch strings.ToUpper(word) {
			case "AND":
			case "OR":
				out = append(out, []int{})
			default:
				return nil, fmt.Errorf("invalid expression %q in where clause", text)
			}
			continue
		}
		n := aliases[word]
		if n == 0 {
			return nil, fmt.Errorf("invalid expression %q in where clause: no condition %q", text, word)
		}
		out[len(out)-1] = append(out[len(out)-1], n-1)
	}
	if len(words)%2 == 0 {
		return nil, fmt.Errorf("invalid expression %q in where clause", text)
	}
	return out, nil
}

func compileCondition(p *path, c *conditionBody) (*cond, error) {
	out := &cond{path: p, op: c.Operator}
	if !slices.Contains(operators, c.Operator) {
		return nil, fmt.Errorf("invalid operator %s for field %s", c.Operator, p.name)
	}
	if c.Value == nil {
		return nil, fmt.Errorf("value must be a list for field %s", p.name)
	}
	for _, v := range c.Value {
		x, err := p.last.filterValue(v)
		if err != nil {
			return nil, err
		}
		out.values = append(out.values, x)
	}
	want := map[string][2]int{"IS_NULL": {0, 0}, "IS_NOT_NULL": {0, 0}, "BTW": {2, 2}, "IN": {1, 10000}, "NOT_IN": {1, 10000}, "INCLUDES": {1, 10000}, "EXCLUDES": {1, 10000}}
	n, ok := want[c.Operator]
	if !ok {
		n = [2]int{1, 1}
	}
	if len(c.Value) < n[0] || len(c.Value) > n[1] {
		return nil, fmt.Errorf("invalid number of values for operator %s of field %s", c.Operator, p.name)
	}
	switch c.Operator {
	case "IN", "NOT_IN", "INCLUDES", "EXCLUDES":
		out.set = make(map[any]bool, len(out.values))
		for _, v := range out.values {
			out.set[v] = true
		}
	}
	return out, nil
}

// filterValue reads a value of a filter by the field's type. Picklist items go by id or label.
func (f *fieldDef) filterValue(v any) (any, error) {
	bad := fmt.Errorf("invalid value %v for field %s of type %s", v, f.name, f.typ)
	text := fmt.Sprint(v)
	switch f.typ {
	case tNumber, tCurrency, tPercent:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, bad
		}
		return x, nil
	case tBool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, bad
		}
		return b, nil
	case tDate:
		d, ok := parseDay(v)
		if !ok {
			return nil, bad
		}
		return d, nil
	case tDateTime:
		t, ok := parseInstant(v)
		if !ok {
			return nil, bad
		}
		return t, nil
	}
	if f.picks != nil {
		if o := f.picks.byID[text]; o != nil {
			return o.id, nil
		}
		if o := f.picks.byLabel[strings.ToLower(text)]; o != nil {
			return o.id, nil
		}
		return nil, bad
	}
	if _, number := v.(json.Number); number {
		return text, nil
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	return nil, bad
}

func (f *filter) match(r *row) bool {
	if len(f.conds) == 0 {
		return true
	}
	for _, all := range f.any {
		ok := true
		for _, i := range all {
			if ok = f.conds[i].match(r); !ok {
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}

func (c *cond) match(r *row) bool {
	v := c.path.value(r)
	if v == nil {
		return c.op == "IS_NULL"
	}
	switch c.op {
	case "IS_NULL":
		return false
	case "IS_NOT_NULL":
		return true
	case "IN", "INCLUDES":
		return c.holds(v)
	case "NOT_IN", "EXCLUDES":
		return !c.holds(v)
	case "CONTAINS", "DOES_NOT_CONTAINS", "STARTS_WITH", "ENDS_WITH":
		return c.matchText(v)
	case "BTW":
		return compare(v, c.values[0]) >= 0 && compare(v, c.values[1]) <= 0
	}
	n := compare(v, c.values[0])
	switch c.op {
	case "EQ":
		return n == 0
	case "NE":
		return n != 0
	case "GT":
		return n > 0
	case "GTE":
		return n >= 0
	case "LT":
		return n < 0
	}
	return n <= 0
}

func (c *cond) holds(v any) bool {
	if items, ok := v.(multi); ok {
		return slices.ContainsFunc(items, func(id string) bool { return c.set[id] })
	}
	return c.set[v]
}

func (c *cond) matchText(v any) bool {
	s, _ := v.(string)
	x, _ := c.values[0].(string)
	if c.path.last.picks != nil {
		if o := c.path.last.picks.byID[s]; o != nil {
			s = o.label
		}
	}
	switch c.op {
	case "STARTS_WITH":
		return strings.HasPrefix(s, x)
	case "ENDS_WITH":
		return strings.HasSuffix(s, x)
	case "CONTAINS":
		return strings.Contains(s, x)
	}
	return !strings.Contains(s, x)
}

// compare orders two values of one type; null comes last.
func compare(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	switch x := a.(type) {
	case string:
		y, _ := b.(string)
		return strings.Compare(x, y)
	case float64:
		y, _ := b.(float64)
		return order(x, y)
	case day:
		y, _ := b.(day)
		return order(x, y)
	case instant:
		y, _ := b.(instant)
		return order(x, y)
	case bool:
		y, _ := b.(bool)
		if x == y {
			return 0
		}
		if y {
			return -1
		}
		return 1
	case multi:
		y, ok := b.(multi)
		if !ok {
			s, _ := b.(string)
			return strings.Compare(strings.Join(x, ";"), s)
		}
		return slices.Compare(x, y)
	}
	return 0
}

func order[T day | instant | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
