package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

func newPlan(a *app) *cobra.Command {
	var s runtime.Selection
	var limit int
	c := &cobra.Command{
		Use:   "plan [DIR]",
		Short: "Show what a run would write, record by record, and what it would cost; write nothing",
		Long: `Runs every rule up to the point of writing and shows each change, field by field, old → new, with counts, API calls
and the guards that would stop the run. Exit 0: planned, 1: a rule could not be planned, records would be rejected or a guard
would stop the run, 2: could not start.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.compileClean(cmd, args)
			if err != nil {
				return err
			}
			defer c.Close()
			store, err := a.planState(cmd, c.dir)
			if err != nil {
				return err
			}
			defer store.Close()
			return a.planRules(cmd, c, s, store, limit)
		},
	}
	a.selects(c, &s)
	c.Flags().IntVar(&limit, "limit", 0, "show at most so many changes of each rule; 0: all")
	a.formats(c, "text", "json")
	return c
}

// planState opens the state to look at it. A project that never ran is planned on an empty one, and leaves nothing behind.
func (a *app) planState(cmd *cobra.Command, dir string) (state.Store, error) {
	path, err := a.statePath(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err == nil {
		return sqlite.Open(cmd.Context(), path, sqlite.Options{MustExist: true})
	}
	tmp, err := os.MkdirTemp("", "syncline-plan")
	if err != nil {
		return nil, err
	}
	store, err := sqlite.Open(cmd.Context(), filepath.Join(tmp, "state.db"), sqlite.Options{})
	if err != nil {
		os.RemoveAll(tmp)
		return nil, err
	}
	return &throwaway{store, tmp}, nil
}

// throwaway is a store that goes when it is closed.
type throwaway struct {
	*sqlite.Store
	dir string
}

func (t *throwaway) Close() error { return errors.Join(t.Store.Close(), os.RemoveAll(t.dir)) }

func (a *app) planRules(cmd *cobra.Command, c *compiled, s runtime.Selection, store state.Store, limit int) error {
	out := bufio.NewWriter(a.out)
	defer out.Flush()
	var v planView = &textPlan{a: a, out: out, limit: limit}
	if a.format == "json" {
		v = &jsonPlan{out: out}
	}
	show := newProgress(a)
	hooks := runtime.Hooks{
		Begin:    func(rule runtime.Rule) { show.begin(rule); v.begin(rule) },
		Progress: show.update,
		Change:   func(ch engine.Change) { show.end(); v.change(ch) },
		Problem:  func(p engine.Problem) { show.end(); v.problem(p) },
		Sight:    func(s engine.Sight) { show.end(); v.sight(s) },
		End:      func(r state.Run) { show.end(); v.end(r) },
	}
	runs, err := c.RunOnce(cmd.Context(), c.Set, s, store, true, hooks)
	if err != nil {
		return err
	}
	if err := v.finish(runs); err != nil {
		return err
	}
	return outcome(cmd, runs)
}

// planView is a form in which a plan is shown.
type planView interface {
	begin(runtime.Rule)
	sight(engine.Sight)
	change(engine.Change)
	problem(engine.Problem)
	end(state.Run)
	finish([]state.Run) error
}

// jsonPlan writes the contract's JSON, change by change, so that a large plan need not be held.
type jsonPlan struct {
	out  *bufio.Writer
	some bool
	err  error
	// sights are what triggers see in records, problems the records that are not brought over.
	sights   []engine.Sight
	problems []engine.Problem
}

func (j *jsonPlan) begin(runtime.Rule) {}
func (j *jsonPlan) end(state.Run)      {}

// mostProblems is how many problems a plan in JSON names; the summary counts all.
const mostProblems = 1000

// Sights and problems are told after the changes.
func (j *jsonPlan) sight(s engine.Sight) { j.sights = append(j.sights, s) }
func (j *jsonPlan) problem(p engine.Problem) {
	if len(j.problems) < mostProblems {
		j.problems = append(j.problems, p)
	}
}

func (j *jsonPlan) change(c engine.Change) {
	j.comma()
	b, err := json.Marshal(c)
	if err != nil && j.err == nil {
		j.err = err
	}
	j.out.Write(b)
}

func (j *jsonPlan) comma() {
	if j.some {
		j.out.WriteByte(',')
	} else {
		j.out.WriteString(`{"changes":[`)
	}
	j.some = true
}

func (j *jsonPlan) finish(runs []state.Run) error {
	if !j.some {
		j.out.WriteString(`{"changes":[`)
	}
	sum, calls := totals(runs)
	rest, err := json.Marshal(struct {
		Summary  engine.Summary   `json:"summary"`
		Calls    map[string]int   `json:"calls"`
		Runs     []state.Run      `json:"runs"`
		Records  []engine.Sight   `json:"records,omitempty"`
		Problems []engine.Problem `json:"problems,omitempty"`
	}{sum, calls, notNil(runs), j.sights, j.problems})
	if err != nil {
		return err
	}
	fmt.Fprintf(j.out, "],%s\n", rest[1:])
	return errors.Join(j.err, j.out.Flush())
}

func totals(runs []state.Run) (sum engine.Summary, calls map[string]int) {
	calls = map[string]int{}
	for _, r := range runs {
		sum.Add(engine.Summarize(r))
		for name, n := range r.Calls {
			calls[name] += n
		}
	}
	return sum, calls
}

// textPlan writes for people.
type textPlan struct {
	a     *app
	out   io.Writer
	limit int

	rule            runtime.Rule
	shown, problems int
	// sights counts what triggers see, by what it is.
	sights map[string]int
}

func (t *textPlan) paint(colour, s string) string { return t.a.paint(t.a.out, colour, s) }

func (t *textPlan) begin(rule runtime.Rule) {
	t.rule, t.shown, t.problems, t.sights = rule, 0, 0, map[string]int{}
	on := rule.On()
	fmt.Fprintf(t.out, "%s  %s.%s", t.paint(bold, rule.ID()), on.Connection, on.Object.Name)
	if x := rule.Sync; x != nil {
		fmt.Fprintf(t.out, " → %s.%s", x.To.Connection, x.To.Object.Name)
	}
	fmt.Fprintln(t.out)
	if f := rule.Where(); f != nil {
		if len(f.PushedText) > 0 {
			fmt.Fprintf(t.out, "  %s\n", t.paint(dim, fmt.Sprintf("filtered by %s: %s", on.Connection, strings.Join(f.PushedText, " && "))))
		}
		if len(f.LocalText) > 0 {
			fmt.Fprintf(t.out, "  %s\n", t.paint(dim, "filtered here: "+strings.Join(f.LocalText, " && ")))
		}
	}
}

var marks = map[string][2]string{"create": {"+", green}, "update": {"~", yellow}, "delete": {"-", red}, "send": {"@", cyan}, "call": {"@", cyan}, "relink": {"»", cyan}, "unlink": {"x", cyan}}

func (t *textPlan) change(c engine.Change) {
	t.shown++
	if t.limit > 0 && t.shown > t.limit {
		return
	}
	m, ok := marks[c.Action]
	if !ok {
		m = [2]string{"?", ""}
	}
	what := cmp.Or(c.Object, "through "+c.Connection)
	if c.ID != "" {
		what += " " + c.ID
	}
	fmt.Fprintf(t.out, "  %s %s %s  %s\n", t.paint(m[1], m[0]), c.Action, what, t.paint(dim, "from "+c.Source.Object+" "+c.Source.ID))
	width := 0
	for _, f := range c.Fields {
		width = max(width, len(f.Name))
	}
	for _, f := range c.Fields {
		fmt.Fprintf(t.out, "      %-*s  ", width, f.Name)
		if c.Action == "create" || c.Action == "send" || c.Action == "call" {
			fmt.Fprintf(t.out, "%s\n", t.paint(green, show(f.After)))
			continue
		}
		fmt.Fprintf(t.out, "%s → %s\n", t.paint(red, show(f.Before)), t.paint(green, show(f.After)))
	}
}

// maxProblems bounds the records that are named one by one; the counts hold them all.
const maxProblems = 20

func (t *textPlan) mostProblems() int {
	if t.limit > 0 {
		return min(t.limit, maxProblems)
	}
	return maxProblems
}

func (t *textPlan) problem(p engine.Problem) {
	t.problems++
	if t.problems > t.mostProblems() {
		return
	}
	fmt.Fprintf(t.out, "  %s %s %s %s: %s\n", t.paint(yellow, "!"), p.Kind, p.Source.Object, p.Source.ID, oneLine(p.Message))
}

// sight shows a record that a trigger looks at: those that fire one by one, of the others some. Of those that stay as
// they are the number will do.
func (t *textPlan) sight(s engine.Sight) {
	t.sights[s.What]++
	if s.What == "held" || s.What == "fired" {
		return
	}
	if n := t.sights[s.What]; t.limit > 0 && n > t.limit || s.What != "fires" && s.What != "recovers" && n > maxProblems {
		return
	}
	until := ""
	if s.Until != nil {
		until = " until " + s.Until.Format(time.RFC3339)
	}
	why := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		why[i] = fmt.Sprintf("%s %s → %s", f.Name, t.paint(red, show(f.Before)), t.paint(green, show(f.After)))
	}
	fmt.Fprintf(t.out, "  %s %s %s: %s\n", t.paint(cyan, "·"), s.Source.Object, s.Source.ID, strings.TrimSpace(sightText[s.What]+until+"  "+strings.Join(why, ", ")))
}

// sightText is what triggers see, for people.
var sightText = map[string]string{
	"fires": "fires", "recovers": "recovers", "approval": "fired, and waits for an approval",
	"waits": "has to hold on", "cooldown": "in cooldown", "dropped": "changed inside the cooldown, and does not fire",
}

// sightSums is what is said of several.
var sightSums = map[string]string{"fires": "to fire", "recovers": "to recover", "approval": "wait for an approval", "held": "hold already and do not fire",
	"fired": "have fired and wait for the condition to end", "waits": "have to hold on", "cooldown": "in cooldown", "dropped": "passed over"}

// sightOrder is the order in which they are summed up.
var sightOrder = []string{"fires", "recovers", "approval", "held", "fired", "waits", "cooldown", "dropped"}

func (t *textPlan) end(r state.Run) {
	var seen []string
	for _, what := range sightOrder {
		if n := t.sights[what]; n > 0 {
			seen = append(seen, fmt.Sprintf("%d %s", n, cmp.Or(sightSums[what], what)))
		}
	}
	if len(seen) > 0 {
		fmt.Fprintf(t.out, "  %s\n", strings.Join(seen, ", "))
	}
	if t.limit > 0 && t.shown > t.limit {
		fmt.Fprintf(t.out, "  … and %s\n", count(t.shown-t.limit, "more change"))
	}
	if more := t.problems - t.mostProblems(); more > 0 {
		fmt.Fprintf(t.out, "  … and %s that match nothing, match several, or are rejected\n", count(more, "more record"))
	}
	sum := engine.Summarize(r)
	fmt.Fprintf(t.out, "  %s; %s\n", sumText(sum), callsText(r.Calls))
	switch {
	case r.Why == "":
	case r.Status == state.Succeeded:
		fmt.Fprintf(t.out, "  %s\n", r.Why)
	default:
		fmt.Fprintf(t.out, "  %s %s\n", t.paint(red, string(r.Status)+":"), r.Why)
	}
	fmt.Fprintln(t.out)
}

func sumText(s engine.Summary) string {
	text := fmt.Sprintf("%d to create, %d to update, %d to delete, %d unchanged", s.Create, s.Update, s.Delete, s.Unchanged)
	for _, n := range []struct {
		name string
		n    int
	}{{"to send", s.Send}, {"unmatched", s.Unmatched}, {"ambiguous", s.Ambiguous}, {"rejected", s.Rejected}} {
		if n.n > 0 {
			text += fmt.Sprintf(", %d %s", n.n, n.name)
		}
	}
	return text
}

func (t *textPlan) finish(runs []state.Run) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(t.out, nothingSelected)
		return err
	}
	sum, calls := totals(runs)
	_, err := fmt.Fprintf(t.out, "%s %s; %s\n", t.paint(bold, "Plan:"), sumText(sum), callsText(calls))
	return err
}
