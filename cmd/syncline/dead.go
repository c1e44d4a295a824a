package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

func newDead(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "dead",
		Short: "Records that failed for good: look, retry, drop",
		Long: `A record that a target refuses, or that an expression fails on, becomes a dead letter: it is kept
with its reason until a person decides. Other records go on.`,
	}
	c.AddCommand(newDeadList(a), newDeadShow(a), newDeadSet(a, "retry", "Let the next run take dead letters up again", state.DeadRetry),
		newDeadSet(a, "drop", "Give dead letters up", state.DeadDropped))
	return c
}

func newDeadList(a *app) *cobra.Command {
	var rule, status string
	var limit int
	c := &cobra.Command{
		Use: "list [DIR]", Short: "List dead letters, newest first", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("status", status, "open", "retry", "dropped", "settled", "all"); err != nil {
				return err
			}
			f := state.DeadFilter{Rule: rule, Status: state.DeadStatus(status), Limit: oneMore(limit)}
			if status == "all" {
				f.Status = ""
			}
			return a.withDead(cmd, args, f, func(letters []state.DeadLetter) error {
				letters, more := cutAt(letters, limit)
				if a.format == "json" {
					return printJSON(a.out, map[string]any{"dead": notNil(letters)})
				}
				if len(letters) == 0 {
					fmt.Fprintf(a.out, "No dead letters.\n")
					return nil
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tSTATUS\tRULE\tSOURCE\tSTEP\tTRIES\tSINCE\tREASON")
				for _, d := range letters {
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", d.ID, d.Status, d.Rule, d.Source.ID, d.Step, d.Attempts,
						d.At.Local().Format("2006-01-02 15:04"), oneLine(reason(d)))
				}
				if err := w.Flush(); err != nil {
					return err
				}
				a.tellMore(more)
				return nil
			})
		},
	}
	c.Flags().StringVar(&rule, "rule", "", "only those of one rule, such as sync.company_health")
	c.Flags().StringVar(&status, "status", "open", "open, retry, dropped, settled or all")
	c.Flags().IntVar(&limit, "limit", 100, "at most so many; 0: all")
	a.formats(c, "text", "json")
	return c
}

func newDeadShow(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "show ID [DIR]", Short: "Show a dead letter whole: request, answer, hint, and what of a group is written", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := parseIDs(args[:1])
			if err != nil {
				return err
			}
			return a.withDead(cmd, args[1:], state.DeadFilter{IDs: ids}, func(letters []state.DeadLetter) error {
				if len(letters) == 0 {
					return fmt.Errorf("there is no dead letter %s: `syncline dead list --status all` shows them", args[0])
				}
				if a.format == "json" {
					return printJSON(a.out, letters[0])
				}
				showDead(a.out, letters[0])
				return nil
			})
		},
	}
	a.formats(c, "text", "json")
	return c
}

func newDeadSet(a *app, verb, short string, status state.DeadStatus) *cobra.Command {
	var dir, rule string
	var all bool
	c := &cobra.Command{
		Use: verb + " ID…", Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !all {
				return fmt.Errorf("name the dead letters by ID, or write --all (with --rule for those of one rule)")
			}
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			return a.look(cmd, inDir(dir), func(store *sqlite.Store) error {
				n, err := moveDead(cmd, store, state.DeadFilter{IDs: ids, Rule: rule}, status, dir)
				if err != nil {
					return err
				}
				if status == state.DeadRetry {
					fmt.Fprintf(a.out, "%s will be tried again by the next run.\n", count(n, "record"))
				} else {
					fmt.Fprintf(a.out, "%s dropped.\n", count(n, "dead letter"))
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the project's folder")
	c.Flags().StringVar(&rule, "rule", "", "only those of one rule")
	c.Flags().BoolVar(&all, "all", false, "all open ones")
	return c
}

// moveDead moves the open dead letters that f selects to a status; when f names one that is not open, or one is to be
// tried again whose rule is not in the files, none.
func moveDead(cmd *cobra.Command, store state.DeadStore, f state.DeadFilter, to state.DeadStatus, dir string) (int, error) {
	var pick []int64
	var rules []string
	for _, from := range []state.DeadStatus{state.DeadOpen, state.DeadRetry} {
		f.Status = from
		letters, err := store.DeadLetters(cmd.Context(), f)
		if err != nil {
			return 0, err
		}
		for _, l := range letters {
			pick, rules = append(pick, l.ID), append(rules, l.Rule)
		}
	}
	if missing := len(f.IDs) - len(pick); missing > 0 {
		return 0, fmt.Errorf("%d of the %d dead letters are not open: `syncline dead list` shows those that are; nothing was changed", missing, len(f.IDs))
	}
	if to == state.DeadRetry {
		if err := allThere(dir, rules); err != nil {
			return 0, err
		}
	}
	return len(pick), store.SetDead(cmd.Context(), pick, to)
}

// allThere refuses rules that are not in the files: nothing would take their dead letters up again.
func allThere(dir string, rules []string) error {
	there := ruleIn(inDir(dir))
	for _, rule := range rules {
		if !there(rule) {
			return fmt.Errorf("%s is not in the files any more, so nothing would try its records again: put the rule back under this name and retry then, or give them up with `syncline dead drop`; nothing was changed", rule)
		}
	}
	return nil
}

// ruleIn tells whether a rule is in a project's files; of a state without its project at hand, that it is.
func ruleIn(args []string) func(rule string) bool {
	dir, err := projectDir(args)
	var names []string
	if err == nil {
		names, err = runtime.RuleNames(dir)
	}
	return func(rule string) bool { return err != nil || slices.Contains(names, runtime.OwnName(rule)) }
}

func (a *app) withDead(cmd *cobra.Command, args []string, f state.DeadFilter, show func([]state.DeadLetter) error) error {
	return a.look(cmd, args, func(store *sqlite.Store) error {
		letters, err := store.DeadLetters(cmd.Context(), f)
		if err != nil {
			return err
		}
		return show(letters)
	})
}

func showDead(w io.Writer, d state.DeadLetter) {
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(w, "%-9s %s\n", name, text)
		}
	}
	line("id", fmt.Sprintf("%d (%s)", d.ID, d.Status))
	line("rule", d.Rule)
	line("source", fmt.Sprintf("%s.%s %s", d.Source.Connection, d.Source.Object, d.Source.ID))
	line("firing", d.Firing)
	line("target", strings.TrimSpace(object(d.Connection, d.Object)+" "+d.Target))
	line("step", d.Step)
	line("reason", reason(d))
	line("hint", d.Hint)
	line("fields", strings.Join(d.Fields, ", "))
	line("tries", fmt.Sprintf("%d, last %s in run %s", d.Attempts, d.At.Local().Format(time.DateTime), d.Run))
	line("request", d.Request)
	line("answer", d.Answer)
	if len(d.Left) > 0 && len(d.Written) == 0 {
		line("written", "nothing of it")
	}
	for _, text := range d.Written {
		line("written", text)
	}
	for _, text := range d.Left {
		line("left", text)
	}
}

func reason(d state.DeadLetter) string {
	if d.Code == "" {
		return d.Message
	}
	return d.Code + ": " + d.Message
}

func parseIDs(args []string) ([]int64, error) {
	var ids []int64
	for _, s := range args {
		id, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not the number of a dead letter: `syncline dead list` shows them", s)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// oneLine shortens a text for a table.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 110 {
		return string(r[:109]) + "…"
	}
	return s
}

// count is "1 record", "2 records".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// object names what was written: CONNECTION.OBJECT, and of a message the connection that it went through.
func object(connection, object string) string {
	return strings.TrimSuffix(connection+"."+object, ".")
}

// oneMore is what to ask for so as to know whether there are more than limit; 0 is no limit.
func oneMore(limit int) int {
	if limit <= 0 {
		return 0
	}
	return limit + 1
}

// cutAt takes off what was asked for beyond a limit.
func cutAt[T any](list []T, limit int) (shown []T, more bool) {
	if limit <= 0 || len(list) <= limit {
		return list, false
	}
	return list[:limit], true
}

// tellMore says that a list was cut.
func (a *app) tellMore(more bool) {
	if more {
		fmt.Fprintln(a.out, "There are more: --limit 0 shows all.")
	}
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// notNil makes an absent list an empty one, so that it is [] in JSON.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
