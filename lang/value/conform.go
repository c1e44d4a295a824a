package value

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/schema"
)

// IsEmpty tells whether a value counts as empty in a record: null, an empty text, an empty list.
func IsEmpty(v Value) bool {
	switch v.kind {
	case KindNull:
		return true
	case KindText, KindList:
		return v.num == 0
	}
	return false
}

// Conform gives the form in which the field's system stores the value: rounded to the field's scale, cut to
// its resolution, ids in their long form, trimmed, picklist values in the system's own case. Values are
// compared with the target only in this form, so that storage never looks like a change.
//
// An error says that the target would refuse the value, or that storing it would lose what must not be lost
// (a text too long, a number out of range); the record is then rejected, never cut.
func Conform(f *schema.Field, v Value) (Value, error) {
	if f.Kind == schema.MultiPicklist {
		return conformChoices(f, v)
	}
	if IsEmpty(v) {
		return Null, nil
	}
	switch f.Kind {
	case schema.Any:
		return v, nil
	case schema.Integer, schema.Number:
		return conformNumber(f, v)
	case schema.Boolean:
		if v.kind != KindBool {
			return Null, misfit(f, v)
		}
		return v, nil
	case schema.Date:
		if v.kind != KindDate {
			return Null, misfit(f, v)
		}
		if d := v.AsDay(); d < firstDay || d > lastDay {
			return Null, outOfYears(f)
		}
		return v, nil
	case schema.DateTime:
		return conformTime(f, v)
	}
	return conformText(f, v)
}

func misfit(f *schema.Field, v Value) error {
	return fmt.Errorf("%s is a field of type %s and cannot hold the %s %s", f.Name, f.Kind, v.kind, shorten(v))
}

func shorten(v Value) string {
	s := v.String()
	if utf8.RuneCountInString(s) > 40 {
		s = string([]rune(s)[:40]) + "…"
	}
	return strconv.Quote(s)
}

// The days that can be written with four digits of the year, counted from 1970: the years 1 to 9999.
const (
	firstDay = -719162
	lastDay  = 2932896
)

func outOfYears(f *schema.Field) error {
	return fmt.Errorf("%s holds the years 1 to 9999, the value is outside of them", f.Name)
}

func conformTime(f *schema.Field, v Value) (Value, error) {
	if v.kind != KindTime {
		return Null, misfit(f, v)
	}
	const perDay = int64(24 * time.Hour / time.Microsecond)
	if us := v.AsMicros(); us < firstDay*perDay || us >= (lastDay+1)*perDay {
		return Null, outOfYears(f)
	}
	if step := int64(f.Resolution / time.Microsecond); step > 1 {
		us := v.AsMicros()
		cut := us % step
		if cut < 0 {
			cut += step
		}
		return Micros(us - cut), nil
	}
	return v, nil
}

func conformNumber(f *schema.Field, v Value) (Value, error) {
	if !v.IsNumber() {
		return Null, misfit(f, v)
	}
	if f.Kind == schema.Integer {
		if v.kind == KindFloat {
			x := v.AsFloat()
			if x != math.Trunc(x) || math.Abs(x) >= 1<<63 {
				return Null, fmt.Errorf("%s holds whole numbers, the value is %s", f.Name, v)
			}
			v = Int(int64(x))
		}
		if f.Precision > 0 && f.Precision < 19 && abs(v.AsInt()) >= int64(pow10(f.Precision)) {
			return Null, tooLarge(f, v)
		}
		return v, nil
	}
	if f.Precision == 0 {
		return v, nil
	}
	if v.kind == KindFloat {
		v = Float(Round(v.AsFloat(), f.Scale))
	}
	if whole := f.Precision - f.Scale; math.Abs(v.AsFloat()) >= pow10(whole) {
		return Null, tooLarge(f, v)
	}
	return v, nil
}

func abs(i int64) int64 {
	if i == math.MinInt64 {
		return math.MaxInt64
	}
	return max(i, -i)
}

func tooLarge(f *schema.Field, v Value) error {
	return fmt.Errorf("%s holds %d digits before the point, the value is %s", f.Name, max(f.Precision-f.Scale, 0), v)
}

var powers = func() (p [23]float64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i], _ = strconv.ParseFloat("1e"+strconv.Itoa(i), 64)
	}
	return p
}()

func pow10(n int) float64 {
	if n >= 0 && n < len(powers) {
		return powers[n]
	}
	return math.Pow10(n)
}

// Round rounds the number, as it prints in shortest decimal, to digits after the point (negative: before it),
// half away from zero.
func Round(x float64, digits int) float64 {
	if x == 0 || digits > 22 || digits < -22 {
		return x
	}
	scaled := x * pow10(digits)
	if digits < 0 {
		scaled = x / pow10(-digits)
	}
	if !(math.Abs(scaled) < 1<<52) { // also what is no finite number
		return x
	}
	whole := float64(int64(math.Abs(scaled)))
	frac := math.Abs(scaled) - whole
	// Near a tie the binary product does not tell which side the decimal is on: 1.005 is 1.00499… in binary.
	if d := math.Abs(frac - 0.5); d < 1e-6 {
		return roundDecimal(x, digits)
	}
	if frac > 0.5 {
		whole++
	}
	whole = math.Copysign(whole, x)
	if digits < 0 {
		return whole*pow10(-digits) + 0
	}
	return whole/pow10(digits) + 0
}

// roundDecimal rounds the shortest decimal text of x.
func roundDecimal(x float64, digits int) float64 {
	text := strconv.FormatFloat(math.Abs(x), 'f', -1, 64)
	whole, frac, _ := strings.Cut(text, ".")
	all := whole + frac
	keep := len(whole) + digits
	switch {
	case keep >= len(all):
		return x
	case keep < 0:
		return 0
	}
	up := all[keep] >= '5'
	n := []byte("0" + all[:keep])
	for i := len(n) - 1; up && i >= 0; i-- {
		if n[i]++; n[i] <= '9' {
			up = false
		} else {
			n[i] = '0'
		}
	}
	out, _ := strconv.ParseFloat(string(n)+"e"+strconv.Itoa(-digits), 64)
	return math.Copysign(out, x) + 0
}

func conformText(f *schema.Field, v Value) (Value, error) {
	if v.kind == KindText && f.Kind == schema.Text && !f.TrimsSpace && (f.Length == 0 || v.num <= uint64(f.Length)) {
		return v, nil // nearly all texts; what follows would not change it
	}
	if v.kind == KindList || v.kind == KindDays || v.kind == KindDuration {
		return Null, misfit(f, v)
	}
	s := v.String()
	if f.TrimsSpace {
		s = strings.TrimSpace(s)
	}
	switch f.Kind {
	case schema.Reference, schema.ID:
		if f.Length == 18 && len(s) == 15 {
			s = LongID(s)
		}
	case schema.Picklist:
		var err error
		if s, err = choice(f, s); err != nil {
			return Null, err
		}
	}
	if s == "" {
		return Null, nil
	}
	if f.Length > 0 && len(s) > f.Length && utf8.RuneCountInString(s) > f.Length {
		return Null, fmt.Errorf("%s holds %d characters, the value has %d: %s", f.Name, f.Length, utf8.RuneCountInString(s), shorten(v))
	}
	if v.kind == KindText && s == v.AsText() {
		return v, nil
	}
	return Text(s), nil
}

// choice gives the picklist's own spelling of s; a restricted picklist refuses what it lacks.
func choice(f *schema.Field, s string) (string, error) {
	folded := ""
	for _, c := range f.Values {
		if c.Value == s {
			return s, nil
		}
		if strings.EqualFold(c.Value, s) {
			folded = c.Value
		}
	}
	if folded != "" {
		return folded, nil
	}
	if f.Restricted && len(f.Values) > 0 {
		return "", fmt.Errorf("%q is not a value of the picklist %s", s, f.Name)
	}
	return s, nil
}

// conformChoices orders the items as the picklist does and drops repetitions, so that equal sets are equal.
func conformChoices(f *schema.Field, v Value) (Value, error) {
	var items []Value
	switch v.kind {
	case KindNull:
	case KindText:
		for s := range strings.SplitSeq(v.AsText(), ";") {
			items = append(items, Text(s))
		}
	case KindList:
		items = v.AsList()
	default:
		return Null, misfit(f, v)
	}
	rank := make(map[string]int, len(f.Values))
	for i, c := range f.Values {
		rank[c.Value] = i + 1
	}
	out := make([]Value, 0, len(items))
	for _, item := range items {
		text := strings.TrimSpace(item.String())
		if item.IsNull() || text == "" {
			continue
		}
		s, err := choice(f, text)
		if err != nil {
			return Null, err
		}
		out = append(out, Text(s))
	}
	slices.SortStableFunc(out, func(a, b Value) int {
		x, y := rank[a.AsText()], rank[b.AsText()]
		if x != y && x > 0 && y > 0 {
			return x - y
		}
		if (x > 0) != (y > 0) {
			return boolInt(y > 0) - boolInt(x > 0)
		}
		return strings.Compare(a.AsText(), b.AsText())
	})
	return List(slices.CompactFunc(out, Equal)), nil
}

// LongID gives the 18-character form of a 15-character Salesforce id; any other text as it is.
// The suffix records which characters are upper case, so that ids survive systems that fold case.
func LongID(id string) string {
	if len(id) != 15 {
		return id
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	out := make([]byte, 15, 18)
	copy(out, id)
	for group := 0; group < 3; group++ {
		bits := 0
		for i := 0; i < 5; i++ {
			c := id[group*5+i]
			switch {
			case c >= 'A' && c <= 'Z':
				bits |= 1 << i
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			default:
				return id
			}
		}
		out = append(out, alphabet[bits])
	}
	return string(out)
}
