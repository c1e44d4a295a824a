package engine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// change is one write to be delivered, with all that has to be remembered once it is.
type change struct {
	Op      connectors.Op
	Source  string
	Version string
	Target  string // "" for a create
	Key     string // of an upsert
	Fields  []fieldWrite
	Want    []value.Value // nil for a departure
	Keys    []byte
	Hash    uint64
	Stored  []byte // source fields kept, for time-dependent rules
	Lookup  []byte // how to find the record that a create made
	Relink  string // the target that the link had before
	// Seen is the stamp of what is remembered of the record after it.
	Seen int64
	// Base is a fingerprint of what was remembered when the change was made.
	Base uint64
	// Departs: the record left the rule or was deleted. Unlink: nothing is sent, the link alone goes.
	Departs, Unlink bool
	// Forget: nothing is to be remembered of the record afterwards.
	Forget bool

	claim uint64 // hash of the key of a create, 0 for none
	seq   int64  // of its piece in the stage, 0 while it is in memory
	done  bool   // what became of it is known
	// unanswered: it was sent, and whether it was written is not known.
	unanswered bool
	place      int64 // state.Record.Place of what was remembered last
}

// byField is the index of a field that is not mapped but set so that a created record is found by it.
const byField = -1

// fieldWrite is one field of a change.
type fieldWrite struct {
	Name          string
	Index         int // of the mapping, or byField
	Before, After value.Value
	Text          string
	// What the expression read: Reads of a sync's, Inputs of a trigger's own.
	Reads  []input
	Inputs map[string]any
}

// input is a value that an expression read.
type input struct {
	name  string // such as source.Name
	value value.Value
}

// inputs are in the form of the ledger.
func (f *fieldWrite) inputs() map[string]any {
	if f.Inputs != nil || len(f.Reads) == 0 {
		return f.Inputs
	}
	out := make(map[string]any, len(f.Reads))
	for _, in := range f.Reads {
		out[in.name] = in.value.JSON()
	}
	return out
}

func (r *runner) newChange(it *item) *change {
	c := &change{Source: it.id, Version: it.version, Target: it.target, Want: it.want, Keys: it.keys, Hash: it.hash,
		Relink: it.relink, Seen: r.stamp, place: it.rec.Place}
	if r.keepsFields() && it.src != nil {
		c.Stored = r.fields(it.src)
	}
	return c
}

func (r *runner) fieldWrite(it *item, i int, m *plan.Mapping, before, after value.Value) fieldWrite {
	return fieldWrite{Name: m.Field.Name, Index: i, Before: before, After: after, Text: m.Text, Reads: r.inputs(it, m)}
}

// action is the change as people call it.
func (c *change) action() string {
	switch {
	case c.Unlink:
		return "unlink"
	case c.Op == connectors.Upsert:
		return "create"
	}
	return c.Op.String()
}

// request is the change as delivery takes it.
func (c *change) request() delivery.Change {
	out := delivery.Change{Op: c.Op, ID: c.Target, Key: c.Key, Order: c.Source}
	out.Fields = make([]connectors.Field, 0, len(c.Fields))
	for _, f := range c.Fields {
		out.Fields = append(out.Fields, connectors.Field{Name: f.Name, Value: f.After})
	}
	return out
}

// report is the change as `plan` shows it.
func (r *runner) report(c *change) Change {
	out := Change{Rule: r.p.ID(), Action: c.action(), Connection: r.p.To.Connection, Object: r.p.To.Object.Name, ID: c.Target,
		Source: Ref{r.p.From.Connection, r.p.From.Object.Name, c.Source}}
	for _, f := range c.Fields {
		out.Fields = append(out.Fields, FieldDiff{Name: f.Name, Before: f.Before.JSON(), After: f.After.JSON(), Expression: f.Text})
	}
	return out
}

// entry is a change of this run as the ledger keeps it.
func (r *runner) entry(c *change, target string, created bool) state.Entry {
	return r.origin().entry(c, target, created)
}

func (o origin) entry(c *change, target string, created bool) state.Entry {
	e := state.Entry{Run: o.Run, Rule: o.Rule, Revision: o.Revision, At: o.At, Action: c.action(),
		Connection: o.To.Connection, Object: o.To.Object, Target: target,
		Source: state.SourceRef{Connection: o.From.Connection, Object: o.From.Object, ID: c.Source, Version: c.Version}}
	if c.Op == connectors.Upsert && !created {
		e.Action, e.Blind = "update", true
	}
	e.Fields = make([]state.FieldChange, 0, len(c.Fields))
	for _, f := range c.Fields {
		e.Fields = append(e.Fields, state.FieldChange{Name: f.Name, Before: f.Before.JSON(), After: f.After.JSON(), Expression: f.Text, Inputs: f.inputs()})
	}
	return e
}

// linkEntry tells the ledger that a link moved.
func (r *runner) linkEntry(source, target, before string) state.Entry {
	return state.Entry{Run: r.run.ID, Rule: r.p.ID(), Revision: r.run.Revision, At: r.clock(), Action: "relink",
		Connection: r.p.To.Connection, Object: r.p.To.Object.Name, Target: target,
		Source: state.SourceRef{Connection: r.p.From.Connection, Object: r.p.From.Object.Name, ID: source},
		Fields: []state.FieldChange{{Name: "link", Before: before, After: target}}}
}

// wireField is a field of a change as triggers store it.
type wireField struct {
	Name   string
	Index  int
	Values []byte // before, after
	Text   string
	Inputs map[string]any
}

func toWire(fields []fieldWrite) []wireField {
	var out []wireField
	for _, f := range fields {
		out = append(out, wireField{f.Name, f.Index, value.EncodeRecord(value.Record{f.Before, f.After}), f.Text, f.inputs()})
	}
	return out
}

func fromWire(fields []wireField) ([]fieldWrite, error) {
	var out []fieldWrite
	for _, f := range fields {
		v, err := value.DecodeRecord(f.Values)
		if err != nil || len(v) != 2 {
			return nil, fmt.Errorf("a stored change cannot be read: %w", cmp.Or(err, value.ErrCorrupt))
		}
		out = append(out, fieldWrite{Name: f.Name, Index: f.Index, Before: v[0], After: v[1], Text: f.Text, Inputs: f.Inputs})
	}
	return out, nil
}

// unmarshalExact reads JSON with its numbers as they are written: an id of 19 digits is no float.
func unmarshalExact(b []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	return dec.Decode(into)
}
