package alert

import (
	"fmt"
	"strings"
	"time"
)

// most is how many lines a part of a message has at most, and longest how many characters a line.
const (
	most    = 20
	longest = 300
)

// compose writes a message.
func compose(begun, lasting, over []*entry, now time.Time) (subject, text string) {
	var lines []string
	part := func(title string, list []*entry, line func(e *entry) string) {
		if len(list) == 0 {
			return
		}
		lines = append(lines, title)
		for i, e := range order(list) {
			if i == most {
				lines = append(lines, fmt.Sprintf("• and %d more", len(list)-most))
				break
			}
			lines = append(lines, "• "+cut(line(e)))
		}
	}
	part("Trouble:", begun, func(e *entry) string { return e.about() + e.What + " (since " + clock(e.Since, now) + ")" })
	part("Still:", lasting, func(e *entry) string { return e.about() + e.What + " (since " + clock(e.Since, now) + ")" })
	part("Over:", over, func(e *entry) string {
		return fmt.Sprintf("%s%s, over after %s", e.about(), names[e.Event], Span(e.Gone.Sub(e.Since)))
	})
	return "Syncline: " + headline(begun, lasting, over), strings.Join(lines, "\n")
}

// headline is a message in a few words.
func headline(begun, lasting, over []*entry) string {
	there := append(append([]*entry(nil), begun...), lasting...)
	switch {
	case len(there) == 1:
		return there[0].about() + names[there[0].Event]
	case len(there) > 1:
		return fmt.Sprintf("trouble with %d things", len(there))
	case len(over) == 1:
		return over[0].about() + names[over[0].Event] + ", over"
	}
	return fmt.Sprintf("%d troubles are over", len(over))
}

// names are the kinds of trouble in a few words.
var names = map[string]string{"failed": "failed", "dead": "records in the dead letters", "stale": "stale", "slo": "promise missed",
	"waiting": "waits for an approval", "reload": "the files do not compile"}

func (e *entry) about() string {
	if e.Rule == "" {
		return ""
	}
	return e.Rule + ": "
}

// cut keeps a line to one line of a length that can be read.
func cut(line string) string {
	line = strings.Join(strings.Fields(line), " ")
	if r := []rune(line); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return line
}

// clock is an instant, with its day where that is not today.
func clock(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04 UTC")
	}
	return t.Format("2006-01-02 15:04 UTC")
}

// Span is a duration in its two largest units.
func Span(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return d.String()
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d%time.Hour == 0 && d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}
