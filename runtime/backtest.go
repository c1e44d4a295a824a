package runtime

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
)

// BacktestRequest asks what a trigger would have fired over the past.
type BacktestRequest struct {
	// Trigger is its name, with or without "trigger.".
	Trigger string
	// When and Rearm take the place of those in the files; nil: as there. An empty Rearm stands for none.
	When, Rearm *string
	// Since is where the period begins; zero: where the past does.
	Since time.Time
	// From is a file with the past; "": what the state recorded.
	From   string
	Schema SchemaMode
}

// BacktestReport is the answer. Its JSON form is a contract.
type BacktestReport struct {
	Rule   string `json:"rule"`
	Object string `json:"object"`
	// Asked is where the period was to begin, where the past goes back less far than that.
	Asked *time.Time `json:"asked,omitempty"`
	// Rules are the rule that was asked about, and those that it is compared with: the files' own, where conditions were given,
	// and the one in force, where it is another one.
	Rules []BacktestRule `json:"rules"`
	// InFact is how often the rule fired in the period, as far as the state knows; nil for a past from elsewhere.
	InFact *int `json:"fired_in_fact,omitempty"`
}

// BacktestRule is what one form of the rule would have fired.
type BacktestRule struct {
	// Form is "given", "files" or "in force".
	Form     string `json:"form"`
	When     string `json:"when"`
	Rearm    string `json:"rearm,omitempty"`
	Cooldown string `json:"cooldown,omitempty"`
	For      string `json:"for,omitempty"`
	// Error says why this form has no answer, where another one has.
	Error string `json:"error,omitempty"`
	*engine.Backtest
}

// Forms of a rule that is backtested.
const (
	FormGiven   = "given"
	FormFiles   = "files"
	FormInForce = "in force"
)

// Backtest answers. With errors among the diagnostics there is no report. Nothing is written.
func (r *Runtime) Backtest(ctx context.Context, store state.Store, q BacktestRequest) (*BacktestReport, diag.List, error) {
	p, err := r.ReadProject()
	if err != nil {
		return nil, nil, err
	}
	given := q.When != nil || q.Rearm != nil
	set, catalogs, diags, err := r.backtested(ctx, p, q, given)
	if err != nil || diags.HasErrors() {
		return nil, diags, err
	}
	t, err := namedTrigger(set, q.Trigger)
	if err != nil {
		return nil, nil, err
	}
	forms := []*formOf{{FormFiles, t, set}}
	if given {
		forms[0].form = FormGiven
		if set, found := r.compileWith(p, catalogs, q, false); !found.HasErrors() {
			forms = append(forms, &formOf{FormFiles, set.Trigger(t.Name), set})
		}
	}
	if p, catalogs := r.inForce(ctx, store); catalogs != nil {
		set, _ := r.compileWith(p, catalogs, q, false)
		forms = append(forms, &formOf{FormInForce, set.Trigger(t.Name), set})
	}
	report, err := r.backtest(ctx, store, q, forms)
	return report, diags, err
}

// backtested compiles the project, with the conditions that were given.
func (r *Runtime) backtested(ctx context.Context, p Project, q BacktestRequest, given bool) (*plan.Set, map[string]*schema.Catalog, diag.List, error) {
	module, found := p.load(&r.parsed)
	needs := func(have map[string]*schema.Catalog) map[string][]string { return lang.Needs(module, have) }
	catalogs, _, notes, err := r.schemas(ctx, q.Schema, lang.Connections(module), needs)
	if err != nil {
		if found.HasErrors() {
			return nil, nil, found, nil
		}
		return nil, nil, nil, err
	}
	set, diags := r.compileWith(p, catalogs, q, given)
	diags = append(diags, notes...)
	diags.Sort()
	return set, catalogs, diags, nil
}

// compileWith compiles a project with schemas that are known, and with the conditions of q where they are wanted.
func (r *Runtime) compileWith(p Project, catalogs map[string]*schema.Catalog, q BacktestRequest, given bool) (*plan.Set, diag.List) {
	module, diags := p.load(&r.parsed)
	if given {
		name := strings.TrimPrefix(q.Trigger, "trigger.")
		if q.When != nil {
			lang.Override(module, name, "when", *q.When)
		}
		if q.Rearm != nil {
			lang.Override(module, name, "rearm", *q.Rearm)
		}
	}
	set, found := lang.Compile(module, lang.Inputs{Catalogs: catalogs, Systems: r.o.Registry.Systems(), Vars: r.variables(p.Vars)})
	return set, append(diags, found...)
}

// inForce reads the set that a server has, or had, in force; none is no error.
func (r *Runtime) inForce(ctx context.Context, store state.Store) (Project, map[string]*schema.Catalog) {
	data, err := store.Snapshot(ctx, snapshotName)
	if err != nil || data == nil {
		return Project{}, nil
	}
	p, catalogs, err := decodeSnapshot(data)
	if err != nil {
		return Project{}, nil
	}
	return p, catalogs
}

func namedTrigger(set *plan.Set, name string) (*plan.Trigger, error) {
	name = strings.TrimPrefix(name, "trigger.")
	if t := set.Trigger(name); t != nil {
		return t, nil
	}
	var names []string
	for _, t := range set.Triggers {
		names = append(names, t.ID())
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no trigger %s: the project has none", name)
	}
	return nil, fmt.Errorf("there is no trigger %s: the project has %s", name, strings.Join(names, ", "))
}

// formOf is a form of the rule, with the set that it is of. Its trigger is nil where that set has none of the name.
type formOf struct {
	form string
	t    *plan.Trigger
	set  *plan.Set
}

// key is what tells two forms apart, as far as it matters when they fire.
func (f *formOf) key() string {
	return fmt.Sprint(f.t.Meaning, f.t.Population, f.t.Cooldown, f.t.For, f.t.HoldFirstSeen, f.t.Change)
}

func (r *Runtime) backtest(ctx context.Context, store state.Store, q BacktestRequest, forms []*formOf) (*BacktestReport, error) {
	first := forms[0].t
	report := &BacktestReport{Rule: first.ID(), Object: first.On.Connection + "." + first.On.Object.Name}
	var past []engine.Sighting
	if q.From != "" {
		var err error
		if past, err = readPast(q.From, first); err != nil {
			return nil, err
		}
	}
	var seen []string
	for _, f := range forms {
		if f.t == nil || slices.Contains(seen, f.key()) {
			continue
		}
		seen = append(seen, f.key())
		rule := BacktestRule{Form: f.form, When: f.t.WhenText, Rearm: f.t.RearmText, Cooldown: lasting(f.t.Cooldown), For: lasting(f.t.For)}
		job := engine.BacktestJob{Plan: f.t, Set: f.set, Store: store, Since: q.Since, Until: r.o.Now(), Past: past}
		if len(report.Rules) > 0 {
			// The others are held against the same period.
			job.Since, job.Until = report.Rules[0].From, report.Rules[0].To
		}
		var err error
		if rule.Backtest, err = engine.RunBacktest(ctx, job); err != nil {
			if len(report.Rules) == 0 || ctx.Err() != nil {
				return nil, err
			}
			rule.Error = err.Error()
		}
		report.Rules = append(report.Rules, rule)
	}
	main := report.Rules[0]
	if !q.Since.IsZero() && q.Since.Before(main.From) {
		asked := q.Since.UTC()
		report.Asked = &asked
	}
	if q.From != "" {
		return report, nil
	}
	n, err := firedInFact(ctx, store, report.Rule, main.From, main.To)
	report.InFact = &n
	return report, err
}

func lasting(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// firedInFact counts a trigger's firings in a period.
func firedInFact(ctx context.Context, store state.Store, rule string, from, to time.Time) (n int, err error) {
	f := state.FiringFilter{Rule: rule, Limit: 1000}
	for {
		list, err := store.Firings(ctx, f)
		if err != nil {
			return 0, fmt.Errorf("reading firings: %w", err)
		}
		for _, x := range list {
			if x.Kind == state.FiringFired && x.At.After(from) && !x.At.After(to) {
				n++
			}
		}
		if len(list) < f.Limit {
			return n, nil
		}
		f.After = list[len(list)-1].Seq
	}
}
