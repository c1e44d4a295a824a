package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/runtime/engine"
)

// progress shows how far a run is: a bar with rate and time left on a terminal, plain lines elsewhere, and
// nothing beside JSON.
type progress struct {
	a    *app
	rule string
	bar  *progressbar.ProgressBar
	// phase and total are those that the bar was made for.
	phase string
	total int
	last  time.Time
}

func newProgress(a *app) *progress { return &progress{a: a} }

func (p *progress) begin(rule runtime.Rule) {
	p.rule, p.phase, p.total, p.last = rule.ID(), "", 0, time.Now()
}

func (p *progress) update(u engine.Progress) {
	if p.a.format == "json" {
		return
	}
	done, total := u.Read, u.Total
	if u.Phase == "deliver" {
		done, total = u.Written, u.Changes
	}
	if p.a.stderrTerminal() {
		p.draw(u.Phase, done, total)
		return
	}
	if time.Since(p.last) < plainEvery {
		return
	}
	p.last = time.Now()
	of := ""
	if total >= done && total > 0 {
		of = fmt.Sprintf(" of about %d", total)
	}
	fmt.Fprintf(p.a.err, "%s: %s %d%s\n", p.rule, u.Phase, done, of)
}

func (p *progress) draw(phase string, done, total int) {
	if total < done {
		total = -1 // not known: a spinner
	}
	if p.bar == nil || p.phase != phase || p.total != total {
		if p.bar != nil {
			p.bar.Clear()
		}
		p.phase, p.total = phase, total
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.a.err), progressbar.OptionSetDescription(p.rule+" "+phase),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(24))
	}
	p.bar.Set(done)
}

func (p *progress) end() {
	if p.bar != nil {
		p.bar.Clear()
		p.bar = nil
	}
}

// callsText is "API calls: crm 2, cs 3".
func callsText(calls map[string]int) string {
	if len(calls) == 0 {
		return "no API calls"
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, calls[name]))
	}
	return "API calls " + strings.Join(parts, ", ")
}
