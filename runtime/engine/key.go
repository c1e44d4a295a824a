package engine

import (
	"math"

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
	b := buf[:0]
	for _, v := range vs {
		b = v.AppendBinary(b)
	}
	return string(b)
}

// candidateKey gives a candidate's values of the key fields, "" when one is empty.
func (s *seeker) candidateKey(alt plan.Alternative, slots []int, rec value.Record) string {
	var buf [4]value.Value
	vs := buf[:0]
	for i, k := range alt {
		raw := rec.At(slots[i])
		if value.IsEmpty(raw) {
			return ""
		}
		v, ok := keyForm(k.Field, raw)
		if !ok {
			v = raw // stored before the field's rules were what they are now
		}
		vs = append(vs, v)
	}
	return keyText(vs)
}

// evalKeys computes the values of each alternative: nil for one with an empty key.
func (r *access) evalKeys(by []plan.Alternative, it *item) ([][]value.Value, error) {
	out := make([][]value.Value, len(by))
	frame := r.put(it)
	for a, alt := range by {
		vs := make([]value.Value, 0, len(alt))
		for _, k := range alt {
			v, err := k.Value.Eval(frame)
			if err != nil {
				return nil, err
			}
			if v, ok := keyForm(k.Field, v); ok {
				vs = append(vs, v)
			}
		}
		if len(vs) == len(alt) && len(alt) > 0 {
			out[a] = vs
		}
	}
	return out, nil
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
