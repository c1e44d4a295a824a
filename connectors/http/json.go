package http

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/value"
)

const (
	// mostResults and deepest bound what is kept of an answer.
	mostResults, deepest = 200, 6
	// longestReason is how much of an error's text is shown.
	longestReason = 300
)

// node is a member of a JSON object that is built from dotted names, in the order written.
type node struct {
	name     string
	value    value.Value
	children []*node // of an object
	object   bool
}

func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// encode makes a JSON object of fields whose dotted names nest.
func encode(fields []connectors.Field) ([]byte, error) {
	root := &node{object: true}
	for _, f := range fields {
		at := root
		parts := strings.Split(f.Name, ".")
		for i, part := range parts {
			if part == "" {
				return nil, fmt.Errorf("the name %q has an empty part", f.Name)
			}
			last := i == len(parts)-1
			next := at.child(part)
			switch {
			case next == nil:
				next = &node{name: part, object: !last, value: f.Value}
				at.children = append(at.children, next)
			case last || !next.object:
				return nil, fmt.Errorf("%q is given twice, or once as an object and once as a value", strings.Join(parts[:i+1], "."))
			}
			at = next
		}
	}
	var out bytes.Buffer
	if err := root.write(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (n *node) write(out *bytes.Buffer) error {
	if !n.object {
		return marshal(out, n.value.JSON())
	}
	out.WriteByte('{')
	for i, c := range n.children {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := marshal(out, c.name); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := c.write(out); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func marshal(out *bytes.Buffer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // the line's end
	return nil
}

// receipt reads the results of an answer: the members of its JSON object, by dotted names.
func receipt(a *httpx.Answer) connectors.Receipt {
	r := connectors.Receipt{Fields: map[string]value.Value{}}
	var body map[string]any
	d := json.NewDecoder(bytes.NewReader(a.Body))
	d.UseNumber()
	if d.Decode(&body) == nil {
		flatten(r.Fields, "", body, 0)
	}
	// A receipt or event id is what the other side's support asks for.
	for _, name := range []string{"id", "Id", "ID"} {
		if v, ok := r.Fields[name]; ok && v.Kind() != value.KindList {
			r.ID = v.String()
			break
		}
	}
	r.Fields["Status"] = value.Int(int64(a.Status))
	return r
}

func flatten(into map[string]value.Value, prefix string, object map[string]any, depth int) {
	for _, name := range slices.Sorted(maps.Keys(object)) { // in order, so that a cut is always the same
		x := object[name]
		full := prefix + name
		if nested, ok := x.(map[string]any); ok {
			if depth < deepest {
				flatten(into, full+".", nested, depth+1)
			}
			continue
		}
		if v, ok := fromJSON(x); ok && len(into) < mostResults {
			into[full] = v
		}
	}
}

func fromJSON(x any) (value.Value, bool) {
	switch x := x.(type) {
	case nil:
		return value.Null, true
	case bool:
		return value.Bool(x), true
	case string:
		return value.Text(x), true
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return value.Int(i), true
		}
		f, err := x.Float64()
		return value.Float(f), err == nil && !math.IsInf(f, 0)
	case []any:
		items := make([]value.Value, 0, len(x))
		for _, item := range x {
			v, ok := fromJSON(item)
			if !ok || v.Kind() == value.KindList {
				return value.Null, false
			}
			items = append(items, v)
		}
		return value.List(items), true
	}
	return value.Null, false
}

// reason is the text of an error's answer, of the members that such answers usually have.
func reason(body []byte) string {
	var o map[string]any
	if json.Unmarshal(body, &o) != nil {
		return ""
	}
	for _, name := range []string{"message", "error_description", "detail", "error", "title", "reason", "errors"} {
		x := o[name]
		if nested, ok := x.(map[string]any); ok {
			x = nested["message"]
		}
		if list, ok := x.([]any); ok && len(list) > 0 {
			x = list[0]
			if nested, ok := x.(map[string]any); ok {
				x = nested["message"]
			}
		}
		if text, ok := x.(string); ok && text != "" {
			if cut := []rune(text); len(cut) > longestReason {
				text = string(cut[:longestReason]) + "…"
			}
			return text
		}
	}
	return ""
}
