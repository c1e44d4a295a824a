package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

func newState(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "state",
		Short: "Check, repair, export or compact what Syncline remembers",
		Long:  "The state holds links, shadows, checkpoints, runs, the ledger and dead letters. Never edit it by hand.",
	}
	c.AddCommand(newStateCheck(a), newStateRepair(a), newStateExport(a), newStateCompact(a), newStateAdopt(a))
	return c
}

func newStateCheck(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "check [DIR]", Short: "Verify the state file and count what is in it", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, args, func(store *sqlite.Store) error {
				report, err := store.Check(cmd.Context())
				if err == nil {
					err = a.printStateReport(report)
				}
				if err == nil && len(report.Problems) > 0 {
					err = &exitError{exitProblems, errors.New("the state is damaged: `syncline state repair` saves what can be read")}
				}
				return err
			})
		},
	}
	a.formats(c, "text", "json")
	return c
}

func (a *app) printStateReport(report sqlite.Report) error {
	if a.format == "json" {
		return printJSON(a.out, report)
	}
	fmt.Fprintf(a.out, "%s, version %d\n", report.Path, report.Version)
	for _, t := range slices.Sorted(maps.Keys(report.Rows)) {
		fmt.Fprintf(a.out, "  %-11s %d\n", t, report.Rows[t])
	}
	for _, p := range report.Problems {
		fmt.Fprintf(a.out, "%s %s\n", a.paint(a.out, red, "damaged:"), p)
	}
	return nil
}

func newStateRepair(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "repair [DIR]", Short: "Save what can be read of a damaged state into a new file", Args: cobra.MaximumNArgs(1),
		Long: `Copies every row that can be read into a new file, puts it in the place of the damaged one, and keeps the damaged
one beside it. Links that are lost are found again by matching; run plan before the next run. The next run of each rule
reads everything, and what a trigger does not remember but finds true does not fire. A healthy state is left as it is.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := projectDir(args)
			if err != nil {
				return err
			}
			path, err := a.statePath(dir)
			if err != nil {
				return err
			}
			kept, saved, lost, err := sqlite.Repair(cmd.Context(), path)
			if err != nil {
				return err
			}
			if kept == "" {
				fmt.Fprintf(a.out, "%s is healthy; nothing was changed.\n", path)
				return nil
			}
			fmt.Fprintf(a.out, "%s saved into %s; the damaged file is kept as %s.\n", count(int(saved), "row"), path, kept)
			for _, l := range lost {
				fmt.Fprintf(a.out, "not whole: %s\n", l)
			}
			if len(lost) > 0 {
				return errProblems
			}
			return nil
		},
	}
}

func newStateAdopt(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "adopt [DIR]", Short: "Say that the state is about the records that the project names now", Args: cobra.MaximumNArgs(1),
		Long: `A state remembers which systems and objects each rule is between, and a rule that is between others is not run: ids that are
remembered would stand for other records there. Where a system has only got another address, or an object another name, adopt takes
the state for its own.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, args, func(store *sqlite.Store) error {
				if err := runtime.ForgetSystems(cmd.Context(), store); err != nil {
					return err
				}
				fmt.Fprintln(a.out, "The next run takes the state for that of the records that the project names.")
				return nil
			})
		},
	}
}

func newStateExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "export [DIR]", Short: "Write everything as JSON lines to standard output", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd, args, func(store *sqlite.Store) error { return store.Export(cmd.Context(), a.out) })
		},
	}
}
