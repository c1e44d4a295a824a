package expr

import (
	"math"
	"time"

	"github.com/syncline/syncline/lang/value"
)

// The range of dates: years 1 to 9999, what every connected system can store.
var (
	firstDay = value.Date(1, 1, 1).AsDay()
	lastDay  = value.Date(9999, 12, 31).AsDay()
)

const (
	microsADay  = 86400 * 1_000_000
	microsAHour = 3600 * 1_000_000
)

// dayOf is the calendar day of an instant in a zone, in days since 1970.
func dayOf(t time.Time, zone *time.Location) int64 {
	y, m, d := t.In(zone).Date()
	return value.Date(y, m, d).AsDay()
}

func microsDay(us int64, zone *time.Location) int64 {
	if zone == time.UTC {
		return floorDiv(us, microsADay)
	}
	return dayOf(time.UnixMicro(us), zone)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// civil splits a day into year, month and day of month.
func civil(day int64) (int, time.Month, int) { return time.Unix(day*86400, 0).UTC().Date() }

// makeDay gives a date, or fails beyond the range of dates.
func (f *Frame) makeDay(n *Node, day int64) value.Value {
	if day < firstDay || day > lastDay {
		return f.fail(n, "date out of range (years 1 to 9999)")
	}
	return value.Day(day)
}

func (f *Frame) makeMicros(n *Node, us int64) value.Value {
	if us < firstDay*microsADay || us >= (lastDay+1)*microsADay {
		return f.fail(n, "datetime out of range (years 1 to 9999)")
	}
	return value.Micros(us)
}

// addDays moves an instant by calendar days: the same wall time in the rule's zone.
func (f *Frame) addDays(n *Node, us, days int64) value.Value {
	if days > 2*lastDay || days < -4*lastDay {
		return f.fail(n, "datetime out of range (years 1 to 9999)")
	}
	if f.work.zone == time.UTC {
		return f.makeMicros(n, us+days*microsADay)
	}
	t := time.UnixMicro(us).In(f.work.zone)
	return f.makeMicros(n, t.AddDate(0, 0, int(days)).UnixMicro())
}

// startOfDay is the first instant of a day in the rule's zone.
func (f *Frame) startOfDay(day int64) int64 {
	if f.work.zone == time.UTC {
		return day * microsADay
	}
	y, m, d := civil(day)
	return time.Date(y, m, d, 0, 0, 0, 0, f.work.zone).UnixMicro()
}

// addInt64 and its kin tell overflow.
func addInt64(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func subInt64(a, b int64) (int64, bool) {
	c := a - b
	return c, (c < a) == (b > 0)
}

func mulInt64(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	if (a == -1 && b == math.MinInt64) || (b == -1 && a == math.MinInt64) || c/b != a {
		return 0, false
	}
	return c, true
}
