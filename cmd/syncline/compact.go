package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// keepFor is how long the ledger and the runs are kept when nobody says otherwise.
const keepFor = days(365 * 24 * time.Hour)

// days is a flag of a duration that may be written in days or weeks.
type days time.Duration

func (d *days) Set(text string) error {
	parsed, err := ago(text)
	if err != nil {
		return fmt.Errorf("write 90d, 12w or 36h, not %q", text)
	}
	*d = days(parsed)
	return nil
}

func (d *days) String() string {
	if n := time.Duration(*d); n%(24*time.Hour) == 0 && n > 0 {
		return fmt.Sprintf("%dd", n/(24*time.Hour))
	}
	return time.Duration(*d).String()
}

func (d *days) Type() string { return "TIME" }

func newStateCompact(a *app) *cobra.Command {
	keep := keepFor
	c := &cobra.Command{
		Use: "compact [DIR]", Short: "Forget what is old, and give the space back", Args: cobra.MaximumNArgs(1),
		Long: `Forgets entries of the ledger, runs, and settled or dropped dead letters that are older than --keep. Of each field of each
record the newest entry stays, however old, so that why always has an answer; revert can take back only what is kept.
serve does the same each day (serve --keep). While it runs, the space is used again but not given back to the disk.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := projectDir(args)
			if err != nil {
				return err
			}
			path, err := a.statePath(dir)
			if err != nil {
				return err
			}
			store, err := sqlite.Open(cmd.Context(), path, sqlite.Options{Holder: "syncline state compact", MustExist: true})
			holder := !errors.Is(err, state.ErrHeld)
			if !holder {
				store, err = sqlite.Open(cmd.Context(), path, sqlite.Options{MustExist: true})
			}
			if err != nil {
				return err
			}
			defer store.Close()
			return a.compact(cmd, store, time.Duration(keep), holder)
		},
	}
	c.Flags().Var(&keep, "keep", "how much is kept, such as 90d; 0: everything, the space alone is given back")
	a.formats(c, "text", "json")
	return c
}

func (a *app) compact(cmd *cobra.Command, store *sqlite.Store, keep time.Duration, holder bool) error {
	var forgotten state.Compacted
	var err error
	if keep > 0 { // as with serve, 0 keeps everything
		if forgotten, err = store.Compact(cmd.Context(), time.Now().Add(-keep)); err != nil {
			return err
		}
	}
	var before, after int64
	if holder {
		if before, after, err = store.Vacuum(cmd.Context()); err != nil {
			return err
		}
	}
	if a.format == "json" {
		return printJSON(a.out, map[string]any{"forgotten": forgotten, "bytes_before": before, "bytes_after": after})
	}
	fmt.Fprintf(a.out, "Forgotten: %s in the ledger, %s, %s.\n", count(int(forgotten.Ledger), "write"),
		count(int(forgotten.Runs), "run"), count(int(forgotten.Dead), "dead letter"))
	switch {
	case !holder:
		fmt.Fprintln(a.out, "Another process holds the state: the space is used again, and given back when compact runs alone.")
	case after < before:
		fmt.Fprintf(a.out, "The file went from %.1f to %.1f MiB.\n", float64(before)/(1<<20), float64(after)/(1<<20))
	}
	return nil
}
