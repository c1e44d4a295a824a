package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/runtime/state"
)

func newRun(a *app) *cobra.Command {
	var s runtime.Selection
	c := &cobra.Command{
		Use:   "run [DIR]",
		Short: "Run every rule once, now",
		Long: `Runs every enabled rule once and exits: 0 when all succeeded, 1 when any did not, 2 when it could not start.
Ctrl-C finishes the batch in hand, stores where it stands, and exits 130; the next run goes on from there.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			// Whoever reads the output may leave (| head); the rules that are left run all the same.
			signal.Ignore(syscall.SIGPIPE)
			c, err := a.compileClean(cmd, args)
			if err != nil {
				return err
			}
			defer c.Close()
			store, err := a.openState(cmd, c.dir, "syncline run")
			if err != nil {
				return err
			}
			defer store.Close()
			return a.runRules(cmd, c, s, store)
		},
	}
	a.selects(c, &s)
	a.formats(c, "text", "json")
	return c
}

// selects adds the flags of a selection.
func (a *app) selects(c *cobra.Command, s *runtime.Selection) {
	c.Flags().StringArrayVar(&s.Only, "only", nil, "only this rule, such as `sync.NAME` (repeatable); a manual rule too")
	c.Flags().StringArrayVar(&s.Tags, "tag", nil, "only rules with this `TAG` (repeatable)")
	c.Flags().BoolVar(&s.Full, "full", false, "read and compare everything, whatever earlier runs remember")
}

// runRules runs the selected rules and prints how each ended.
func (a *app) runRules(cmd *cobra.Command, c *compiled, s runtime.Selection, store state.Store) error {
	show := newProgress(a)
	hooks := runtime.Hooks{Begin: show.begin, Progress: show.update, End: func(r state.Run) {
		show.end()
		if a.format != "json" {
			a.printRun(r)
		}
	}}
	runs, err := c.RunOnce(cmd.Context(), c.Set, s, store, false, hooks)
	if err != nil {
		return err
	}
	if a.format == "json" {
		if err := printJSON(a.out, map[string]any{"runs": notNil(runs)}); err != nil {
			return err
		}
	} else if len(runs) == 0 && cmd.Context().Err() == nil {
		fmt.Fprintln(a.out, nothingSelected)
	}
	if err := a.tellLeftBehind(cmd, c, store); err != nil {
		return err
	}
	return outcome(cmd, runs)
}

// tellLeftBehind warns of what no rule does any more.
func (a *app) tellLeftBehind(cmd *cobra.Command, c *compiled, store state.Store) error {
	left, err := runtime.LeftBehind(context.WithoutCancel(cmd.Context()), store, c.Set)
	for _, l := range left {
		if l.Approved != "" {
			fmt.Fprintf(a.err, "%s %s was removed or renamed before all that was approved of run %s was written: put it back under this name until it is, or `syncline reject %s` drops the rest\n",
				a.paint(a.err, yellow, "warning:"), l.Rule, l.Approved, l.Approved)
			continue
		}
		fmt.Fprintf(a.err, "%s %s was removed or renamed before all that it fired was done (%s): put it back under this name until it is\n",
			a.paint(a.err, yellow, "warning:"), l.Rule, count(l.Firings, "firing"))
	}
	return err
}

// nothingSelected is said where no rule would run.
const nothingSelected = "No rule to run: all are disabled, manual (--only names them), or not selected."

// outcome gives the exit code of runs.
func outcome(cmd *cobra.Command, runs []state.Run) error {
	if cmd.Context().Err() != nil {
		return &exitError{exitInterrupted, errors.New("stopped: what was finished is stored, the next run goes on from there")}
	}
	for _, r := range runs {
		if r.Status != state.Succeeded {
			return errProblems
		}
	}
	return nil
}

var statusColours = map[state.RunStatus]string{state.Succeeded: green, state.Partial: yellow, state.Waiting: yellow, state.Stopped: yellow, state.Failed: red}

func (a *app) printRun(r state.Run) {
	fmt.Fprintf(a.out, "%s %s: %s", a.paint(a.out, statusColours[r.Status], fmt.Sprintf("%-9s", r.Status)), a.paint(a.out, bold, r.Rule), mainCounts(r))
	for _, n := range []struct {
		name string
		n    int
	}{{"sent", r.Sent}, {"deleted", r.Deleted}, {"passed over", r.Dropped}, {"filtered", r.Filtered}, {"unmatched", r.Unmatched}, {"ambiguous", r.Ambiguous}, {"dead", r.Dead}} {
		if n.n > 0 {
			fmt.Fprintf(a.out, ", %s %d", n.name, n.n)
		}
	}
	fmt.Fprintf(a.out, "; %s in %s\n", callsText(r.Calls), took(r.DurationMS))
	if r.Why != "" {
		fmt.Fprintf(a.out, "          %s\n", r.Why)
	}
	if r.Status == state.Waiting && r.WaitsFor == state.WaitGuard && r.Outbox != nil {
		fmt.Fprintf(a.out, "          `syncline approve %s` writes the %s, with --show it shows them; `syncline reject` drops them\n", r.ID, count(r.Outbox.Changes, "change"))
	}
	if r.Dead > 0 {
		fmt.Fprintf(a.out, "          `syncline dead list` shows the records that failed, and why\n")
	}
}

// mainCounts are the counts that are said of a run even where they are 0.
func mainCounts(r state.Run) string {
	switch kind, _, _ := strings.Cut(r.Rule, "."); kind {
	case "track":
		return fmt.Sprintf("read %d", r.Read)
	case "trigger":
		return fmt.Sprintf("read %d, fired %d, created %d, updated %d", r.Read, r.Fired, r.Created, r.Updated)
	}
	return fmt.Sprintf("read %d, created %d, updated %d, unchanged %d", r.Read, r.Created, r.Updated, r.Unchanged)
}

// plainEvery is how often a run tells of itself where there is no terminal.
const plainEvery = 10 * time.Second

// stderrTerminal tells whether a progress bar has a terminal to stand on.
func (a *app) stderrTerminal() bool { return isTerminal(a.err) && os.Getenv("TERM") != "dumb" }
