package expr

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// EvalOptions say how Evaluate works.
type EvalOptions struct {
	// Reference evaluates with cel-go instead of the closures that plans use.
	Reference bool
	Now       time.Time
	Zone      *time.Location // nil: UTC
}

// Evaluate computes one expression over variables as JSON has them (nil, bool, float64, string, []any,
// map[string]any), and gives its value in the same form; whole numbers are int64. Numbers of JSON are doubles.
// It takes the path that plans take. What plans do not have (maps, bytes, more of CEL's extensions) is
// evaluated by cel-go under the same rules.
func Evaluate(text string, vars map[string]any, opt EvalOptions) (any, error) {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	if opt.Reference {
		return evaluateReference(text, vars, opt)
	}
	layout, rec := flattenVars(vars)
	env := NewEnv(Scope{Zone: opt.Zone})
	env.bare = layout
	c := &checker{env: env, scope: &env.scope}
	src := span.Plain("expression", text)
	root := c.quoted(src)
	if !c.diags.HasErrors() {
		c.cost(root)
	}
	if c.diags.HasErrors() {
		if c.beyond {
			return evaluateReference(text, vars, opt)
		}
		for _, d := range c.diags {
			if d.Severity == 0 {
				return nil, fmt.Errorf("%s: %s", d.Summary, d.Detail)
			}
		}
	}
	p := compile(root, func(_ int, path string) int { return layout.Slot(path) }, opt.Zone)
	v, err := p.Eval(&Frame{Records: []value.Record{rec}, Now: opt.Now})
	if err != nil {
		return nil, err
	}
	return toJSON(v, opt.Zone), nil
}

// flattenVars makes a record of variables; those within objects are named by path. What is no value of ours
// (an object as a whole, a list that holds objects) is left out.
func flattenVars(vars map[string]any) (*value.Layout, value.Record) {
	var names []string
	values := map[string]value.Value{}
	var add func(path string, v any)
	add = func(path string, v any) {
		if object, ok := v.(map[string]any); ok {
			for k, item := range object {
				add(path+"."+k, item)
			}
			return
		}
		if w, ok := fromJSON(v); ok {
			if _, twice := values[path]; !twice {
				names = append(names, path)
			}
			values[path] = w
		}
	}
	for k, v := range vars {
		add(k, v)
	}
	slices.Sort(names)
	rec := make(value.Record, len(names))
	for i, n := range names {
		rec[i] = values[n]
	}
	return value.NewLayout(names...), rec
}

func fromJSON(v any) (value.Value, bool) {
	switch x := v.(type) {
	case nil:
		return value.Null, true
	case bool:
		return value.Bool(x), true
	case float64:
		return value.Float(x), !math.IsNaN(x) && !math.IsInf(x, 0)
	case int64:
		return value.Int(x), true
	case int:
		return value.Int(int64(x)), true
	case string:
		return value.Text(x), true
	case []any:
		items := make([]value.Value, len(x))
		for i, item := range x {
			w, ok := fromJSON(item)
			if !ok {
				return value.Null, false
			}
			items[i] = w
		}
		return value.List(items), true
	}
	return value.Null, false
}

// toJSON gives a value as JSON has it: dates and datetimes as text, spans in seconds ("90s").
func toJSON(v value.Value, zone *time.Location) any {
	switch v.Kind() {
	case value.KindBool:
		return v.AsBool()
	case value.KindInt:
		return v.AsInt()
	case value.KindFloat:
		return v.AsFloat()
	case value.KindText:
		return v.AsText()
	case value.KindDate:
		return v.String()
	case value.KindTime:
		return v.AsTime().In(zone).Format(time.RFC3339Nano)
	case value.KindDays:
		return v.String()
	case value.KindDuration:
		return seconds(v.AsMicros())
	case value.KindList:
		out := make([]any, len(v.AsList()))
		for i, item := range v.AsList() {
			out[i] = toJSON(item, zone)
		}
		return out
	}
	return nil
}

// seconds is a span of microseconds as JSON has it.
func seconds(us int64) string { return strconv.FormatFloat(float64(us)/1e6, 'f', -1, 64) + "s" }

var sharedReference = sync.OnceValues(newReferenceEnv)

func evaluateReference(text string, vars map[string]any, opt EvalOptions) (any, error) {
	env, err := sharedReference()
	if err != nil {
		return nil, err
	}
	program, err := env.plan(text, &Scope{Zone: opt.Zone})
	if err != nil {
		return nil, err
	}
	v, err := program.eval(vars, opt.Now)
	if err != nil {
		return nil, err
	}
	return celToJSON(v, opt.Zone)
}

// celToJSON gives any value of CEL as JSON has it.
func celToJSON(v ref.Val, zone *time.Location) (any, error) {
	if w, ok := fromCEL(v); ok {
		return toJSON(w, zone), nil
	}
	switch x := settle(v).(type) {
	case types.Bool:
		return bool(x), nil
	case types.Uint:
		return uint64(x), nil
	case types.Bytes:
		return base64.StdEncoding.EncodeToString([]byte(x)), nil
	case traits.Lister:
		out := []any{}
		for it := x.Iterator(); it.HasNext() == types.True; {
			item, err := celToJSON(it.Next(), zone)
			if err != nil {
				return nil, err
			}
			out = append(out, item)
		}
		return out, nil
	case traits.Mapper:
		out := map[string]any{}
		for it := x.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			item, err := celToJSON(x.Get(key), zone)
			if err != nil {
				return nil, err
			}
			out[fmt.Sprint(key.Value())] = item
		}
		return out, nil
	case ref.Type:
		return x.TypeName(), nil
	}
	return nil, fmt.Errorf("the result is a %s, which has no form in JSON", v.Type().TypeName())
}
