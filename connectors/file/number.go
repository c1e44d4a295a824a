package file

import (
	"math"
	"strconv"

	"github.com/syncline/syncline/lang/value"
)

// pow10 are the powers of ten that a float holds exactly.
var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// maxExact is the greatest whole number below which a float holds every whole number.
const maxExact = 1 << 53

// decimal is a number as written: an optional minus, digits, an optional fraction and exponent, by the grammar of JSON.
type decimal struct {
	mant  uint64 // the digits, where they fit
	scale int    // digits after the point
	neg   bool
	exp   bool // has an exponent
	fits  bool // mant holds all digits
}

// scanDecimal reads b whole by the grammar of JSON numbers.
func scanDecimal(b []byte) (d decimal, ok bool) {
	i := 0
	if i < len(b) && b[i] == '-' {
		d.neg = true
		i++
	}
	start := i
	for i < len(b) && b[i]-'0' <= 9 {
		d.mant = d.mant*10 + uint64(b[i]-'0')
		i++
	}
	digits := i - start
	if digits == 0 || digits > 1 && b[start] == '0' {
		return d, false
	}
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		for i < len(b) && b[i]-'0' <= 9 {
			d.mant = d.mant*10 + uint64(b[i]-'0')
			i++
		}
		if d.scale = i - point; d.scale == 0 {
			return d, false
		}
		digits += d.scale
	}
	d.fits = digits <= 19
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		d.exp = true
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		first := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == first {
			return d, false
		}
	}
	return d, i == len(b)
}

// plainLength is how long the number at the start of b is, where it is of the most common kind: digits, of which some may
// stand after a point. 0: it is any other.
func plainLength(b []byte) int {
	n := digitsLength(b)
	if n == 0 || n > 1 && b[0] == '0' {
		return 0
	}
	if n == len(b) || b[n] != '.' {
		return n
	}
	fraction := digitsLength(b[n+1:])
	if fraction == 0 {
		return 0
	}
	return n + 1 + fraction
}

// digitsLength counts the digits at the start of b.
func digitsLength(b []byte) int {
	n := 0
	if len(b) >= 8 {
		if n = digits(eightOf(b)); n < 8 {
			return n
		}
	}
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return n
}

// plainDecimal reads the most common kind of number from the start of b: up to 7 digits and as many after a point. n is
// how long it is: 0 for any other, which the general way reads. Both kinds of number hold it exactly.
func plainDecimal(b []byte) (mant uint64, scale, n int) {
	mant, n = fewDigits(b)
	if n == 0 || n > 1 && b[0] == '0' {
		return 0, 0, 0
	}
	if n == len(b) || b[n] != '.' {
		return mant, 0, n
	}
	frac, scale := fewDigits(b[n+1:])
	if scale == 0 {
		return 0, 0, 0
	}
	return mant*tens[scale] + frac, scale, n + 1 + scale
}

// tens are the powers of ten by which whole parts are moved before their fractions.
var tens = [8]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}

// fewDigits reads up to 7 digits at the start of b; n is 0 where there are none, or more. It looks at eight bytes, beyond
// the end of b where they belong to the same memory.
func fewDigits(b []byte) (x uint64, n int) {
	if cap(b) < 8 {
		for ; n < len(b) && b[n]-'0' <= 9; n++ {
			x = x*10 + uint64(b[n]-'0')
		}
		return x, n
	}
	x = eightOf(b[:8])
	if n = min(digits(x), len(b)); n == 8 {
		return 0, 0
	}
	return number(x, n), n
}

// float gives the number as a float, correctly rounded. b is what d was scanned from.
func (d decimal) float(b []byte) (float64, bool) {
	if d.fits && !d.exp && d.mant < maxExact && d.scale < len(pow10) {
		f := float64(d.mant)
		if d.scale > 0 {
			f /= pow10[d.scale]
		}
		if d.neg {
			f = -f
		}
		return f, true
	}
	f, err := strconv.ParseFloat(str(b), 64)
	return f, err == nil && !math.IsInf(f, 0)
}

// integer gives the number as a whole one; ok is false where it has a fraction or is too great.
func (d decimal) integer(b []byte) (int64, bool) {
	if !d.exp && d.scale == 0 {
		if d.fits && d.mant <= math.MaxInt64 {
			if d.neg {
				return -int64(d.mant), true
			}
			return int64(d.mant), true
		}
		i, err := strconv.ParseInt(str(b), 10, 64)
		return i, err == nil
	}
	f, ok := d.float(b)
	if !ok || f != math.Trunc(f) || math.Abs(f) > maxExact {
		return 0, false
	}
	return int64(f), true
}

// inexact tells whether a float would lose digits of a whole number, such as an id of 20 digits.
func (d decimal) inexact() bool {
	return !d.exp && d.scale == 0 && (!d.fits || d.mant > maxExact)
}

// setNumber reads a number of the kind Integer or Number.
func setNumber(dst *value.Value, b []byte, whole bool) error {
	if mant, scale, n := plainDecimal(b); n > 0 && n == len(b) && (scale == 0 || !whole) {
		switch {
		case whole:
			*dst = value.Int(int64(mant))
		case scale == 0:
			*dst = value.Float(float64(int64(mant)))
		default:
			*dst = value.Float(float64(int64(mant)) / pow10[scale])
		}
		return nil
	}
	d, ok := scanDecimal(b)
	if !ok {
		if b, d, ok = looseDecimal(b); !ok {
			return errNotNumber
		}
	}
	if whole {
		i, ok := d.integer(b)
		if !ok {
			return errNotInteger
		}
		*dst = value.Int(i)
		return nil
	}
	f, ok := d.float(b)
	if !ok {
		return errTooGreat
	}
	if d.inexact() {
		if i := int64(f); !d.fits || d.mant > math.MaxInt64 || uint64(max(i, -i)) != d.mant {
			return errTooLong
		}
	}
	*dst = value.Float(f)
	return nil
}

// looseDecimal reads what people and spreadsheets write beyond JSON: +5, 007, .5, 5.
func looseDecimal(b []byte) ([]byte, decimal, bool) {
	neg := false
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		neg = b[0] == '-'
		b = b[1:]
	}
	for len(b) > 1 && b[0] == '0' && b[1]-'0' <= 9 {
		b = b[1:]
	}
	if len(b) > 1 && b[0] == '.' && b[1]-'0' <= 9 {
		b = append([]byte{'0'}, b...)
	}
	if len(b) > 1 && b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	if neg {
		b = append([]byte{'-'}, b...)
	}
	d, ok := scanDecimal(b)
	return b, d, ok
}

// appendFloat appends the shortest decimal that reads back as f, without an exponent. Most numbers of business data
// have few digits: those are found by trying, much faster than by the general way.
func appendFloat(dst []byte, f float64) []byte {
	a := math.Abs(f)
	if a < 1e9 {
		if n := int64(a*1e4 + 0.5); float64(n)/1e4 == a {
			if f < 0 {
				dst = append(dst, '-')
			}
			return appendTenThousandths(dst, uint64(n))
		}
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendTenThousandths appends n / 10,000.
func appendTenThousandths(dst []byte, n uint64) []byte {
	frac := n % 1e4
	dst = strconv.AppendUint(dst, n/1e4, 10)
	if frac == 0 {
		return dst
	}
	dst = append(dst, '.', byte('0'+frac/1000), byte('0'+frac/100%10), byte('0'+frac/10%10), byte('0'+frac%10))
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}
