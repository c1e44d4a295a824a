package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// seen is what a firing keeps of the moment of firing. It is stored before the first send and does not change after it, so
// that every retry sees the same.
type seen struct {
	// Now is what now() and today() are, in all of the firing's expressions.
	Now     time.Time `json:"now"`
	New     kept      `json:"new"`
	Old     kept      `json:"old"`
	History kept      `json:"history"`
	Version string    `json:"version,omitempty"`
}

// kept is a record with the names of its fields, so that it outlives an edit of the rule.
type kept struct {
	Names  []string `json:"names,omitempty"`
	Values []byte   `json:"values,omitempty"`
	There  bool     `json:"there"`
}

func keep(layout *value.Layout, r value.Record) kept {
	if r == nil || layout == nil {
		return kept{}
	}
	return kept{Names: layout.Names, Values: value.EncodeRecord(r), There: true}
}

// record gives the kept record in a layout, and the names of the layout that were not kept.
func (k kept) record(layout *value.Layout) (value.Record, []string, error) {
	if !k.There {
		return nil, nil, nil
	}
	values, err := value.DecodeRecord(k.Values)
	if err != nil || len(values) != len(k.Names) {
		return nil, nil, fmt.Errorf("a stored record cannot be read: %w", value.ErrCorrupt)
	}
	out := make(value.Record, layout.Len())
	have := make(map[string]bool, len(k.Names))
	for i, name := range k.Names {
		have[name] = true
		if slot := layout.Slot(name); slot >= 0 {
			out[slot] = values[i]
		}
	}
	var lacks []string
	for _, name := range layout.Names {
		if !have[name] {
			lacks = append(lacks, name)
		}
	}
	return out, lacks, nil
}

// progress is how far a firing's actions are.
type progress struct {
	// Ready: the finds were looked up; Finds is what they gave. A find's record never changes: it is as found.
	Ready bool              `json:"ready,omitempty"`
	Finds map[string][]kept `json:"finds,omitempty"`
	// Actions are what became of actions, by their IDs.
	Actions map[string]*done `json:"actions,omitempty"`
}

// done is what became of one action.
type done struct {
	State actionState `json:"state"`
	// Tried is when it was first sent.
	Tried time.Time `json:"tried,omitzero"`
	// Requests are what is sent, stored before it is, so that a repetition is the same.
	Requests []*request `json:"requests,omitempty"`
	// Result is what later actions see of it.
	Result kept `json:"result"`
}

type actionState string

const (
	actionSent    actionState = "sent" // about to be sent, or sent and not answered
	actionDone    actionState = "done"
	actionSkipped actionState = "skipped"
)

// request is one write or message of an action.
type request struct {
	Ref        string            `json:"ref,omitempty"`
	Connection string            `json:"connection"`
	Object     string            `json:"object,omitempty"`
	Op         connectors.Op     `json:"op"`
	Key        string            `json:"key,omitempty"`
	ID         string            `json:"id,omitempty"`
	IDOf       string            `json:"id_of,omitempty"`
	IDs        map[string]string `json:"ids,omitempty"`
	Fields     []fieldWrite      `json:"-"`
	Wire       []wireField       `json:"fields,omitempty"`
	// Lookup finds the record that it makes; Proof: no other record can be found by it, for the key is its own, or nothing
	// had it before the first send.
	Lookup []byte `json:"lookup,omitempty"`
	Proof  bool   `json:"proof,omitempty"`
	// Blind: what some of its fields held before was not read.
	Blind bool `json:"blind,omitempty"`
	// Message is what a send or call sends.
	Message *wireMessage `json:"message,omitempty"`
	// Done: it is known to be written.
	Done bool `json:"done,omitempty"`
}

// wireMessage is a message as it is stored.
type wireMessage struct {
	Verb      string            `json:"verb"`
	Key       string            `json:"key"`
	Arguments map[string][]byte `json:"arguments,omitempty"`
	Named     map[string][]byte `json:"named,omitempty"` // names and values by turns
}

func toWireMessage(verb string, m connectors.Message) *wireMessage {
	w := &wireMessage{Verb: verb, Key: m.Key, Arguments: map[string][]byte{}, Named: map[string][]byte{}}
	for name, v := range m.Arguments {
		w.Arguments[name] = v.AppendBinary(nil)
	}
	for name, fields := range m.Named {
		var b []byte
		for _, f := range fields {
			b = f.Value.AppendBinary(value.Text(f.Name).AppendBinary(b))
		}
		w.Named[name] = b
	}
	return w
}

func (w *wireMessage) message() (connectors.Message, error) {
	m := connectors.Message{Key: w.Key, Arguments: map[string]value.Value{}, Named: map[string][]connectors.Field{}}
	for name, b := range w.Arguments {
		v, _, err := value.DecodeBinary(b)
		if err != nil {
			return m, err
		}
		m.Arguments[name] = v
	}
	for name, b := range w.Named {
		pairs, err := value.DecodeRecord(b)
		if err != nil || len(pairs)%2 != 0 {
			return m, value.ErrCorrupt
		}
		fields := []connectors.Field{}
		for i := 0; i < len(pairs); i += 2 {
			fields = append(fields, connectors.Field{Name: pairs[i].AsText(), Value: pairs[i+1]})
		}
		m.Named[name] = fields
	}
	return m, nil
}

func (p *progress) encode() ([]byte, error) {
	for _, d := range p.Actions {
		for _, q := range d.Requests {
			q.Wire = toWire(q.Fields)
		}
	}
	return json.Marshal(p)
}

func decodeProgress(b []byte) (progress, error) {
	p := progress{}
	if len(b) > 0 {
		if err := unmarshalExact(b, &p); err != nil {
			return p, fmt.Errorf("the progress of a firing cannot be read: %w", err)
		}
	}
	if p.Actions == nil {
		p.Actions = map[string]*done{}
	}
	for _, d := range p.Actions {
		for _, q := range d.Requests {
			var err error
			if q.Fields, err = fromWire(q.Wire); err != nil {
				return p, err
			}
			q.Wire = nil
		}
	}
	return p, nil
}

func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("a firing cannot be stored: %w", err)
	}
	return b, nil
}

// firingID is made of rule, record and instant, and not of a count: after a lost state a count would begin anew.
func firingID(rule, source string, kind state.FiringKind, at time.Time) string {
	return digest(rule, string(kind), source, strconv.FormatInt(at.UnixMicro(), 10))
}

// actionKey is the generated key of an action of a firing.
func actionKey(rule, label, source string, at time.Time) string {
	return digest(rule, label, source, strconv.FormatInt(at.UnixMicro(), 10))
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
