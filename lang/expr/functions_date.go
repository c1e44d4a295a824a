package expr

import (
	"math"
	"time"

	"github.com/syncline/syncline/lang/value"
)

func dateFunctions() []*Function {
	const group = "Dates and times"
	days := func(k value.Kind) *overload { return takes(pWhen).gives(k) }
	return []*Function{
		{Name: "today", Group: group, Clock: true, Zone: true, Doc: "The date of the run in the rule's time zone.", Example: `today() + days(1)`,
			overloads: []*overload{takes().gives(value.KindDate).do0(func(f *Frame, _ *Node) value.Value { return value.Day(f.today()) })}},
		{Name: "now", Group: group, Clock: true, Doc: "The instant of the run, the same for all of it.", Example: `now() - hours(2)`,
			overloads: []*overload{takes().gives(value.KindTime).do0(func(f *Frame, _ *Node) value.Value { return value.Time(f.Now) })}},
		{Name: "date", Group: group, Zone: true, Doc: "The date of a datetime in the rule's time zone, of a text such as \"2026-01-31\", or of year, month and day.",
			Example: `date("2026-01-31") → 2026-01-31`, overloads: []*overload{
				takes(pDate).gives(value.KindDate).do1(func(_ *Frame, _ *Node, a value.Value) value.Value { return a }),
				takes(pTime).gives(value.KindDate).do1(func(f *Frame, _ *Node, a value.Value) value.Value {
					return value.Day(microsDay(a.AsMicros(), f.work.zone))
				}),
				takes(pText).gives(value.KindDate).do1(parseDate),
				takes(pNum, pNum, pNum).gives(value.KindDate).doN(makeDate)}},
		{Name: "datetime", Group: group, Zone: true, Doc: "The instant of a text such as \"2026-01-31T09:30:00Z\"; a date gives its first instant in the rule's time zone, as does a text without a zone.",
			Example: `datetime("2026-01-31T09:30:00Z") → 2026-01-31T09:30:00Z`, overloads: toDatetime()},
		{Name: "timestamp", Group: group, Doc: "CEL's name for datetime(text): the text is RFC 3339, with a zone.", Example: `timestamp("2026-01-31T00:00:00Z") → 2026-01-31T00:00:00Z`,
			standard: true, overloads: []*overload{
				takes(pText).gives(value.KindTime).do1(parseTimestamp),
				takes(pTime).gives(value.KindTime).do1(func(_ *Frame, _ *Node, a value.Value) value.Value { return a }),
				takes(pInt).gives(value.KindTime).do1(func(f *Frame, n *Node, a value.Value) value.Value {
					us, ok := mulInt64(a.AsInt(), 1_000_000)
					if !ok {
						return f.fail(n, overflow)
					}
					return f.makeMicros(n, us)
				})}},
		{Name: "days", Group: group, Doc: "A span of calendar days, to add to a date or datetime.", Example: `date("2026-01-31") + days(1) → 2026-02-01`,
			overloads: []*overload{takes(pNum).gives(value.KindDays).do1(func(f *Frame, n *Node, a value.Value) value.Value {
				d, ok := whole(a)
				if !ok || d > 10_000_000 || d < -10_000_000 {
					return f.fail(n, "days() needs a whole number of days, at most ten million")
				}
				return value.Days(d)
			})}},
		{Name: "hours", Group: group, Doc: "An exact span of hours, to add to a datetime.", Example: `datetime("2026-01-31T23:00:00Z") + hours(2) → 2026-02-01T01:00:00Z`,
			overloads: []*overload{takes(pNum).gives(value.KindDuration).do1(spanOf(microsAHour))}},
		{Name: "minutes", Group: group, Doc: "An exact span of minutes, to add to a datetime.", Example: `datetime("2026-01-31T23:00:00Z") + minutes(90) → 2026-02-01T00:30:00Z`,
			overloads: []*overload{takes(pNum).gives(value.KindDuration).do1(spanOf(microsAHour / 60))}},
		{Name: "duration", Group: group, standard: true, Doc: "An exact span written as text: \"90m\", \"36h\".", Example: `duration("90m") == minutes(90) → true`,
			overloads: []*overload{
				takes(pText).gives(value.KindDuration).do1(parseDuration),
				takes(pDuration).gives(value.KindDuration).do1(func(_ *Frame, _ *Node, a value.Value) value.Value { return a })}},
		{Name: "within", Group: group, Clock: true, Zone: true, Predicate: true, Doc: "Whether a date lies from today up to and including so many days ahead, or a datetime from now on. The past is not within.",
			Example: `within(source.RenewalDate, days(60))`, overloads: []*overload{
				takes(pDate, pDays).gives(value.KindBool).do2(func(f *Frame, _ *Node, a, b value.Value) value.Value {
					d := a.AsDay() - f.today()
					return value.Bool(d >= 0 && d <= b.AsDays())
				}),
				takes(pTime, pSpan).gives(value.KindBool).do2(withinTime)}},
		{Name: "days_until", Group: group, Clock: true, Zone: true, Doc: "Days from today to a date; negative when it is past.", Example: `days_until(source.RenewalDate) <= 30`,
			overloads: []*overload{days(value.KindInt).do1(func(f *Frame, _ *Node, a value.Value) value.Value { return value.Int(f.dayOf(a) - f.today()) })}},
		{Name: "days_since", Group: group, Clock: true, Zone: true, Doc: "Days from a date to today; negative when it is ahead.", Example: `days_since(source.ModifiedDate) > 90`,
			overloads: []*overload{days(value.KindInt).do1(func(f *Frame, _ *Node, a value.Value) value.Value { return value.Int(f.today() - f.dayOf(a)) })}},
		{Name: "year", Group: group, Zone: true, Doc: "The year of a date.", Example: `year(date("2026-05-17")) → 2026`, overloads: part(func(d int64) int64 { y, _, _ := civil(d); return int64(y) })},
		{Name: "quarter", Group: group, Zone: true, Doc: "The quarter of a date, 1 to 4.", Example: `quarter(date("2026-05-17")) → 2`, overloads: part(func(d int64) int64 { _, m, _ := civil(d); return int64(m+2) / 3 })},
		{Name: "month", Group: group, Zone: true, Doc: "The month of a date, 1 to 12.", Example: `month(date("2026-05-17")) → 5`, overloads: part(func(d int64) int64 { _, m, _ := civil(d); return int64(m) })},
		{Name: "day", Group: group, Zone: true, Doc: "The day of the month of a date.", Example: `day(date("2026-05-17")) → 17`, overloads: part(func(d int64) int64 { _, _, x := civil(d); return int64(x) })},
		{Name: "weekday", Group: group, Zone: true, Doc: "The day of the week of a date, 1 for Monday to 7 for Sunday.", Example: `weekday(date("2026-05-17")) → 7`, overloads: part(weekday)},
		{Name: "start_of_week", Group: group, Zone: true, Doc: "The Monday of a date's week.", Example: `start_of_week(date("2026-05-17")) → 2026-05-11`, overloads: moved(func(d int64) int64 { return d - weekday(d) + 1 })},
		{Name: "start_of_month", Group: group, Zone: true, Doc: "The first day of a date's month.", Example: `start_of_month(date("2026-05-17")) → 2026-05-01`, overloads: moved(func(d int64) int64 { y, m, _ := civil(d); return value.Date(y, m, 1).AsDay() })},
		{Name: "end_of_month", Group: group, Zone: true, Doc: "The last day of a date's month.", Example: `end_of_month(date("2026-02-17")) → 2026-02-28`, overloads: moved(func(d int64) int64 { y, m, _ := civil(d); return value.Date(y, m+1, 1).AsDay() - 1 })},
		{Name: "start_of_quarter", Group: group, Zone: true, Doc: "The first day of a date's quarter.", Example: `start_of_quarter(date("2026-05-17")) → 2026-04-01`, overloads: moved(func(d int64) int64 { y, m, _ := civil(d); return value.Date(y, (m-1)/3*3+1, 1).AsDay() })},
		{Name: "start_of_year", Group: group, Zone: true, Doc: "The first of January of a date's year.", Example: `start_of_year(date("2026-05-17")) → 2026-01-01`, overloads: moved(func(d int64) int64 { y, _, _ := civil(d); return value.Date(y, 1, 1).AsDay() })},
		{Name: "add_months", Group: group, Zone: true, Doc: "The date so many months later; the last day of the month where the day does not exist.", Example: `add_months(date("2026-01-31"), 1) → 2026-02-28`,
			overloads: []*overload{takes(pWhen, pNum).gives(value.KindDate).do2(addMonths)}},
		{Name: "format_date", Group: group, Zone: true, Doc: "A date as text, by a pattern of yyyy yy MMMM MMM MM M dd d EEEE EEE HH hh h mm ss a; text between single quotes stands as it is.",
			Example: `format_date(date("2026-01-05"), "MMM d, yyyy") → "Jan 5, 2026"`, overloads: []*overload{takes(pWhen, pText).gives(value.KindText).do2(opFormatDate)}},
		getter("getFullYear", "Year.", func(t time.Time) int64 { return int64(t.Year()) }),
		getter("getMonth", "Month from 0.", func(t time.Time) int64 { return int64(t.Month()) - 1 }),
		getter("getDate", "Day of the month from 1.", func(t time.Time) int64 { return int64(t.Day()) }),
		getter("getDayOfMonth", "Day of the month from 0.", func(t time.Time) int64 { return int64(t.Day()) - 1 }),
		getter("getDayOfWeek", "Day of the week, 0 for Sunday.", func(t time.Time) int64 { return int64(t.Weekday()) }),
		getter("getDayOfYear", "Day of the year from 0.", func(t time.Time) int64 { return int64(t.YearDay()) - 1 }),
		spanGetter("getHours", "Hour of a datetime, or a duration in hours.", time.Time.Hour, microsAHour, 0),
		spanGetter("getMinutes", "Minute of a datetime, or a duration in minutes.", time.Time.Minute, microsAHour/60, 0),
		spanGetter("getSeconds", "Second of a datetime, or a duration in seconds.", time.Time.Second, 1_000_000, 0),
		spanGetter("getMilliseconds", "Milliseconds within the second, of a datetime or a duration.", func(t time.Time) int { return t.Nanosecond() / 1_000_000 }, 1000, 1000),
	}
}

// dayOf is the day of a date, or of a datetime in the rule's zone.
func (f *Frame) dayOf(v value.Value) int64 {
	if v.Kind() == value.KindTime {
		return microsDay(v.AsMicros(), f.work.zone)
	}
	return v.AsDay()
}

func withinTime(f *Frame, n *Node, a, b value.Value) value.Value {
	now := f.Now.UnixMicro()
	var end value.Value
	if b.Kind() == value.KindDays {
		end = f.addDays(n, now, b.AsDays())
	} else {
		end = addSpan(f, n, "+", value.Micros(now), b, 1)
	}
	return value.Bool(a.AsMicros() >= now && a.AsMicros() <= end.AsMicros())
}

func spanOf(unit int64) func(f *Frame, n *Node, a value.Value) value.Value {
	return func(f *Frame, n *Node, a value.Value) value.Value {
		us := a.AsFloat() * float64(unit)
		if math.Abs(us) > 1<<60 {
			return f.fail(n, "the span is too long")
		}
		return value.Span(int64(math.Round(us)))
	}
}

func weekday(d int64) int64 { return floorMod(d+3, 7) + 1 } // 1970-01-01 was a Thursday

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

func part(fn func(day int64) int64) []*overload {
	return []*overload{takes(pWhen).gives(value.KindInt).do1(func(f *Frame, _ *Node, a value.Value) value.Value {
		return value.Int(fn(f.dayOf(a)))
	})}
}

func moved(fn func(day int64) int64) []*overload {
	return []*overload{takes(pWhen).gives(value.KindDate).do1(func(f *Frame, n *Node, a value.Value) value.Value {
		return f.makeDay(n, fn(f.dayOf(a)))
	})}
}

func addMonths(f *Frame, n *Node, a, b value.Value) value.Value {
	months, ok := whole(b)
	if !ok || months > 200_000 || months < -200_000 {
		return f.fail(n, "add_months() needs a whole number of months")
	}
	y, m, d := civil(f.dayOf(a))
	first := time.Date(y, m+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return f.makeDay(n, floorDiv(first.Unix(), 86400)+int64(min(d, last))-1)
}

func makeDate(f *Frame, n *Node, args []value.Value) value.Value {
	var x [3]int64
	for i, a := range args {
		v, ok := whole(a)
		if !ok || v < -10000 || v > 10000 {
			return f.fail(n, "there is no such date")
		}
		x[i] = v
	}
	t := time.Date(int(x[0]), time.Month(x[1]), int(x[2]), 0, 0, 0, 0, time.UTC)
	if int64(t.Day()) != x[2] || int64(t.Month()) != x[1] {
		return f.fail(n, "there is no date %04d-%02d-%02d", x[0], x[1], x[2])
	}
	return f.makeDay(n, floorDiv(t.Unix(), 86400))
}

// getter is one of CEL's parts of a timestamp: UTC, or the zone named.
func getter(name, doc string, fn func(time.Time) int64) *Function {
	return &Function{Name: name, Group: "Dates and times", Doc: "CEL: " + doc + " In UTC or in the zone named.", Example: name + `(now())`, standard: true,
		overloads: []*overload{
			takes(pWhen).gives(value.KindInt).do1(func(_ *Frame, _ *Node, a value.Value) value.Value { return value.Int(fn(instant(a))) }),
			takes(pWhen, pText).gives(value.KindInt).do2(func(f *Frame, n *Node, a, b value.Value) value.Value {
				zone, ok := f.namedZone(n, b.AsText())
				if !ok {
					return value.Null
				}
				return value.Int(fn(instant(a).In(zone)))
			})}}
}

func spanGetter(name, doc string, fn func(time.Time) int, unit, modulus int64) *Function {
	g := getter(name, doc, func(t time.Time) int64 { return int64(fn(t)) })
	g.overloads = append(g.overloads, takes(pDuration).gives(value.KindInt).do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
		x := a.AsMicros() / unit
		if modulus > 0 {
			x %= modulus
		}
		return value.Int(x)
	}))
	return g
}

func instant(v value.Value) time.Time {
	if v.Kind() == value.KindDate {
		return time.Unix(v.AsDay()*86400, 0).UTC()
	}
	return v.AsTime()
}
