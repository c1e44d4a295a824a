// Package cron reads cron expressions and says when they are due. It guards the parser behind it: what that
// would accept wrongly or panic on (a zone inside the expression, "@every 0s", impossible dates) is an
// *Error here, and days on which clocks change neither swallow nor double a run.
//
// The checker and the scheduler use the same Schedule, so what lints is what runs.
package cron

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
	_ "time/tzdata" // zones must mean the same on every machine

	robfig "github.com/robfig/cron/v3"
)

// Shortest is the shortest interval that @every takes.
const Shortest = time.Second

// Schedule is a parsed cron expression in its zone. It is immutable.
type Schedule struct {
	text  string
	zone  *time.Location
	spec  *robfig.SpecSchedule // nil for @every
	every time.Duration
	// fixed: the hour is named, so that wall-clock time decides ("0 3 * * *" is three o'clock, once a day).
	fixed bool
}

// Problem tells apart what can be wrong with an expression.
type Problem uint8

const (
	Invalid  Problem = iota // not a cron expression
	Never                   // the date does not exist
	TooOften                // @every below Shortest
)

// Error is what is wrong with an expression, for its author.
type Error struct {
	Problem Problem
	Text    string
	Reason  string // a full sentence with what to write instead
}

func (e *Error) Error() string { return fmt.Sprintf("cron %q: %s", e.Text, e.Reason) }

// Parse reads five fields (minute hour day month weekday), a word such as @daily, or "@every 90s". A nil zone is UTC.
func Parse(text string, zone *time.Location) (*Schedule, error) {
	if zone == nil {
		zone = time.UTC
	}
	s := &Schedule{text: text, zone: zone}
	fields := strings.Fields(text)
	if reason := reject(fields); reason != "" {
		return nil, &Error{Invalid, text, reason}
	}
	if fields[0] == "@every" {
		return parseEvery(s, fields)
	}
	parsed, err := robfig.ParseStandard(strings.Join(fields, " "))
	if err != nil {
		return nil, &Error{Invalid, text, explain(err)}
	}
	spec, ok := parsed.(*robfig.SpecSchedule)
	if !ok {
		return nil, &Error{Invalid, text, "This form of a cron expression is not known."}
	}
	// The zone is ours to apply: the parser's own handling skips and doubles hours when clocks change.
	spec.Location = time.UTC
	s.spec, s.fixed = spec, bits.OnesCount64(spec.Hour&allHours) < 24
	if spec.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, &Error{Never, text, "No day of any year fits it, so the rule would never run. Check the day of the month against the month."}
	}
	return s, nil
}

const allHours = 1<<24 - 1

// reject finds what must not reach the parser.
func reject(fields []string) string {
	if len(fields) == 0 {
		return "It is empty. Write five fields: minute, hour, day of month, month, day of week."
	}
	head := strings.ToUpper(fields[0])
	if strings.HasPrefix(head, "TZ=") || strings.HasPrefix(head, "CRON_TZ=") {
		return "A time zone does not go into the expression. Write it beside it: timezone = \"" + zoneName(fields[0]) + "\"."
	}
	if strings.HasPrefix(fields[0], "@") {
		return ""
	}
	if len(fields) == 6 {
		return "It has six fields. Seconds are not a field here: write five (minute, hour, day of month, month, day of week), or \"@every 30s\"."
	}
	if len(fields) != 5 {
		return fmt.Sprintf("It has %d fields. Write five: minute, hour, day of month, month, day of week.", len(fields))
	}
	return ""
}

func zoneName(field string) string {
	if _, name, _ := strings.Cut(field, "="); name != "" {
		return name
	}
	return "America/New_York"
}

func parseEvery(s *Schedule, fields []string) (*Schedule, error) {
	if len(fields) != 2 {
		return nil, &Error{Invalid, s.text, "@every takes one duration, such as \"@every 90s\" or \"@every 1h30m\"."}
	}
	d, err := time.ParseDuration(fields[1])
	switch {
	case err != nil:
		return nil, &Error{Invalid, s.text, fmt.Sprintf("%q is no duration. Write a number with a unit: s, m or h, such as \"@every 90s\".", fields[1])}
	case d < Shortest:
		return nil, &Error{TooOften, s.text, "The shortest interval is one second: write \"@every 1s\" or longer."}
	}
	s.every = d.Truncate(time.Second)
	return s, nil
}

// explain makes the parser's words a sentence.
func explain(err error) string {
	msg := err.Error()
	if strings.Contains(msg, "unrecognized descriptor") {
		return "This word is not known. There are @hourly, @daily, @weekly, @monthly, @yearly and \"@every 90s\"."
	}
	return "It cannot be read: " + strings.TrimSuffix(msg, ".") + ". The five fields are minute (0-59), hour (0-23), day of month (1-31), month (1-12), day of week (0-6); L, W and # are not supported."
}

// Text is the expression as written.
func (s *Schedule) Text() string { return s.text }

// Same tells whether two schedules are due at the same instants by the words of their authors.
func (s *Schedule) Same(o *Schedule) bool {
	return s.text == o.text && s.zone.String() == o.zone.String()
}

// Next is the first instant after t that is due. An @every counts from the epoch, so that it does not depend on
// when the runtime was started.
func (s *Schedule) Next(t time.Time) time.Time {
	if s.spec == nil {
		n := t.UnixNano() / int64(s.every)
		if t.UnixNano() < 0 && t.UnixNano()%int64(s.every) != 0 {
			n--
		}
		return time.Unix(0, (n+1)*int64(s.every)).In(t.Location())
	}
	if !s.fixed {
		return s.nextByInstant(t)
	}
	return s.nextByWall(t)
}

// nextByWall follows the wall clock: a time that does not exist that day is due when the clock has jumped over it,
// one that comes twice is due at its first coming.
func (s *Schedule) nextByWall(t time.Time) time.Time {
	wall := asUTC(t.In(s.zone))
	for {
		wall = s.spec.Next(wall)
		if wall.IsZero() {
			return wall
		}
		if due := s.atWall(wall); due.After(t) {
			return due
		}
	}
}

// nextByInstant is for expressions of every hour: they go on through the hour that comes twice.
func (s *Schedule) nextByInstant(t time.Time) time.Time {
	_, offset := t.In(s.zone).Zone()
	wall := asUTC(t.In(s.zone))
	for range 4 {
		wall = s.spec.Next(wall)
		if wall.IsZero() {
			return wall
		}
		due := wall.Add(-time.Duration(offset) * time.Second)
		_, now := due.In(s.zone).Zone()
		if now == offset {
			return due.In(s.zone)
		}
		// Clocks change between t and due: go on from the change with the new offset.
		change := transition(s.zone, t, due)
		offset = now
		wall = asUTC(change.In(s.zone)).Add(-time.Nanosecond)
		t = change
	}
	return s.nextByWall(t)
}

// transition finds the instant in (from, to] at which the zone's offset becomes that of to.
func transition(zone *time.Location, from, to time.Time) time.Time {
	_, want := to.In(zone).Zone()
	lo, hi := from.Unix(), to.Unix()
	for lo+1 < hi {
		mid := lo + (hi-lo)/2
		if _, o := time.Unix(mid, 0).In(zone).Zone(); o == want {
			hi = mid
		} else {
			lo = mid
		}
	}
	return time.Unix(hi, 0)
}

// asUTC is the wall-clock reading of t, as if it were UTC.
func asUTC(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// atWall is the instant of a wall-clock reading in the zone. A reading that is skipped is due when the clock has jumped
// over it, and of one that comes twice the first is meant. So a later reading is never due earlier, and Next gives the
// same ticks wherever it begins.
func (s *Schedule) atWall(w time.Time) time.Time {
	at := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, s.zone)
	// Where clocks change, Go does not promise which of two readings it takes: the offset of the day before decides.
	early := at.Add(-25 * time.Hour)
	_, before := early.Zone()
	first := w.Add(-time.Duration(before) * time.Second).In(s.zone)
	switch exact := asUTC(at).Equal(w); {
	case !exact && !asUTC(first).Equal(w):
		return transition(s.zone, early, first)
	case !exact || asUTC(first).Equal(w) && first.Before(at):
		return first
	}
	return at
}

// PerDay is how often it is due on an average day.
func (s *Schedule) PerDay() float64 {
	if s.spec == nil {
		return float64(24*time.Hour) / float64(s.every)
	}
	perDay := bits.OnesCount64(s.spec.Minute&(1<<60-1)) * bits.OnesCount64(s.spec.Hour&allHours)
	return float64(perDay) * float64(s.days()) / 1461
}

// days counts the days of four years on which it is due.
func (s *Schedule) days() (n int) {
	const star = 1 << 63
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 1461 {
		dom := s.spec.Dom&(1<<uint(day.Day())) != 0
		dow := s.spec.Dow&(1<<uint(day.Weekday())) != 0
		ok := dom && dow
		if s.spec.Dom&star == 0 && s.spec.Dow&star == 0 {
			ok = dom || dow
		}
		if ok && s.spec.Month&(1<<uint(day.Month())) != 0 {
			n++
		}
		day = day.AddDate(0, 0, 1)
	}
	return n
}

// Zone loads a time zone by its IANA name ("Europe/Berlin", "UTC"). The machine's own zone is refused: a project
// must mean the same wherever it runs.
func Zone(name string) (*time.Location, error) {
	if name == "" || strings.EqualFold(name, "local") {
		return nil, fmt.Errorf("%q is no time zone; write an IANA name such as \"America/New_York\" or \"UTC\"", name)
	}
	return time.LoadLocation(name)
}
