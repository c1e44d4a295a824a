package value

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/syncline/syncline/lang/schema"
)

// FromJSON is the inverse of Value.JSON for a value of a field: dates and datetimes come as ISO texts. Numbers may be
// int64, float64 or json.Number.
func FromJSON(f *schema.Field, x any) (Value, error) {
	switch x := x.(type) {
	case nil:
		return Null, nil
	case bool:
		return Bool(x), nil
	case int64:
		return Int(x), nil
	case float64:
		if f.Kind == schema.Integer && float64(int64(x)) == x {
			return Int(int64(x)), nil
		}
		return Float(x), nil
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return Int(n), nil
		}
		n, err := x.Float64()
		return Float(n), err
	case []any:
		items := make([]Value, len(x))
		for i, item := range x {
			text, ok := item.(string)
			if !ok {
				return Null, fmt.Errorf("%s: a list of texts is expected, not %v", f.Name, item)
			}
			items[i] = Text(text)
		}
		return List(items), nil
	case string:
		return fromText(f, x)
	}
	return Null, fmt.Errorf("%s: %T is no value", f.Name, x)
}

func fromText(f *schema.Field, s string) (Value, error) {
	switch f.Kind {
	case schema.Date:
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return Null, fmt.Errorf("%s: %q is no date", f.Name, s)
		}
		return Date(t.Year(), t.Month(), t.Day()), nil
	case schema.DateTime:
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return Null, fmt.Errorf("%s: %q is no instant", f.Name, s)
		}
		return Time(t), nil
	}
	return Text(s), nil
}
