package file

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// member is a key of a JSON object and its value as it stands.
type member struct {
	key string
	raw json.RawMessage
}

// members splits an object, its keys in order.
func members(raw []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var out []member
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{}
		m.key, _ = key.(string)
		if err := d.Decode(&m.raw); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// editJSON sets fields of a line; nil is a new line. Keys keep their order and their values, but for those that are set.
func (sh *shape) editJSON(line []byte, fields []connectors.Field) ([]byte, error) {
	var object []member
	if line != nil {
		var err error
		if object, err = members(line); err != nil {
			return nil, err
		}
	}
	for _, f := range fields {
		in := sh.from[f.Name]
		if in == "" {
			in = f.Name
		}
		var err error
		if object, err = setMember(object, in, f.Value); err != nil {
			return nil, err
		}
	}
	return append(appendMembers(nil, object), '\n'), nil
}

// setMember sets the value at a name, which may be a dotted path into nested objects.
func setMember(object []member, name string, v value.Value) ([]member, error) {
	for i := range object {
		if object[i].key == name {
			object[i].raw = appendJSONValue(nil, v)
			return object, nil
		}
	}
	head, rest, dotted := strings.Cut(name, ".")
	if !dotted || head == "" || rest == "" {
		return append(object, member{name, appendJSONValue(nil, v)}), nil
	}
	for i := range object {
		if object[i].key != head {
			continue
		}
		var inner []member
		if raw := bytes.TrimSpace(object[i].raw); len(raw) > 0 && raw[0] == '{' {
			var err error
			if inner, err = members(raw); err != nil {
				return nil, err
			}
		}
		inner, err := setMember(inner, rest, v)
		object[i].raw = appendMembers(nil, inner)
		return object, err
	}
	inner, err := setMember(nil, rest, v)
	return append(object, member{head, appendMembers(nil, inner)}), err
}

func appendMembers(dst []byte, object []member) []byte {
	dst = append(dst, '{')
	for i, m := range object {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendJSONText(dst, m.key), ':')
		dst = append(dst, m.raw...)
	}
	return append(dst, '}')
}
