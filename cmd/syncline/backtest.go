package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/runtime/engine"
)

func newBacktest(a *app) *cobra.Command {
	var q runtime.BacktestRequest
	var when, rearm, since, mode string
	var limit int
	c := &cobra.Command{
		Use:   "backtest trigger.NAME [DIR]",
		Short: "What a trigger would have fired over the recorded past: how often, for which records, which flap",
		Long: `Takes the records that a trigger watches through its conditions once more, as they were in the past, on the same engine;
writes nothing. The past is what the state has recorded, of the fields that the conditions read, for 90 days at most; or a file.
Edit the conditions in the files, or give others here: what the rule in force would have fired is told beside it.

  syncline backtest trigger.health_drop --since 30d
  syncline backtest trigger.health_drop --when 'new.Health_Score__gc < 50'
  syncline backtest trigger.health_drop --from history.jsonl

A line of the file is {"at": "2026-11-21T09:30:00Z", "object": "Company", "record": {"Gsid": "1P02…", "Health_Score__gc": 52}};
fields that a line does not have are as they were. Exit 0: answered, 1: nothing is known of the past, 2: could not start.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Trigger, q.Schema = args[0], runtime.SchemaMode(mode)
			if cmd.Flags().Changed("when") {
				q.When = &when
			}
			if cmd.Flags().Changed("rearm") {
				q.Rearm = &rearm
			}
			if q.When != nil && strings.TrimSpace(when) == "" {
				return errors.New("--when is empty: write a condition, such as 'new.Score < 50'")
			}
			if since != "" {
				var err error
				now := time.Now()
				if q.Since, err = instantOf(since, now); err != nil {
					return err
				}
				if q.Since.After(now) {
					return fmt.Errorf("--since %s lies in the future: a backtest is about the past", since)
				}
			}
			return a.backtest(cmd, args[1:], q, limit)
		},
	}
	f := c.Flags()
	f.StringVar(&since, "since", "", "where the period begins: an instant, a day, or how long ago, such as 30d")
	f.StringVar(&when, "when", "", "another condition than that of the files, such as 'new.Score < 50'")
	f.StringVar(&rearm, "rearm", "", "another condition to be armed again; '' for none")
	f.StringVar(&q.From, "from", "", "the past from a `FILE` with a JSON object in each line")
	f.StringVar(&mode, "schema", "auto", "where schemas come from: auto, live or lock")
	f.IntVar(&limit, "limit", 20, "name at most so many records; 0: all")
	a.formats(c, "text", "json")
	return c
}

func (a *app) backtest(cmd *cobra.Command, args []string, q runtime.BacktestRequest, limit int) error {
	dir, r, err := a.openProject(args)
	if err != nil {
		return err
	}
	defer r.Close()
	store, err := a.planState(cmd, dir) // a past from a file needs no state
	if err != nil {
		return err
	}
	defer store.Close()
	report, diags, err := r.Backtest(cmd.Context(), store, q)
	if none, ok := errors.AsType[*engine.NoPast](err); ok {
		a.complain(fmt.Errorf("%w. What the rule in force reads is recorded while `syncline serve` or `syncline run` runs it; --from takes a past from a file", none))
		return errProblems
	}
	if err != nil {
		return err
	}
	if err := diag.WriteText(a.err, diags, diag.TextOptions{Color: a.colours(a.err)}); err != nil {
		return err
	}
	if report == nil {
		return &exitError{exitCannot, errors.New("the rule does not compile, nothing was tried")}
	}
	if a.format == "json" {
		return printJSON(a.out, report)
	}
	a.showBacktest(report, limit)
	return nil
}

func (a *app) showBacktest(report *runtime.BacktestReport, limit int) {
	out, b := a.out, report.Rules[0]
	fmt.Fprintf(out, "%s  %s: %s\n", a.paint(out, bold, report.Rule), report.Object, conditions(b))
	fmt.Fprintf(out, "  %s to %s, %s; %s, %s\n", minute(b.From), minute(b.To), stretch(b.To.Sub(b.From)), count(b.Records, "record"), count(b.Changes, "change"))
	if report.Asked != nil {
		fmt.Fprintf(out, "  %s\n", a.paint(out, yellow, "what it reads is not recorded for longer: of the time since "+minute(*report.Asked)+" a part is missing"))
	}
	if b.EveryMS > 0 {
		fmt.Fprintf(out, "  %s\n", a.paint(out, yellow, fmt.Sprintf("the clock was looked at every %s, and not at each tick", stretch(time.Duration(b.EveryMS)*time.Millisecond))))
	}
	fmt.Fprintf(out, "  %s\n", a.paint(out, bold, oftenText(b.Backtest)))
	for _, n := range []struct {
		n    int
		text string
	}{{b.Held, "held at the beginning and do not fire then"}, {b.Recovered, "recovered"}, {b.Delayed, "waited for the cooldown"}, {b.Dropped, "passed over within the cooldown"},
		{b.Failed, "looks failed, for a condition could not be evaluated"}} {
		if n.n > 0 {
			fmt.Fprintf(out, "  %d %s\n", n.n, n.text)
		}
	}
	for _, other := range report.Rules[1:] {
		a.showOther(out, b, other)
	}
	if report.InFact != nil {
		fmt.Fprintf(out, "  in fact %s fired %s in this time\n", report.Rule, times(*report.InFact))
	}
	for i, x := range b.Fires {
		if limit > 0 && i == limit {
			fmt.Fprintf(out, "  … and %s\n", count(len(b.Fires)-limit, "more record"))
			break
		}
		a.showFires(out, x)
	}
}

// showOther tells what another form of the rule would have fired.
func (a *app) showOther(out io.Writer, b, other runtime.BacktestRule) {
	name := map[string]string{runtime.FormFiles: "the rule in the files", runtime.FormInForce: "the rule in force"}[other.Form]
	if other.Backtest == nil {
		fmt.Fprintf(out, "  %s cannot be compared: %s\n", name, other.Error)
		return
	}
	than := fmt.Sprintf("this one %s instead of %d", times(b.Fired), other.Fired)
	if b.Fired == other.Fired {
		than = "as often as this one"
	}
	fmt.Fprintf(out, "  %s (%s) fires %s, for %s, %d flapping: %s\n", name, conditions(other), times(other.Fired), count(len(other.Fires), "record"), other.Flapping,
		a.paint(out, cyan, than))
}

// mostInstants is how many firings of a record are shown.
const mostInstants = 6

func (a *app) showFires(out io.Writer, x engine.BacktestRecord) {
	var at []string
	for i, t := range x.At {
		if i == mostInstants {
			at = append(at, "…")
			break
		}
		at = append(at, t.UTC().Format("2006-01-02 15:04"))
	}
	mark := ""
	if x.Flaps {
		mark = "  " + a.paint(out, yellow, "flaps")
	}
	fmt.Fprintf(out, "  %4d  %s%s  %s\n", len(x.At), x.ID, mark, a.paint(out, dim, strings.Join(at, ", ")))
}

// oftenText says how often a rule fires.
func oftenText(b *engine.Backtest) string {
	if b.Fired == 0 {
		return "never fires"
	}
	days, most, busiest := map[string]int{}, 0, ""
	for _, r := range b.Fires {
		for _, at := range r.At {
			day := at.UTC().Format(time.DateOnly)
			days[day]++
			if n := days[day]; n > most || n == most && day < busiest {
				most, busiest = n, day
			}
		}
	}
	text := fmt.Sprintf("fires %s, for %s, at most %d a day (%s)", times(b.Fired), count(len(b.Fires), "record"), most, busiest)
	if weeks := b.To.Sub(b.From).Hours() / 24 / 7; weeks >= 1 {
		text += fmt.Sprintf(", %.1f a week", float64(b.Fired)/weeks)
	}
	switch b.Flapping {
	case 0:
		return text + "; none flaps"
	case 1:
		return text + "; one flaps"
	}
	return fmt.Sprintf("%s; %d flap", text, b.Flapping)
}

func conditions(b runtime.BacktestRule) string {
	text := oneLine(b.When)
	for _, x := range []struct{ name, text string }{{"rearm", oneLine(b.Rearm)}, {"cooldown", b.Cooldown}, {"for", b.For}} {
		if x.text != "" {
			text += ", " + x.name + " " + x.text
		}
	}
	return text
}

func times(n int) string {
	return cmp.Or(map[int]string{1: "once", 2: "twice"}[n], fmt.Sprintf("%d times", n))
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// stretch writes a length of time as people say it.
func stretch(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return count(int((d+12*time.Hour)/(24*time.Hour)), "day")
	case d >= 2*time.Hour:
		return count(int((d+30*time.Minute)/time.Hour), "hour")
	}
	return d.Round(time.Second).String()
}
