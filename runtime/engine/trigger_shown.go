package engine

import (
	"encoding/json"
	"strings"

	"github.com/syncline/syncline/connectors"
)

// withRequest adds to a failure what was to be sent, where the system did not give its own form of it: a person who
// looks for it in the system has nothing else to go by.
func withRequest(e *connectors.Error, sent ...outgoing) *connectors.Error {
	if e.Request != "" {
		return e
	}
	shown := make([]string, len(sent))
	for i, o := range sent {
		shown[i] = showRequest(o)
	}
	out := *e
	out.Request = strings.Join(shown, "; ")
	return &out
}

// showRequest shows a request for people: send team {"channel":"#renewals","text":"…"} key 5f3a….
func showRequest(o outgoing) string {
	var b strings.Builder
	b.WriteString(o.a.Kind.String() + " " + o.a.Label + " {")
	for i, w := range o.q.Fields {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(w.Name) // a text
		b.Write(name)
		b.WriteByte(':')
		b.Write(showJSON(w.After.JSON()))
	}
	b.WriteByte('}')
	if o.q.Message != nil {
		b.WriteString(" key " + o.q.Message.Key)
	}
	return b.String()
}

// showJSON is a value as JSON in which < and & stay readable.
func showJSON(v any) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte(`"?"`)
	}
	return []byte(strings.TrimSpace(b.String()))
}
