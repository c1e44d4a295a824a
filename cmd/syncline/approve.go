package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

func newApprove(a *app) *cobra.Command {
	var dir string
	var showOnly bool
	c := &cobra.Command{
		Use:   "approve RUN",
		Short: "Let the changes of a run that waits for its guard go",
		Long: `Writes exactly what the waiting run had found to write, and ends it. The targets are read again before: a change whose
record is not any more as it was is dropped and shown, and the next run evaluates it anew. --show prints what waits and
writes nothing. While serve runs, the approval is stored and serve carries it out.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.compileClean(cmd, inDir(dir))
			if err != nil {
				return err
			}
			defer c.Close()
			if showOnly {
				return a.look(cmd, inDir(dir), func(store *sqlite.Store) error { return a.showHeld(cmd, c, store, args[0]) })
			}
			store, err := a.openState(cmd, c.dir, "syncline approve")
			if errors.Is(err, state.ErrHeld) {
				return a.look(cmd, inDir(dir), func(store *sqlite.Store) error { return a.leaveApproval(cmd, store, args[0]) })
			}
			if err != nil {
				return err
			}
			defer store.Close()
			return a.carryOut(cmd, c, store, args[0])
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the project's folder")
	c.Flags().BoolVar(&showOnly, "show", false, "print what waits, write nothing")
	a.formats(c, "text", "json")
	return c
}

// approvable finds the run that an approval is of. That there is none is a finding, not a failure.
func approvable(cmd *cobra.Command, store state.RunStore, id string) (state.Run, error) {
	run, err := engine.Approvable(cmd.Context(), store, id)
	if errors.Is(err, engine.ErrNotWaiting) {
		err = &exitError{exitProblems, err}
	}
	return run, err
}

// carryOut approves as the holder of the state.
func (a *app) carryOut(cmd *cobra.Command, c *compiled, store state.Store, id string) error {
	run, err := approvable(cmd, store, id)
	if err != nil {
		return err
	}
	show := newProgress(a)
	dropped := 0
	hooks := runtime.Hooks{Begin: show.begin, Progress: show.update, Problem: func(p engine.Problem) {
		show.end()
		if dropped++; dropped <= maxProblems && a.format != "json" {
			fmt.Fprintf(a.out, "%s %s %s %s: %s\n", a.paint(a.out, yellow, "!"), p.Kind, p.Source.Object, p.Source.ID, oneLine(p.Message))
		}
	}}
	run, err = c.Approve(cmd.Context(), c.Set, store, approvalOf(run), hooks)
	show.end()
	if errors.Is(err, engine.ErrNotWaiting) {
		return &exitError{exitProblems, err}
	}
	if err != nil {
		return err
	}
	if a.format == "json" {
		if err := printJSON(a.out, map[string]any{"runs": []state.Run{run}}); err != nil {
			return err
		}
	} else {
		a.printRun(run)
	}
	return outcome(cmd, []state.Run{run})
}

// leaveApproval stores the approval for the process that holds the state.
func (a *app) leaveApproval(cmd *cobra.Command, store *sqlite.Store, id string) error {
	run, err := approvable(cmd, store, id)
	if err != nil {
		return err
	}
	if err := store.Approve(cmd.Context(), approvalOf(run)); err != nil {
		return err
	}
	if a.format == "json" {
		return printJSON(a.out, map[string]any{"approved": run.ID, "pending": true})
	}
	fmt.Fprintf(a.out, "Approved: the %s of %s in run %s. The process that holds the state carries it out: serve within seconds, run the next time it runs the rule.\n",
		count(run.Outbox.Changes, "change"), run.Rule, run.ID)
	return nil
}

// showHeld prints the changes that a waiting run holds back, as plan does.
func (a *app) showHeld(cmd *cobra.Command, c *compiled, store *sqlite.Store, id string) error {
	run, err := approvable(cmd, store, id)
	if err != nil {
		return err
	}
	var rule runtime.Rule
	found := false
	for _, x := range runtime.Rules(c.Set) {
		if x.ID() == run.Rule {
			rule, found = x, true
		}
	}
	if found && rule.Trigger != nil {
		return a.planRules(cmd, c, runtime.Selection{Only: []string{run.Rule}}, store, 0)
	}
	if !found || rule.Sync == nil {
		return fmt.Errorf("the project has no rule %s any more", run.Rule)
	}
	out := bufio.NewWriter(a.out)
	defer out.Flush()
	var v planView = &textPlan{a: a, out: out}
	if a.format == "json" {
		v = &jsonPlan{out: out}
	}
	v.begin(rule)
	sum := state.Run{Rule: run.Rule, Status: state.Succeeded, Calls: map[string]int{}}
	err = engine.Held(cmd.Context(), store, rule.Sync, run.ID, func(ch engine.Change) {
		v.change(ch)
		switch ch.Action {
		case "create":
			sum.Created++
		case "delete":
			sum.Deleted++
		case "update":
			sum.Updated++
		}
	})
	if err != nil {
		return err
	}
	v.end(sum)
	return v.finish([]state.Run{sum})
}

func approvalOf(run state.Run) state.Approval {
	return state.Approval{Run: run.ID, Rule: run.Rule, At: time.Now().UTC(), By: whoami()}
}

// whoami names the person at the keyboard, for the record.
func whoami() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return cmp.Or(os.Getenv("USER"), "somebody")
}

func newReject(a *app) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "reject RUN", Short: "Drop the changes of a run that waits for its guard", Args: cobra.ExactArgs(1),
		Long: `Ends the waiting run and forgets what it had found to write. The next run evaluates the records again, and waits again
unless the data, the rule or its guard changed.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, inDir(dir), func(store *sqlite.Store) error {
				run, err := approvable(cmd, store, args[0])
				if err != nil {
					return err
				}
				changes := run.Outbox.Changes
				if run, err = engine.Reject(cmd.Context(), store, run, whoami()); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "Dropped %s of %s. Its next run evaluates them again: change the rule, its guard or the data, or it waits again.\n",
					count(changes, "change"), run.Rule)
				return nil
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the project's folder")
	return c
}
