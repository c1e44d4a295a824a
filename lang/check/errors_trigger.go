package check

import (
	"fmt"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/span"
)

// When triggers fire.

func errNoIdentity(at span.Range, e End, done string) *diag.Diagnostic {
	return failure("SYN445", "Records cannot be told apart", at, "",
		"%s has no field that identifies a record, so its records cannot be %s one by one. Give it a key, and run `syncline schema pull`.", e.name(), done)
}

func errTooEarly(at span.Range, name string, roots []int) *diag.Diagnostic {
	reads := "new"
	if len(roots) > 1 {
		reads = "new, old and history"
	}
	return failure("SYN420", "Not known yet", at, "",
		"This is decided before %s is known: only %s can be read here. Where it decides whether an action is done, write it as the action's if.", name, reads)
}

func errRearmReadsOld(at span.Range) *diag.Diagnostic {
	return failure("SYN521", "Wrong use of old", at, "new",
		"rearm is a condition on the record as it stands and cannot read old. Read new.")
}

func errOldAndClock(at span.Range) *diag.Diagnostic {
	return failure("SYN521", "Wrong use of old", at, "",
		"A condition that changes with time becomes true without the record changing, so there is no change that old and new could be compared over. Read new alone.")
}

func errForOfChange(at span.Range) *diag.Diagnostic {
	return failure("SYN521", "Wrong use of old", at, "",
		"when reads old, so it is true at the moment of a change and never for long: for has nothing to wait for. Remove for, or compare new with a value.")
}

func errRecoveredOfChange(at span.Range) *diag.Diagnostic {
	return failure("SYN521", "Wrong use of old", at, "",
		"when reads old, so the trigger fires at each such change and never recovers. Write a second trigger for the change back.")
}

func errRearmOfChange(at span.Range) *diag.Diagnostic {
	return failure("SYN519", "Rearm contradicts when", at, "",
		"when reads old, so the trigger fires at each such change and is always armed. Remove rearm, or let when read new alone.")
}

func errNeverRearmed(t *Trigger) *diag.Diagnostic {
	d := failure("SYN519", "Rearm contradicts when", t.Decl.Rearm.Place(), "",
		"rearm holds only where when holds as well, and while when holds the trigger is not armed again: it would fire once for each record and never more. Write the condition of having recovered, such as when = \"new.Score < 60\" with rearm = \"new.Score >= 65\".")
	return related(d, t.Decl.When.Place(), "fires here")
}

func warnRearmOverlaps(t *Trigger, both interval) *diag.Diagnostic {
	d := warning("SYN519", "Rearm contradicts when", t.Decl.Rearm.Place(), "",
		"Both conditions hold for %s. There the trigger stays fired, as if rearm were not true yet. Let rearm begin where when ends.", both)
	return related(d, t.Decl.When.Place(), "fires here")
}

func errOneAnswer(at span.Range, what string, answer bool) *diag.Diagnostic {
	so := map[string]string{"when true": "the trigger fires once for each record, when it is first seen", "when false": "the trigger never fires",
		"rearm true": "rearm says nothing; leave it out", "rearm false": "the trigger fires once for each record and never more"}[fmt.Sprintf("%s %t", what, answer)]
	return failure("SYN518", "Condition has one answer", at, "", "This is always %t: %s. Compare a field of new.", answer, so)
}

func errNeverTrue(at span.Range, what, name string) *diag.Diagnostic {
	so := "the trigger never fires"
	if what == "rearm" {
		so = "the trigger fires once for each record and never more"
	}
	return failure("SYN518", "Condition has one answer", at, "", "No value of %s satisfies all parts of this condition: %s.", name, so)
}

func errNeedsSchedule(t *Trigger, why string) *diag.Diagnostic {
	return failure("SYN520", "Needs a schedule", t.Decl.HeaderRange, "",
		"%s needs a schedule: %s, so the records must be looked at again now and then. Write schedule { cron = \"*/15 * * * *\" }.", t.head().id, why)
}

func warnPromise(h *head, slo *resolve.SLO, gap time.Duration) *diag.Diagnostic {
	return warning("SYN523", "Promise cannot be kept", slo.Range, "",
		"%s runs every %s and promises a latency of %s. Run it more often, or write on_event = true.", h.id, short(gap), short(slo.Latency))
}

// short writes a duration as specs do: 15m, 1h30m, 2d.
func short(d time.Duration) string {
	units := []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
	var b strings.Builder
	for _, u := range units {
		if n := d / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.size
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}

// Cohorts, tracks and alerts.

func errRolloutEmpty(d *resolve.Rollout) *diag.Diagnostic {
	return failure("SYN522", "Not a cohort", d.Range, "", "rollout says nothing of who belongs to it. Write where, percent = 10 or limit = 30.")
}

func errPercent(d *resolve.Rollout) *diag.Diagnostic {
	return failure("SYN522", "Not a cohort", d.PercentRange, "100", "percent goes from 0 to 100.")
}

func errRolloutBy(d *resolve.Rollout) *diag.Diagnostic {
	return failure("SYN522", "Not a cohort", d.By.Place(), "", "by says what a share is drawn by, and there is no share. Write percent or limit beside it.")
}

func errKeepShort(t *Track) *diag.Diagnostic {
	return failure("SYN524", "Not a sample", t.Decl.NameRange, "", "There is one sample a day, so keep must be a day at least, such as \"90d\".")
}

func errSample(t *Track) *diag.Diagnostic {
	return failure("SYN524", "Not a sample", t.Value.Source.Range, "", "A track keeps numbers, texts, dates or true and false; this is %s.", kindName(t.Value.Type))
}

func errSampleConstant(t *Track) *diag.Diagnostic {
	return failure("SYN524", "Not a sample", t.Value.Source.Range, "", "This is the same value for every record on every day. Sample a field, such as source.DAU.")
}

func errNoEvents(d *resolve.Alert) *diag.Diagnostic {
	return failure("SYN525", "Alert setting without effect", d.NameRange, "", "events is empty, so the alert never tells anything. Write events = [\"failed\", \"dead\"].")
}

func errEventTwice(n resolve.Name) *diag.Diagnostic {
	return failure("SYN525", "Alert setting without effect", n.Range, "", "%q stands in the list already. Remove it.", n.Text)
}

func errStaleUnused(d *resolve.Alert) *diag.Diagnostic {
	return failure("SYN525", "Alert setting without effect", d.NameRange, "", "stale says when a rule counts as stale, and \"stale\" is not among the events. Add it, or remove stale.")
}

func warnNoPromise(d *resolve.Alert) *diag.Diagnostic {
	return warning("SYN525", "Alert setting without effect", d.NameRange, "", "The alert is about missed promises, and none of its rules makes one. Write slo { latency = \"15m\" } in a rule.")
}

func errAlertText(a resolve.Argument) *diag.Diagnostic {
	return failure("SYN525", "Alert setting without effect", a.NameRange, "", "The text of an alert says what is wrong, and is written by Syncline. Remove %s.", a.Name)
}

func warnPauseNeverCloses(p resolve.Pause) *diag.Diagnostic {
	return warning("SYN526", "Pause that never ends", p.Range, "",
		"The window opens again before its %s are over, so what it pauses never runs. Open it less often, or shorten for; enabled = false switches a rule off.", p.For)
}
