package salesforce

import "time"

// clockText takes the zone, which is always UTC, and empty fractions off "10:00:00.000Z".
func clockText(text []byte) []byte {
	if n := len(text); n > 0 && text[n-1] == 'Z' {
		text = text[:n-1]
	}
	if n := len(text); n > 4 && string(text[n-4:]) == ".000" {
		text = text[:n-4]
	}
	return text
}

// parseDay reads 2006-01-02 as days since 1970.
func parseDay(t []byte) (int64, bool) {
	if len(t) != 10 || t[4] != '-' || t[7] != '-' {
		return 0, false
	}
	y, ok1 := digits(t[0:4])
	m, ok2 := digits(t[5:7])
	d, ok3 := digits(t[8:10])
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if at.Day() != d {
		return 0, false
	}
	return floorDiv(at.Unix(), 86400), true
}

// parseInstant reads 2006-01-02T15:04:05.000+0000, and the other forms of a zone, as microseconds since 1970.
func parseInstant(t []byte) (int64, bool) {
	if len(t) < 20 || t[10] != 'T' || t[13] != ':' || t[16] != ':' {
		return 0, false
	}
	days, ok := parseDay(t[:10])
	h, ok1 := digits(t[11:13])
	m, ok2 := digits(t[14:16])
	s, ok3 := digits(t[17:19])
	if !ok || !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	micros := ((days*24+int64(h))*60+int64(m))*60_000_000 + int64(s)*1_000_000
	rest := t[19:]
	if rest[0] == '.' {
		unit := int64(100_000)
		for rest = rest[1:]; len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9'; rest = rest[1:] {
			micros += int64(rest[0]-'0') * unit
			unit /= 10
		}
	}
	zone, ok := parseZone(rest)
	return micros - zone*1_000_000, ok
}

// parseZone reads Z, +0000 or +00:00 as seconds east.
func parseZone(t []byte) (int64, bool) {
	if len(t) == 1 && t[0] == 'Z' {
		return 0, true
	}
	if len(t) == 6 && t[3] == ':' {
		t = []byte{t[0], t[1], t[2], t[4], t[5]}
	}
	if len(t) != 5 || t[0] != '+' && t[0] != '-' {
		return 0, false
	}
	h, ok1 := digits(t[1:3])
	m, ok2 := digits(t[3:5])
	if !ok1 || !ok2 {
		return 0, false
	}
	east := int64(h*3600 + m*60)
	if t[0] == '-' {
		east = -east
	}
	return east, true
}

func digits(t []byte) (int, bool) {
	n := 0
	for _, c := range t {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
