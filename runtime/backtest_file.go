package runtime

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
)

// maxPastLine bounds a line of a file with the past.
const maxPastLine = 16 << 20

// pastLine is one line of such a file.
type pastLine struct {
	At      string         `json:"at"`
	Object  string         `json:"object"`
	Record  map[string]any `json:"record"`
	Deleted bool           `json:"deleted"`
}

// readPast reads what was seen of a trigger's object from a file with a JSON object in each line, in any order.
func readPast(file string, t *plan.Trigger) ([]engine.Sighting, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := []engine.Sighting{}
	others := map[string]bool{}
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 0, 64<<10), maxPastLine)
	n := 0
	for in.Scan() {
		n++
		text := bytes.TrimSpace(in.Bytes())
		if len(text) == 0 {
			continue
		}
		s, about, err := sighting(text, t)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		case s == nil:
			others[about] = true
		default:
			out = append(out, *s)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, n+1, err)
	}
	if len(out) == 0 {
		what := "it has none"
		if len(others) > 0 {
			what = "they are about " + strings.Join(slices.Sorted(maps.Keys(others)), ", ")
		}
		return nil, fmt.Errorf("%s has no line about %s.%s: %s", file, t.On.Connection, t.On.Object.Name, what)
	}
	slices.SortStableFunc(out, func(a, b engine.Sighting) int { return a.At.Compare(b.At) })
	return out, nil
}

// sighting reads a line; nil, with the object's name, where it is about another object.
func sighting(text []byte, t *plan.Trigger) (*engine.Sighting, string, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	d.DisallowUnknownFields()
	var line pastLine
	if err := d.Decode(&line); err != nil {
		return nil, "", fmt.Errorf(`not an object {"at", "object", "record"}: %w`, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, "", fmt.Errorf("more than one object in the line")
	}
	if line.Object == "" {
		return nil, "", fmt.Errorf(`"object" is missing: of which object is the record, such as %q`, t.On.Object.Name)
	}
	if line.Object != t.On.Object.Name && line.Object != t.On.Connection+"."+t.On.Object.Name {
		return nil, strconv.Quote(line.Object), nil
	}
	at, err := time.Parse(time.RFC3339Nano, line.At)
	if err != nil {
		return nil, "", fmt.Errorf(`"at" is %q, which is no instant such as 2026-11-21T09:30:00Z`, line.At)
	}
	key := t.On.Object.KeyField()
	id, ok := line.Record[key.Name]
	if !ok || id == nil {
		return nil, "", fmt.Errorf("the record has no %s, by which records of %s are told apart", key.Name, t.On.Object.Name)
	}
	s := &engine.Sighting{At: at, ID: fmt.Sprint(id), Fields: map[string]value.Value{}, Deleted: line.Deleted}
	for name, v := range line.Record {
		f := t.On.Catalog.Path(t.On.Object, name)
		if f == nil || t.Source.Slot(name) < 0 {
			continue // what the rule does not read
		}
		x, err := fromJSON(v, f)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", name, err)
		}
		s.Fields[name] = x
	}
	return s, "", nil
}

// fromJSON gives a JSON value as a field holds it.
func fromJSON(v any, f *schema.Field) (value.Value, error) {
	wrong := fmt.Errorf("%v does not go into a field of type %s", v, f.Kind)
	switch v := v.(type) {
	case nil:
		return value.Null, nil
	case bool:
		if f.Kind == schema.Boolean || f.Kind == schema.Any {
			return value.Bool(v), nil
		}
	case json.Number:
		if f.Kind.IsNumber() || f.Kind == schema.Any {
			if x, err := numberOf(v.String(), f); err == nil {
				return x, nil
			}
		}
	case string:
		if x, err := textOf(v, f); err == nil {
			return x, nil
		}
	case []any:
		items := make([]value.Value, 0, len(v))
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return value.Null, wrong
			}
			items = append(items, value.Text(text))
		}
		if f.Kind == schema.MultiPicklist || f.Kind == schema.Any {
			return value.List(items), nil
		}
	}
	return value.Null, wrong
}

func numberOf(text string, f *schema.Field) (value.Value, error) {
	if f.Kind != schema.Number && !strings.ContainsAny(text, ".eE") {
		i, err := strconv.ParseInt(text, 10, 64)
		return value.Int(i), err
	}
	x, err := strconv.ParseFloat(text, 64)
	if err == nil && f.Kind == schema.Integer {
		err = fmt.Errorf("%s is no whole number", text)
	}
	return value.Float(x), err
}

// textOf reads a text by the field's kind: exports write numbers and dates as texts.
func textOf(text string, f *schema.Field) (value.Value, error) {
	switch {
	case text == "":
		return value.Null, nil
	case f.Kind.IsNumber():
		return numberOf(text, f)
	case f.Kind == schema.Boolean:
		b, err := strconv.ParseBool(text)
		return value.Bool(b), err
	case f.Kind == schema.Date:
		at, err := time.Parse(time.DateOnly, text)
		return value.Date(at.Year(), at.Month(), at.Day()), err
	case f.Kind == schema.DateTime:
		at, err := time.Parse(time.RFC3339Nano, text)
		return value.Time(at), err
	case f.Kind == schema.MultiPicklist:
		var items []value.Value
		for _, item := range strings.Split(text, ";") {
			items = append(items, value.Text(item))
		}
		return value.List(items), nil
	}
	return value.Text(text), nil
}
