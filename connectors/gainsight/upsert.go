package gainsight

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// upsert looks the keys up and splits the records into those to be inserted and those to be updated: the API has
// no upsert. Of records that share a key the later ones change what the first one made.
func (c *conn) upsert(ctx context.Context, o *object, w connectors.Write, out *outcome) error {
	f := o.find(w.Key)
	if !isKey(f) {
		return permanent("use a text, number, email or id field", "%s.%s cannot be the key of an upsert", o.name, w.Key)
	}
	keys := make([]value.Value, len(w.Records))
	for i, rec := range w.Records {
		keys[i] = keyOf(rec, w.Key)
		if value.IsEmpty(keys[i]) {
			out.results[i].Err = reject("missing_key", w.Key, "", "the record has no value for its key %s", w.Key)
		}
	}
	found, err := c.findKeys(ctx, o, w.Key, keys)
	if err != nil {
		return err
	}
	pending := make([]int, 0, len(keys))
	for i := range keys {
		if out.results[i].Err == nil {
			pending = append(pending, i)
		}
	}
	for len(pending) > 0 {
		pending = c.upsertRound(ctx, o, w, keys, found, pending, out)
	}
	return nil
}

func keyOf(rec connectors.Record, key string) value.Value {
	for _, f := range rec.Fields {
		if f.Name == key {
			return f.Value
		}
	}
	return value.Null
}

// upsertRound writes one record of each key and gives back the others.
func (c *conn) upsertRound(ctx context.Context, o *object, w connectors.Write, keys []value.Value, found map[string][]string, pending []int, out *outcome) (later []int) {
	var inserts, updates []int
	taken := map[string]int{}
	for _, i := range pending {
		k := keys[i].String()
		ids := found[k]
		_, again := taken[k]
		switch {
		case again:
			later = append(later, i)
		case len(ids) > 1:
			out.results[i].Err = reject("ambiguous_key", w.Key, "make the key unique in Gainsight, or merge the records",
				"%d records of %s have the %s %q", len(ids), o.name, w.Key, k)
		case len(ids) == 1:
			taken[k] = i
			updates = append(updates, i)
		case strings.EqualFold(w.Key, o.key()):
			out.results[i].Err = &connectors.Error{Class: connectors.Gone, Code: codeNoMatch, Message: "no record of " + o.name + " has the Gsid " + k,
				Hint: "Gainsight makes the Gsid itself; upsert by a field of your own to create records"}
		default:
			taken[k] = i
			inserts = append(inserts, i)
		}
	}
	c.writeSome(ctx, o, connectors.Create, w, inserts, found, keys, out)
	c.writeSome(ctx, o, connectors.Update, w, updates, found, keys, out)
	return slices.DeleteFunc(later, func(i int) bool {
		// What became of the first is not known, so another insert could double it.
		e := out.results[taken[keys[i].String()]].Err
		if e == nil || e.Class == connectors.Reject {
			return false
		}
		out.results[i].Err = e
		return true
	})
}

// writeSome writes the records with these places in one way.
func (c *conn) writeSome(ctx context.Context, o *object, op connectors.Op, w connectors.Write, places []int, found map[string][]string, keys []value.Value, out *outcome) {
	if len(places) == 0 {
		return
	}
	part := connectors.Write{Object: w.Object, Op: op, Records: make([]connectors.Record, len(places))}
	for n, i := range places {
		rec := w.Records[i]
		if op == connectors.Update {
			rec.ID = found[keys[i].String()][0]
			// The key is what the record was found by; it is not written again.
			rec.Fields = slices.DeleteFunc(slices.Clone(rec.Fields), func(f connectors.Field) bool { return f.Name == w.Key })
		}
		part.Records[n] = rec
	}
	sub := &outcome{results: make([]connectors.Result, len(places))}
	items := c.items(o, part, sub)
	if op == connectors.Update {
		items = slices.DeleteFunc(items, func(it item) bool {
			sub.results[it.index].ID = it.id
			return len(it.body) == 1 // the id alone changes nothing
		})
	}
	c.sendAll(ctx, o, op, items, sub)
	for n, i := range places {
		r := sub.results[n]
		out.results[i] = r
		if r.Err == nil && r.ID != "" {
			found[keys[i].String()] = []string{r.ID}
		}
	}
}

// findKeys gives the ids of the records that have each key.
func (c *conn) findKeys(ctx context.Context, o *object, key string, keys []value.Value) (map[string][]string, error) {
	distinct := map[string]value.Value{}
	for _, k := range keys {
		if !value.IsEmpty(k) {
			distinct[k.String()] = k
		}
	}
	values := make([]value.Value, 0, len(distinct))
	for _, k := range distinct {
		values = append(values, k)
	}
	slices.SortFunc(values, value.Compare)
	found := map[string][]string{}
	layout := value.NewLayout(o.key(), key)
	if strings.EqualFold(key, o.key()) {
		layout = value.NewLayout(o.key())
	}
	batch := value.NewBatch(layout, maxKeys)
	for some := range slices.Chunk(values, maxKeys) {
		rows, err := c.Read(ctx, query.Read{Object: o.name, Layout: layout, Where: query.In{Field: key, Values: some}})
		if err != nil {
			return nil, err
		}
		if err := gatherKeys(ctx, rows, batch, distinct, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// gatherKeys reads ids by key. The system may have ignored case; here a key is what it is.
func gatherKeys(ctx context.Context, rows connectors.Rows, batch *value.Batch, wanted map[string]value.Value, found map[string][]string) error {
	defer rows.Close()
	for {
		err := rows.Next(ctx, batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range batch.Len() {
			rec := batch.Record(i)
			k := rec.At(batch.Layout.Len() - 1).String()
			if _, ok := wanted[k]; ok {
				found[strings.Clone(k)] = append(found[strings.Clone(k)], strings.Clone(rec.At(0).AsText()))
			}
		}
	}
}

// deleteEach deletes records one by one, as the API has it.
func (c *conn) deleteEach(ctx context.Context, o *object, records []connectors.Record, out *outcome) {
	for i, rec := range records {
		r := connectors.Result{ID: rec.ID}
		if rec.ID == "" {
			r.Err = reject("missing_id", o.key(), "", "a record to be deleted has no id")
			out.results[i] = r
			continue
		}
		_, _, err := c.call(ctx, httpx.Request{Method: http.MethodDelete, Path: "/v1/data/objects/" + url.PathEscape(o.name) + "/" + url.PathEscape(rec.ID)})
		if err != nil {
			r.Err = connectors.AsError(err)
			if r.Err.Code == "http_404" {
				r.Err.Class = connectors.Gone
			}
		}
		out.results[i] = r
		if r.Err != nil && (r.Err.Class == connectors.Auth || r.Err.Class == connectors.Limit || ctx.Err() != nil) {
			// The rest would meet the same.
			for j := i + 1; j < len(records); j++ {
				out.results[j] = connectors.Result{ID: records[j].ID, Err: r.Err}
			}
			return
		}
	}
}
