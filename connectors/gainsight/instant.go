package gainsight

import (
	"strconv"
	"time"
)

// parseInstant reads a datetime as Gainsight writes it: milliseconds since 1970, or ISO 8601 in several spellings.
// A time without a zone is taken as one in loc. The result is microseconds since 1970.
func parseInstant(s []byte, loc *time.Location) (int64, bool) {
	if ms, ok := milliseconds(s); ok {
		return ms * 1000, true
	}
	if us, ok := parseUTC(s); ok {
		return us, true
	}
	for _, layout := range instantLayouts {
		if t, err := time.ParseInLocation(layout, string(s), loc); err == nil {
			return t.UnixMicro(), true
		}
	}
	return 0, false
}

var instantLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00", time.DateOnly, "01-02-2006", "01/02/2006",
}

// parseDay reads a date: days since 1970. An instant is the day that it is in loc.
func parseDay(s []byte, loc *time.Location) (int64, bool) {
	if len(s) == 10 && s[4] == '-' {
		if us, ok := parseUTC(s); ok {
			return us / 86400e6, true
		}
	}
	us, ok := parseInstant(s, loc)
	if !ok {
		return 0, false
	}
	t := time.UnixMicro(us).In(loc)
	if isISO(s) && us%86400e6 == 0 {
		// Midnight UTC in ISO is how a plain day is written, whatever the tenant's zone.
		t = t.UTC()
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400, true
}

func isISO(s []byte) bool { return len(s) > 10 && s[4] == '-' }

// mostMillis bounds instants to some thousands of years around 1970: what is beyond is no time.
const mostMillis = 1e14

// milliseconds reads a whole number of more digits than a year has.
func milliseconds(s []byte) (int64, bool) {
	if len(s) < 1 || len(s) > 24 {
		return 0, false
	}
	for i, c := range s {
		if (c < '0' || c > '9') && !(i == 0 && c == '-') {
			return milliFloat(s)
		}
	}
	ms, err := strconv.ParseInt(string(s), 10, 64)
	return ms, err == nil && ms < mostMillis && ms > -mostMillis
}

// milliFloat reads what some serialisers make of a large number: 1.521743018667E12.
func milliFloat(s []byte) (int64, bool) {
	f, err := strconv.ParseFloat(string(s), 64)
	if err != nil || f >= mostMillis || f <= -mostMillis || f != float64(int64(f)) {
		return 0, false
	}
	return int64(f), true
}

// parseUTC reads "2006-01-02", "2006-01-02T15:04:05Z" and the same with fractions or +00:00, without allocating:
// these are what pages of records are full of.
func parseUTC(s []byte) (int64, bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	y, ok1 := digits(s[0:4])
	m, ok2 := digits(s[5:7])
	d, ok3 := digits(s[8:10])
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	day := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if day.Day() != d {
		return 0, false
	}
	us := day.Unix() * 1e6
	if len(s) == 10 {
		return us, true
	}
	clock, ok := parseClock(s[10:])
	return us + clock, ok
}

// parseClock reads "T15:04:05.999Z" and gives microseconds.
func parseClock(s []byte) (int64, bool) {
	if len(s) < 10 || s[0] != 'T' || s[3] != ':' || s[6] != ':' {
		return 0, false
	}
	h, ok1 := digits(s[1:3])
	m, ok2 := digits(s[4:6])
	sec, ok3 := digits(s[7:9])
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || sec > 60 {
		return 0, false
	}
	us := int64(h*3600+m*60+sec) * 1e6
	rest := s[9:]
	if rest[0] == '.' {
		unit, i := int64(100000), 1
		for ; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
			us += int64(rest[i]-'0') * unit
			unit /= 10
		}
		rest = rest[i:]
	}
	switch string(rest) {
	case "Z", "+00:00", "+0000":
		return us, true
	}
	return 0, false
}

func digits(s []byte) (int, bool) {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
