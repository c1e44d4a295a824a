package planner

import (
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/syntax"
	"github.com/syncline/syncline/lang/value"
)

func connection(c *resolve.Connection) *plan.Connection {
	out := &plan.Connection{Name: c.Name, System: c.System, Settings: settings(c.Attrs), Range: c.Range,
		Limits: plan.Limits{CallsPerDay: c.Limits.CallsPerDay, CallsPerMinute: c.Limits.CallsPerMinute, Concurrent: c.Limits.Concurrent}}
	for _, o := range c.Objects {
		out.Objects = append(out.Objects, object(o))
	}
	if c.Allow != nil {
		out.Allow = []string{}
		for _, p := range c.Allow {
			out.Allow = append(out.Allow, p.Text)
		}
	}
	out.Pauses = pauses(c.Pauses, time.UTC)
	out.Events = events(c.Events)
	return out
}

// pauses plans maintenance windows; zone is that of the ones that name none.
func pauses(list []resolve.Pause, zone *time.Location) (out []plan.Pause) {
	for _, p := range list {
		z, err := cron.Zone(p.Timezone)
		if err != nil {
			z = zone
		}
		out = append(out, plan.Pause{Name: p.Name, Cron: p.Cron, For: p.For, Zone: z})
	}
	return out
}

func object(o *resolve.ObjectBlock) plan.ObjectSpec {
	out := plan.ObjectSpec{Name: o.Name, Settings: settings(o.Attrs), Range: o.Range}
	for _, c := range o.Columns {
		kind, ok := schema.ParseKind(c.Kind)
		if !ok {
			kind = schema.Text
		}
		out.Columns = append(out.Columns, plan.Column{Name: c.Name, From: c.From, Kind: kind, Length: c.Length, Nullable: true})
	}
	return out
}

func settings(attrs []*syntax.Attr) map[string]plan.Setting {
	out := make(map[string]plan.Setting, len(attrs))
	for _, a := range attrs {
		if s, ok := setting(a.Value); ok {
			out[a.Name] = s
		}
	}
	return out
}

func setting(v syntax.Value) (plan.Setting, bool) {
	s := plan.Setting{Range: v.Place()}
	switch v := v.(type) {
	case *syntax.Env:
		s.Env, s.Secret = v.Name, v.Secret
	case *syntax.Quoted:
		s.Value = value.Text(v.Text)
	case *syntax.Const:
		s.Value = constant(v)
	case *syntax.List:
		s.List = []plan.Setting{}
		for _, item := range v.Items {
			if text, ok := setting(item); ok {
				s.List = append(s.List, text)
			}
		}
	case *syntax.Object:
		s.Map = map[string]plan.Setting{}
		for _, item := range v.Items {
			if text, ok := setting(item.Value); ok {
				s.Map[item.Key] = text
			}
		}
	default:
		return s, false
	}
	return s, true
}

func constant(c *syntax.Const) value.Value {
	switch c.Kind {
	case syntax.BoolConst:
		return value.Bool(c.Literal == "true")
	case syntax.NullConst:
		return value.Null
	}
	if !strings.ContainsAny(c.Literal, ".eE") {
		if i, err := strconv.ParseInt(c.Literal, 10, 64); err == nil {
			return value.Int(i)
		}
	}
	f, _ := strconv.ParseFloat(c.Literal, 64)
	return value.Float(f)
}
