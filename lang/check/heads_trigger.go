package check

import (
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/syntax"
)

// visitor sees every expression of a rule, with the object of `it` where there is one.
type visitor func(v syntax.Value, it *resolve.Object)

// triggerObjects gives the objects of a trigger by the names of its records.
func triggerObjects(t *resolve.Trigger) map[string]resolve.Object {
	out := map[string]resolve.Object{"new": t.On, "old": t.On}
	for _, f := range t.Finds {
		out[f.Name] = f.In
	}
	for _, a := range t.Actions() {
		if a.Kind == "create" || a.Kind == "upsert" {
			out[a.Label] = a.In
		}
	}
	return out
}

// triggerValues visits every expression of a trigger.
func triggerValues(t *resolve.Trigger, visit visitor) {
	one := func(v syntax.Value) {
		if v != nil {
			visit(v, nil)
		}
	}
	one(t.Where)
	one(t.When)
	one(t.Rearm)
	for _, s := range t.Schedules {
		one(s.Where)
	}
	for _, f := range t.Finds {
		lookupValues(&f.Match, f.In, visit)
	}
	for _, a := range t.Actions() {
		one(a.If)
		if a.Key != nil {
			one(a.Key.Value)
		}
		for _, m := range a.Set {
			one(m.Value)
		}
		argumentValues(a.Args, visit)
	}
}

func argumentValues(args []resolve.Argument, visit visitor) {
	var walk func(v syntax.Value)
	walk = func(v syntax.Value) {
		switch v := v.(type) {
		case nil:
		case *syntax.List:
			for _, item := range v.Items {
				walk(item)
			}
		case *syntax.Object:
			for _, item := range v.Items {
				walk(item.Value)
			}
		default:
			visit(v, nil)
		}
	}
	for _, a := range args {
		walk(a.Value)
	}
}

// lookupValues visits the expressions of a match or find.
func lookupValues(m *resolve.Match, in resolve.Object, visit visitor) {
	for _, a := range m.By {
		for _, k := range a.Keys {
			if k.Value != nil {
				visit(k.Value, nil)
			}
		}
	}
	for _, v := range []syntax.Value{m.Where, m.OrderBy} {
		if v != nil {
			visit(v, &in)
		}
	}
}

// trackValues visits the expressions of a track.
func trackValues(t *resolve.Track, visit visitor) {
	for _, v := range []syntax.Value{t.Value, t.Where} {
		if v != nil {
			visit(v, nil)
		}
	}
	for _, s := range t.Schedules {
		if s.Where != nil {
			visit(s.Where, nil)
		}
	}
}
