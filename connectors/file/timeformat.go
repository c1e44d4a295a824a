package file

import "github.com/syncline/syncline/lang/value"

// appendMoment appends a date or datetime as value.AppendText does, without the detour over package time: dates are in
// most records.
func appendMoment(dst []byte, v value.Value) []byte {
	days, us := v.AsDay(), int64(0)
	if v.Kind() == value.KindTime {
		const day = 86400 * 1e6
		us = v.AsMicros()
		days = us / day
		if us %= day; us < 0 {
			us += day
			days--
		}
	}
	y, m, d := date(days)
	if y < 0 || y > 9999 {
		return v.AppendText(dst)
	}
	dst = append(dst, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-')
	dst = appendTwo(append(appendTwo(dst, m), '-'), d)
	if v.Kind() != value.KindTime {
		return dst
	}
	s := us / 1e6
	dst = append(appendTwo(append(dst, 'T'), s/3600), ':')
	dst = appendTwo(append(appendTwo(dst, s/60%60), ':'), s%60)
	if frac := us % 1e6; frac > 0 {
		dst = append(dst, '.')
		for unit := int64(100_000); frac > 0; unit /= 10 {
			dst = append(dst, byte('0'+frac/unit))
			frac %= unit
		}
	}
	return append(dst, 'Z')
}

func appendTwo(dst []byte, n int64) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// date is the inverse of civil.
func date(days int64) (y, m, d int64) {
	days += 719468
	era := days / 146097
	if days < 0 {
		era = (days - 146096) / 146097
	}
	doe := days - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	if m = mp + 3; m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}
