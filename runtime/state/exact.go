package state

import (
	"bytes"
	"encoding/json"
)

// UnmarshalJSON keeps whole numbers whole: an id of 19 digits is no float.
func (f *FieldChange) UnmarshalJSON(b []byte) error {
	type plain FieldChange // without this method
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode((*plain)(f)); err != nil {
		return err
	}
	f.Before, f.After = Exact(f.Before), Exact(f.After)
	for name, v := range f.Inputs {
		f.Inputs[name] = Exact(v)
	}
	return nil
}

// Exact turns numbers as they are written (json.Number) into int64, or float64 where they are not whole.
func Exact(x any) any {
	switch x := x.(type) {
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n
		}
		n, _ := x.Float64()
		return n
	case []any:
		for i := range x {
			x[i] = Exact(x[i])
		}
	}
	return x
}
