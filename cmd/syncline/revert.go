package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
	"github.com/syncline/syncline/runtime/undo"
)

// reverting is what revert was asked for.
type reverting struct {
	dir, rule, since    string
	deleteCreated, sure bool
	limit               int
}

func newRevert(a *app) *cobra.Command {
	var o reverting
	c := &cobra.Command{
		Use:   "revert RUN | revert --rule sync.NAME --since TIME",
		Short: "Take back what a run wrote, from the ledger",
		Long: `Puts every field that the run wrote back to the value before, except where somebody changed it since: that is shown and
left alone. Records that it created are deleted only with --delete-created. Without --yes it shows the plan and writes
nothing. Taking back is a run of its own in the ledger and can be taken back as well.

The rule stays: it writes the records again when their source changes, when the rule changes, and at its next full pass.
Change or disable it first.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.revert(cmd, args, o) },
	}
	c.Flags().StringVar(&o.dir, "dir", "", "the project's folder")
	c.Flags().StringVar(&o.rule, "rule", "", "everything that this rule wrote since --since, such as `sync.NAME`")
	c.Flags().StringVar(&o.since, "since", "", "with --rule: an instant, a day, or how long ago, such as 2h or 3d")
	c.Flags().BoolVar(&o.deleteCreated, "delete-created", false, "delete the records that the run created and nobody changed since")
	c.Flags().BoolVar(&o.sure, "yes", false, "write; without it the plan is shown")
	c.Flags().IntVar(&o.limit, "limit", 0, "show at most so many records; 0: all")
	a.formats(c, "text", "json")
	return c
}

// filter is which entries of the ledger are taken back.
func (o reverting) filter(args []string, now time.Time) (state.LedgerFilter, error) {
	switch {
	case len(args) == 1 && (o.rule != "" || o.since != ""):
		return state.LedgerFilter{}, errors.New("name a run, or a rule with --rule and --since, not both")
	case len(args) == 1:
		return state.LedgerFilter{Run: args[0]}, nil
	case o.rule == "" || o.since == "":
		return state.LedgerFilter{}, errors.New("name the run: `syncline runs` lists them; or give --rule and --since")
	}
	since, err := instantOf(o.since, now)
	return state.LedgerFilter{Rule: o.rule, Since: since}, err
}

// instantOf reads an instant, a day, or how long ago something was.
func instantOf(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	if d, err := ago(text); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-01-31T09:00:00Z, 2026-01-31 09:00, 2026-01-31, or how long ago: 90m, 2h, 3d", text)
}

// ago reads a duration, days and weeks included.
func ago(text string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			var n float64
			if _, err := fmt.Sscanf(number+"\n", "%g\n", &n); err == nil && n >= 0 && n < 100_000 {
				return time.Duration(n * float64(unit)), nil
			}
		}
	}
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		err = errors.New("a duration is not negative")
	}
	return d, err
}

func (a *app) revert(cmd *cobra.Command, args []string, o reverting) error {
	filter, err := o.filter(args, time.Now())
	if err != nil {
		return err
	}
	dir, r, err := a.openProject(inDir(o.dir))
	if err != nil {
		return err
	}
	defer r.Close()
	conns, err := r.Connections()
	if err != nil {
		return err
	}
	store, beside, err := a.stateToRevert(cmd, dir, o.sure)
	if err != nil {
		return err
	}
	defer store.Close()
	p, err := undo.Collect(cmd.Context(), store, filter)
	if err != nil {
		return err
	}
	if p.Entries == 0 {
		return &exitError{exitProblems, a.nothingToRevert(cmd.Context(), store, filter)}
	}
	systems := undo.Systems{
		Open: func(ctx context.Context, name string) (connectors.Connection, error) {
			for _, c := range conns {
				if c.Name == name {
					return r.Connect(ctx, c)
				}
			}
			return nil, fmt.Errorf("the project has no connection %s any more, which the run wrote to", name)
		},
		Allow: func(name string) []string { return allowed(conns, name) },
	}
	if err := p.Compare(cmd.Context(), systems, o.deleteCreated); err != nil {
		return err
	}
	if !o.sure {
		return a.showRevert(p, o, nil, nil)
	}
	run, failed, err := p.Apply(cmd.Context(), systems, store, time.Now)
	if err != nil {
		return err
	}
	if beside != "" && a.format != "json" {
		fmt.Fprintf(a.err, "%s the state is in use by %s, which goes on running the rule\n", a.paint(a.err, yellow, "note:"), beside)
	}
	if err := a.showRevert(p, o, &run, failed); err != nil {
		return err
	}
	return outcome(cmd, []state.Run{run})
}

func allowed(conns []*plan.Connection, name string) []string {
	for _, c := range conns {
		if c.Name == name {
			return c.Allow
		}
	}
	return nil
}

// stateToRevert opens the state, as its holder where nobody else is. Beside a holder it works as well: what is written
// to the state here are a run and entries of the ledger, which nobody else touches. beside says who holds it, "": nobody.
func (a *app) stateToRevert(cmd *cobra.Command, dir string, write bool) (store *sqlite.Store, beside string, err error) {
	if write {
		path, err := a.statePath(dir)
		if err != nil {
			return nil, "", err
		}
		store, err = sqlite.Open(cmd.Context(), path, sqlite.Options{Holder: "syncline revert", MustExist: true})
		held, ok := errors.AsType[*state.HeldError](err)
		if !ok {
			return store, "", err
		}
		beside = held.By
	}
	store, err = a.openState(cmd, dir, "")
	return store, beside, err
}

func (a *app) nothingToRevert(ctx context.Context, store state.Store, f state.LedgerFilter) error {
	if f.Run == "" {
		return fmt.Errorf("the ledger has nothing that %s wrote since %s", f.Rule, f.Since.Format(time.RFC3339))
	}
	runs, err := store.Runs(ctx, state.RunFilter{ID: f.Run, Limit: 1})
	switch {
	case err != nil:
		return err
	case len(runs) == 0:
		return fmt.Errorf("there is no run %s: `syncline runs` lists them", f.Run)
	case runs[0].Created+runs[0].Updated+runs[0].Deleted > 0:
		return fmt.Errorf("the ledger has forgotten what run %s wrote: it is kept for so long only (`syncline state compact`)", f.Run)
	}
	return fmt.Errorf("run %s of %s wrote nothing", f.Run, runs[0].Rule)
}

// showRevert prints a plan, or with a run what was done.
func (a *app) showRevert(p *undo.Plan, o reverting, run *state.Run, failed []undo.Failure) error {
	if a.format == "json" {
		failures := []map[string]any{}
		for _, f := range failed {
			failures = append(failures, map[string]any{"connection": f.Record.Connection, "object": f.Record.Object, "id": f.Record.ID, "error": f.Err.Error()})
		}
		doc := map[string]any{"rule": p.Rule, "run": p.Run, "records": notNil(p.Records), "links": p.Links, "messages": p.Messages, "in_doubt": p.Doubts, "summary": revertCounts(p)}
		if run != nil {
			doc["runs"], doc["failed"] = []state.Run{*run}, failures
		}
		return printJSON(a.out, doc)
	}
	shown := 0
	for _, r := range p.Records {
		if r.Verdict == undo.Settled {
			continue
		}
		if shown++; o.limit == 0 || shown <= o.limit {
			a.showRevertOf(a.out, r)
		}
	}
	if o.limit > 0 && shown > o.limit {
		fmt.Fprintf(a.out, "… and %s\n", count(shown-o.limit, "more record"))
	}
	for _, f := range failed {
		fmt.Fprintf(a.out, "%s %s %s: %s\n", a.paint(a.out, red, "failed:"), f.Record.Object, f.Record.ID, oneLine(f.Err.Error()))
	}
	n := revertCounts(p)
	fmt.Fprintf(a.out, "%s %d to put back, %d to delete, %d left alone because somebody changed them, %d created and kept, %d that cannot be put back, %d as before already\n",
		a.paint(a.out, bold, "Revert:"), n["update"], n["delete"], n["conflict"], n["keep"], n["lost"], n["settled"])
	if p.Links > 0 {
		fmt.Fprintf(a.out, "%s stay where they are; the next run matches.\n", count(p.Links, "moved or dropped link"))
	}
	if p.Messages > 0 {
		fmt.Fprintf(a.out, "Messages that stay sent: %d.\n", p.Messages)
	}
	if p.Doubts > 0 {
		fmt.Fprintf(a.out, "Creates in doubt, of which no record is known: %d.\n", p.Doubts)
	}
	if run == nil {
		if n["update"]+n["delete"] > 0 {
			fmt.Fprintln(a.out, "Nothing was written. --yes writes it.")
		}
	} else {
		a.printRun(*run)
	}
	if strings.HasPrefix(p.Rule, "trigger.") {
		fmt.Fprintf(a.out, "%s fires again for a record when its condition has been over and becomes true anew: change or disable it first if it was the trigger that was wrong.\n", p.Rule)
		return nil
	}
	fmt.Fprintf(a.out, "%s writes these records again when their source or the rule changes, and at its next full pass: change or disable it first. Records that are deleted here are not created again.\n", p.Rule)
	return nil
}

func revertCounts(p *undo.Plan) map[string]int {
	n := map[string]int{}
	for _, v := range []undo.Verdict{undo.Write, undo.Delete, undo.Keep, undo.Conflict, undo.Settled, undo.Lost} {
		n[string(v)] = 0
	}
	for _, r := range p.Records {
		n[string(r.Verdict)]++
	}
	return n
}

func (a *app) showRevertOf(out io.Writer, r *undo.Record) {
	mark, colour, what := "~", yellow, "put back"
	switch r.Verdict {
	case undo.Delete:
		mark, colour, what = "-", red, "delete"
	case undo.Keep:
		mark, colour, what = " ", dim, "keep"
	case undo.Conflict, undo.Lost:
		mark, colour, what = "!", yellow, "leave"
	}
	fmt.Fprintf(out, "%s %s %s %s", a.paint(out, colour, mark), what, r.Object, r.ID)
	if r.Why != "" {
		fmt.Fprintf(out, "  %s", a.paint(out, dim, r.Why))
	}
	fmt.Fprintln(out)
	if r.Verdict == undo.Keep || r.Verdict == undo.Delete {
		return
	}
	width := 0
	for _, f := range r.Fields {
		width = max(width, len(f.Name))
	}
	for _, f := range r.Fields {
		switch f.Verdict {
		case undo.Write:
			if r.Verdict != undo.Write {
				continue
			}
			fmt.Fprintf(out, "    %-*s  %s → %s\n", width, f.Name, a.paint(out, red, show(f.Now)), a.paint(out, green, show(f.Before)))
		case undo.Conflict:
			fmt.Fprintf(out, "    %-*s  %s  %s\n", width, f.Name, show(f.Now), a.paint(out, yellow, "left alone: the run wrote "+show(f.After)+", before it was "+show(f.Before)))
		case undo.Lost:
			fmt.Fprintf(out, "    %-*s  %s  %s\n", width, f.Name, show(f.Now), a.paint(out, yellow, "left alone: "+f.Why))
		}
	}
}
