package gainsight

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// item is one record on its way: its place in the Write and what is sent.
type item struct {
	index int
	id    string
	body  map[string]any
}

// Write implements connectors.Writer.
func (c *conn) Write(ctx context.Context, w connectors.Write) ([]connectors.Result, error) {
	if len(w.Records) == 0 {
		return nil, nil
	}
	o, err := c.object(ctx, w.Object.Name)
	if err != nil {
		return nil, err
	}
	if err := writable(o, w.Op); err != nil {
		return nil, err
	}
	out := &outcome{results: make([]connectors.Result, len(w.Records))}
	switch w.Op {
	case connectors.Delete:
		c.deleteEach(ctx, o, w.Records, out)
	case connectors.Upsert:
		err = c.upsert(ctx, o, w, out)
	default:
		c.sendAll(ctx, o, w.Op, c.items(o, w, out), out)
	}
	if err != nil {
		return nil, err
	}
	if err := out.common(); err != nil {
		return nil, err
	}
	return out.results, nil
}

// writable tells whether an API takes the operation.
func writable(o *object, op connectors.Op) *connectors.Error {
	switch {
	case o.api == readOnly:
		return permanent("Gainsight has an API to write company, relationship, call_to_action, cs_task, cta_group and custom objects (…__gc)",
			"%s cannot be written through the API", o.name)
	case op == connectors.Delete && o.api != objectAPI:
		return permanent("close it instead: set its status", "%s cannot be deleted through the API", o.name)
	}
	return nil
}

// outcome gathers the results of a Write.
type outcome struct{ results []connectors.Result }

func (out *outcome) fail(items []item, e *connectors.Error) {
	for _, it := range items {
		out.results[it.index] = connectors.Result{ID: it.id, Err: e}
	}
}

// common is the error of the whole Write when one failure that is not about records met all of them.
func (out *outcome) common() error {
	first := out.results[0].Err
	if first == nil || first.Class == connectors.Reject || first.Class == connectors.Gone {
		return nil
	}
	for _, r := range out.results {
		if r.Err != first {
			return nil
		}
	}
	return first
}

// items encodes the records. One that cannot be sent gets its result here and is left out.
func (c *conn) items(o *object, w connectors.Write, out *outcome) []item {
	items := make([]item, 0, len(w.Records))
	for i, rec := range w.Records {
		it := item{index: i, id: rec.ID, body: make(map[string]any, len(rec.Fields)+2)}
		if e := encodeRecord(o, w.Op, rec, it.body); e != nil {
			out.results[i] = connectors.Result{ID: rec.ID, Err: e}
			continue
		}
		if w.Op == connectors.Update {
			if rec.ID == "" {
				out.results[i].Err = reject("missing_id", o.key(), "", "a record to be updated has no id")
				continue
			}
			it.body[o.key()] = strings.Clone(rec.ID)
		}
		items = append(items, it)
	}
	return items
}

// encodeRecord writes a record's fields in the form that the API takes.
func encodeRecord(o *object, op connectors.Op, rec connectors.Record, into map[string]any) *connectors.Error {
	for _, f := range rec.Fields {
		target := o.find(f.Name)
		if target == nil {
			return permanent("run `syncline schema pull` when the object has changed", "the object %s has no field %q", o.name, f.Name)
		}
		s := &target.schema
		if target.write == "" || op == connectors.Create && !s.Createable || op == connectors.Update && !s.Updateable || op == connectors.Upsert && !s.Createable && !s.Updateable {
			e := permanent("take it out of the mapping", "%s.%s cannot be written", o.name, s.Name)
			e.Fields = []string{s.Name}
			return e
		}
		v, e := encode(target, f.Value)
		if e != nil {
			return e
		}
		into[target.write] = v
	}
	return nil
}

// encode gives a value as the API takes it: picklists by label, datetimes in milliseconds, dates in ISO. It
// refuses what the API would refuse, which would fail a whole batch there.
func encode(f *field, v value.Value) (any, *connectors.Error) {
	s := &f.schema
	conformed, err := value.Conform(s, v)
	if err != nil {
		code, hint := "invalid_value", ""
		if f.picks != nil {
			code, hint = codePicklist, "the picklist's active values are "+quoted(f.picks.active)
		}
		return nil, reject(code, s.Name, hint, "%s", err.Error())
	}
	if value.IsEmpty(conformed) {
		if s.Required {
			return nil, reject("GSOBJ_1007", s.Name, verdicts["GSOBJ_1007"].hint, "%s may not be empty", s.Name)
		}
		return nil, nil
	}
	switch conformed.Kind() {
	case value.KindTime:
		return conformed.AsMicros() / 1000, nil
	case value.KindDate:
		return wireDay(conformed.AsDay()), nil
	case value.KindBool:
		return conformed.AsBool(), nil
	case value.KindInt, value.KindFloat:
		return wireNumber(conformed), nil
	case value.KindList:
		return joined(f.picks, conformed.AsList()), nil
	}
	return strings.Clone(conformed.String()), nil
}

// joined is a multi-picklist's value: labels joined by semicolons, or ids where a label holds one.
func joined(p *picklist, items []value.Value) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = item.String()
		if ids := p.ids[texts[i]]; strings.Contains(texts[i], ";") && len(ids) > 0 {
			texts[i] = ids[0]
		}
	}
	return strings.Join(texts, ";")
}

// quoted lists some values for a message.
func quoted(values []string) string {
	var b strings.Builder
	for i, v := range values {
		if i == 8 {
			fmt.Fprintf(&b, " and %d more", len(values)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", v)
	}
	return b.String()
}

// sendAll sends items by the object's API, fifty a call.
func (c *conn) sendAll(ctx context.Context, o *object, op connectors.Op, items []item, out *outcome) {
	for batch := range slices.Chunk(items, maxWrite) {
		if o.api == objectAPI {
			c.sendObjects(ctx, o, op, batch, out)
		} else {
			c.sendCockpit(ctx, o, op, batch, out)
		}
	}
}

// isKey tells whether upserts may go by the field.
func isKey(f *field) bool { return f != nil && (f.schema.Kind == schema.ID || canBeKey(f.schema.Kind)) }
