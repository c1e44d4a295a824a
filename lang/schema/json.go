package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MarshalText writes the kind by its name.
func (k Kind) MarshalText() ([]byte, error) {
	if int(k) >= len(kindNames) {
		return nil, fmt.Errorf("kind %d has no name", k)
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText reads the name of a kind.
func (k *Kind) UnmarshalText(text []byte) error {
	kind, ok := ParseKind(string(text))
	if !ok {
		return fmt.Errorf("%q is no kind of field", text)
	}
	*k = kind
	return nil
}

// choice has the fields of Choice without its methods.
type choice Choice

// MarshalJSON writes a choice without a label of its own as a plain text: most have none, and there are many.
func (c Choice) MarshalJSON() ([]byte, error) {
	if c.Label == "" {
		return marshal(c.Value)
	}
	return marshal(choice(c))
}

// marshal is json.Marshal that leaves <, > and & readable.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// UnmarshalJSON reads both forms.
func (c *Choice) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*c = Choice{}
		return json.Unmarshal(data, &c.Value)
	}
	return json.Unmarshal(data, (*choice)(c))
}
