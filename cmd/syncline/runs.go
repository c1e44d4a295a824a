package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

func newRuns(a *app) *cobra.Command {
	var f state.RunFilter
	var status string
	c := &cobra.Command{
		Use: "runs [DIR]", Short: "What ran, when, and how it ended", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if status != "" {
				if err := oneOf("status", status, "running", "succeeded", "partial", "failed", "waiting", "stopped"); err != nil {
					return err
				}
			}
			f.Status = state.RunStatus(status)
			return a.look(cmd, args, func(store *sqlite.Store) error {
				runs, err := store.Runs(cmd.Context(), f)
				if err != nil {
					return err
				}
				if a.format == "json" {
					return printJSON(a.out, map[string]any{"runs": notNil(runs)})
				}
				if err := listRuns(a.out, runs); err != nil {
					return err
				}
				tellHeld(a.out, runs, ruleIn(args))
				return nil
			})
		},
	}
	c.Flags().StringVar(&f.Rule, "rule", "", "only those of one rule, such as sync.company_health")
	c.Flags().StringVar(&status, "status", "", "only those that ended so: succeeded, partial, failed, waiting, stopped")
	c.Flags().IntVar(&f.Limit, "limit", 20, "at most so many, newest first")
	a.formats(c, "text", "json")
	return c
}

func listRuns(out io.Writer, runs []state.Run) error {
	if len(runs) == 0 {
		fmt.Fprintln(out, "No runs yet.")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tSTARTED\tRULE\tSTATUS\tREAD\tFIRED\tCREATED\tUPDATED\tUNCHANGED\tDEAD\tTOOK\tWHY")
	for _, r := range runs {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", r.ID, r.Started.Local().Format("2006-01-02 15:04:05"), r.Rule, r.Status,
			r.Read, r.Fired, r.Created, r.Updated, r.Unchanged, r.Dead, took(r.DurationMS), oneLine(r.Why))
	}
	return w.Flush()
}

// tellHeld says of the runs that hold changes back what a person can do about it. there tells whether a rule is in the files.
func tellHeld(out io.Writer, runs []state.Run, there func(rule string) bool) {
	for _, r := range runs {
		switch {
		case r.Approving() && r.Status != state.Running && there(r.Rule):
			fmt.Fprintf(out, "\n%s has not written all of its %s yet: its next run goes on with them; `syncline reject %s` drops the rest.\n",
				r.Rule, count(r.Outbox.Changes, "approved change"), r.ID)
		case r.Approving() && r.Status != state.Running:
			fmt.Fprintf(out, "\n%s has not written all of its %s, and is not in the files any more: put it back under this name, and its next run goes on with them; `syncline reject %s` drops the rest.\n",
				r.Rule, count(r.Outbox.Changes, "approved change"), r.ID)
		case r.Status == state.Waiting && r.WaitsFor == state.WaitGuard && r.Outbox != nil:
			fmt.Fprintf(out, "\n%s waits with %s: `syncline approve %s` writes them, with --show it shows them; `syncline reject %s` drops them.\n",
				r.Rule, count(r.Outbox.Changes, "change"), r.ID, r.ID)
		}
	}
}

func took(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(time.Millisecond).String()
}

func newWhy(a *app) *cobra.Command {
	var dir string
	var limit int
	c := &cobra.Command{
		Use:   "why RECORD [FIELD]",
		Short: "Why a record holds what it holds: rule, source, expression, run, values before",
		Long: `Answers from the ledger: which rule wrote the record (its id in the target or in the source), from which source
record, with which expression and inputs, in which run, and what stood there before.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			f := state.LedgerFilter{Record: args[0], Limit: oneMore(limit)}
			if len(args) > 1 {
				f.Field = args[1]
			}
			return a.look(cmd, inDir(dir), func(store *sqlite.Store) error {
				entries, err := store.Ledger(cmd.Context(), f)
				if err != nil {
					return err
				}
				entries, more := cutAt(entries, limit)
				if err := a.showWrites(f, entries); err != nil || a.format == "json" {
					return err
				}
				a.tellMore(more)
				return nil
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the project's folder")
	c.Flags().IntVar(&limit, "limit", 5, "at most so many writes, newest first; 0: all")
	a.formats(c, "text", "json")
	return c
}

func (a *app) showWrites(f state.LedgerFilter, entries []state.Entry) error {
	if a.format == "json" {
		return printJSON(a.out, map[string]any{"writes": notNil(entries)})
	}
	if len(entries) == 0 {
		fmt.Fprintf(a.out, "Nothing here wrote %s. Ids are compared whole: use the 18-character form of Salesforce ids.\n",
			strings.TrimSpace(f.Record+" "+f.Field))
		return errProblems
	}
	for _, e := range entries {
		a.showEntry(e, f.Field)
	}
	return nil
}

func (a *app) showEntry(e state.Entry, field string) {
	target := e.Target
	if e.InDoubt {
		target += "   in doubt: whether it was written cannot be told"
	}
	fmt.Fprintf(a.out, "%s %s %s %s\n", e.At.Local().Format(time.DateTime), a.paint(a.out, bold, e.Action), object(e.Connection, e.Object), target)
	source := fmt.Sprintf("%s.%s %s", e.Source.Connection, e.Source.Object, e.Source.ID)
	if e.Source.Version != "" {
		source += " as of " + e.Source.Version
	}
	fmt.Fprintf(a.out, "  by %s, revision %s, run %s, from %s\n", e.Rule, e.Revision, e.Run, source)
	for _, f := range e.Fields {
		if field != "" && f.Name != field {
			continue
		}
		fmt.Fprintf(a.out, "  %s: %s%s\n", f.Name, before(e, f), show(f.After))
		if f.Expression == "" {
			continue
		}
		var inputs []string
		for _, k := range slices.Sorted(maps.Keys(f.Inputs)) {
			inputs = append(inputs, k+" = "+show(f.Inputs[k]))
		}
		fmt.Fprintf(a.out, "    %s\n", a.paint(a.out, dim, strings.TrimSpace(f.Expression+"   "+strings.Join(inputs, ", "))))
	}
}

// before is how a field stood, as far as that says anything: messages have none, and of a record that was written by its
// key without being read it is not known.
func before(e state.Entry, f state.FieldChange) string {
	switch {
	case e.Action == "send" || e.Action == "call":
		return ""
	case e.Blind:
		return "(not known) → "
	}
	return show(f.Before) + " → "
}

// show writes a JSON value as people read it.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "(empty)"
	case string:
		return fmt.Sprintf("%q", v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64) // as texts have numbers: without an exponent
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = show(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v)
}
