package file

import "github.com/syncline/syncline/lang/value"

// two reads two digits, -1 when they are none.
func two(b []byte) int {
	x, y := b[0]-'0', b[1]-'0'
	if x > 9 || y > 9 {
		return -1
	}
	return int(x)*10 + int(y)
}

var monthDays = [...]int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// scanDate reads 2006-01-02 and gives the days since 1970.
func scanDate(b []byte) (int64, bool) {
	if len(b) != 10 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	hi, lo, m, d := two(b), two(b[2:]), two(b[5:]), two(b[8:])
	if hi < 0 || lo < 0 || m < 1 || m > 12 || d < 1 || d > monthDays[m-1] {
		return 0, false
	}
	y := hi*100 + lo
	if m == 2 && d == 29 && (y%4 != 0 || y%100 == 0 && y%400 != 0) {
		return 0, false
	}
	return civil(int64(y), int64(m), int64(d)), true
}

// civil is the number of days from 1970-01-01 to a date of the Gregorian calendar.
func civil(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// scanTime reads RFC 3339, also with a space for the T and with no seconds; zoned tells whether it names its zone. Without
// one it is read as UTC.
func scanTime(b []byte) (us int64, zoned, ok bool) {
	if len(b) < 16 || b[10] != 'T' && b[10] != 't' && b[10] != ' ' || b[13] != ':' {
		return 0, false, false
	}
	days, ok := scanDate(b[:10])
	h, m := two(b[11:]), two(b[14:])
	if !ok || h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, false, false
	}
	us = (days*86400 + int64(h*3600+m*60)) * 1e6
	rest := b[16:]
	if len(rest) >= 3 && rest[0] == ':' {
		s := two(rest[1:])
		if s < 0 || s > 59 {
			return 0, false, false
		}
		us += int64(s) * 1e6
		var frac int64
		if frac, rest, ok = fraction(rest[3:]); !ok {
			return 0, false, false
		}
		us += frac
	}
	offset, zoned, ok := zone(rest)
	return us - offset*1e6, zoned, ok
}

// fraction reads ".123456789"; digits below the microsecond are cut.
func fraction(b []byte) (us int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return 0, b, true
	}
	i, unit := 1, int64(100_000)
	for i < len(b) && b[i]-'0' <= 9 {
		us += int64(b[i]-'0') * unit
		unit /= 10
		i++
	}
	return us, b[i:], i > 1
}

// zone reads Z, +02:00, +0200, +02 or nothing, and gives the seconds east of UTC.
func zone(b []byte) (seconds int64, zoned, ok bool) {
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	switch {
	case len(b) == 0:
		return 0, false, true
	case len(b) == 1 && (b[0] == 'Z' || b[0] == 'z'), string(b) == "UTC":
		return 0, true, true
	case b[0] != '+' && b[0] != '-' || len(b) != 3 && len(b) != 5 && len(b) != 6:
		return 0, false, false
	}
	h, m := two(b[1:]), 0
	switch {
	case len(b) == 5:
		m = two(b[3:])
	case len(b) == 6 && b[3] == ':':
		m = two(b[4:])
	case len(b) == 6:
		return 0, false, false
	}
	if h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, false, false
	}
	seconds = int64(h*3600 + m*60)
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, true, true
}

// setDateTime reads a datetime, or a date as its midnight in UTC.
func setDateTime(dst *value.Value, b []byte) error {
	if us, _, ok := scanTime(b); ok {
		*dst = value.Micros(us)
		return nil
	}
	if days, ok := scanDate(b); ok {
		*dst = value.Micros(days * 86400 * 1e6)
		return nil
	}
	return errNotDateTime
}

// setDate reads a date; of a datetime at midnight its day.
func setDate(dst *value.Value, b []byte) error {
	days, ok := scanDate(b)
	if !ok {
		us, _, isTime := scanTime(b)
		const day = 86400 * 1e6
		if !isTime || us%day != 0 {
			return errNotDate
		}
		days = us / day
	}
	*dst = value.Day(days)
	return nil
}
