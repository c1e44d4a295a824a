package soql

import (
	"strings"
	"time"
)

// plainDates are the date literals without a number.
var plainDates = map[string]bool{"YESTERDAY": true, "TODAY": true, "TOMORROW": true, "LAST_90_DAYS": true, "NEXT_90_DAYS": true}

// dateLiteral tells whether an upper-case word is a date literal, and whether a number follows it.
func dateLiteral(word string) (takesN, ok bool) {
	if plainDates[word] {
		return false, true
	}
	if unit, found := strings.CutSuffix(word, "_AGO"); found {
		unit, found = strings.CutPrefix(unit, "N_")
		return true, found && isUnit(strings.TrimSuffix(unit, "S")) && strings.HasSuffix(unit, "S")
	}
	for _, prefix := range []string{"LAST_N_", "NEXT_N_"} {
		if unit, found := strings.CutPrefix(word, prefix); found {
			return true, strings.HasSuffix(unit, "S") && isUnit(strings.TrimSuffix(unit, "S"))
		}
	}
	for _, prefix := range []string{"LAST_", "THIS_", "NEXT_"} {
		if unit, found := strings.CutPrefix(word, prefix); found {
			return false, unit != "DAY" && isUnit(unit)
		}
	}
	return false, false
}

func isUnit(unit string) bool {
	switch strings.TrimPrefix(unit, "FISCAL_") {
	case "QUARTER", "YEAR":
		return true
	}
	return unit == "DAY" || unit == "WEEK" || unit == "MONTH"
}

// Range is the span that a date literal stands for: from start to before end. The day of now,
// in its location, is today; weeks begin on Sunday; the fiscal year is the calendar's.
func (v *Value) Range(now time.Time) (start, end time.Time) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	word := v.Text
	switch word {
	case "YESTERDAY":
		return today.AddDate(0, 0, -1), today
	case "TODAY":
		return today, today.AddDate(0, 0, 1)
	case "TOMORROW":
		return today.AddDate(0, 0, 1), today.AddDate(0, 0, 2)
	case "LAST_90_DAYS":
		return today.AddDate(0, 0, -90), today.AddDate(0, 0, 1)
	case "NEXT_90_DAYS":
		return today.AddDate(0, 0, 1), today.AddDate(0, 0, 91)
	}
	word = strings.Replace(word, "FISCAL_", "", 1)
	if unit, ok := strings.CutSuffix(word, "S_AGO"); ok {
		unit = strings.TrimPrefix(unit, "N_")
		return unitStart(today, unit, -v.Days), unitStart(today, unit, 1-v.Days)
	}
	if unit, ok := strings.CutPrefix(word, "LAST_N_"); ok {
		unit = strings.TrimSuffix(unit, "S")
		if unit == "DAY" { // today counts
			return today.AddDate(0, 0, -v.Days), today.AddDate(0, 0, 1)
		}
		return unitStart(today, unit, -v.Days), unitStart(today, unit, 0)
	}
	if unit, ok := strings.CutPrefix(word, "NEXT_N_"); ok {
		unit = strings.TrimSuffix(unit, "S")
		return unitStart(today, unit, 1), unitStart(today, unit, 1+v.Days)
	}
	when, unit, _ := strings.Cut(word, "_")
	n := map[string]int{"LAST": -1, "THIS": 0, "NEXT": 1}[when]
	return unitStart(today, unit, n), unitStart(today, unit, n+1)
}

// unitStart is the start of the n-th week, month, … after the one that today is in.
func unitStart(today time.Time, unit string, n int) time.Time {
	year, month := today.Year(), today.Month()
	first := func(y int, m time.Month) time.Time { return time.Date(y, m, 1, 0, 0, 0, 0, today.Location()) }
	switch unit {
	case "DAY":
		return today.AddDate(0, 0, n)
	case "WEEK":
		return today.AddDate(0, 0, 7*n-int(today.Weekday()))
	case "MONTH":
		return first(year, month+time.Month(n))
	case "QUARTER":
		return first(year, (month-1)/3*3+1+time.Month(3*n))
	}
	return first(year+n, time.January)
}
