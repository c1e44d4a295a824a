package engine

import (
	"math"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Keys are compared here, exactly, on the form in which the field's system stores them: systems differ in
// whether they heed case, trailing spaces or the length of an id.

// keyForm gives the form in which a key value is compared; false when the field cannot hold it, so that
// nothing equals it.
func keyForm(f *schema.Field, v value.Value) (value.Value, bool) {
	stored, err := value.Conform(f, v)
	if err != nil || value.IsEmpty(stored) {
		return value.Null, false
	}
	if isRef := f.Kind == schema.ID || f.Kind == schema.Reference; isRef && f.Length == 18 && !f.LooseIDs && !wellFormedID(stored.AsText()) {
		return value.Null, false // asking for it would be refused, together with all the others of the call
	}
	if x := stored.AsFloat(); stored.Kind() == value.KindFloat && x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		stored = value.Int(int64(x))
	}
	return stored, true
}

// wellFormedID tells whether a text can be an 18-character id.
func wellFormedID(s string) bool {
	if len(s) != 18 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// keyText is a comparable form of key values.
func keyText(vs []value.Value) string {
	var buf [128]byte
	return string(appendKey(buf[:0], vs))
}

func appendKey(dst []byte, vs []value.Value) []byte {
	for _, v := range vs {
		dst = v.AppendBinary(dst)
	}
	return dst
}

// candidateKey gives a candidate's values of the key fields, "" when one is empty.
func candidateKey(alt plan.Alternative, slots []int, rec value.Record) string {
	var buf [128]byte
	return string(appendCandidateKey(buf[:0], alt, slots, rec))
}

// appendCandidateKey appends it; nothing when one is empty.
func appendCandidateKey(dst []byte, alt plan.Alternative, slots []int, rec value.Record) []byte {
	start := len(dst)
	for i, k := range alt {
		raw := rec.At(slots[i])
		if value.IsEmpty(raw) {
			return dst[:start]
		}
		v, ok := keyForm(k.Field, raw)
		if !ok {
			v = raw // stored before the field's rules were what they are now
		}
		dst = v.AppendBinary(dst)
	}
	return dst
}

// evalKeys computes the values of each alternative: nil for one with an empty key.
func evalKeys(by []plan.Alternative, frame *expr.Frame) ([][]value.Value, error) {
	out := make([][]value.Value, len(by))
	for a, alt := range by {
		vs, err := evalKey(make([]value.Value, 0, len(alt)), alt, frame)
		if err != nil {
			return nil, err
		}
		out[a] = vs
	}
	return out, nil
}

// evalKey appends the values of one alternative; nil when one is empty.
func evalKey(dst []value.Value, alt plan.Alternative, frame *expr.Frame) ([]value.Value, error) {
	full := len(alt) > 0
	for _, k := range alt {
		v, err := k.Value.Eval(frame)
		if err != nil {
			return nil, err
		}
		v, ok := keyForm(k.Field, v)
		dst, full = append(dst, v), full && ok
	}
	if !full {
		return nil, nil
	}
	return dst, nil
}

// encodeKeys is the form in which a link remembers the keys that it was made with.
func encodeKeys(asks [][]value.Value) []byte {
	var b []byte
	for _, vs := range asks {
		b = append(b, byte(len(vs)))
		for _, v := range vs {
			b = v.AppendBinary(b)
		}
	}
	return b
}
