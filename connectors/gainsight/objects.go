package gainsight

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

// written is the data of an answer to an insert or update.
type written struct {
	Count   *int                         `json:"count"`
	Errors  json.RawMessage              `json:"errors"`
	Records []map[string]json.RawMessage `json:"records"`
}

// sendObjects inserts or updates records in one call. The call is all or nothing: when it is refused, the records that are
// to blame are taken out, or the batch is halved until they are found, so that each record gets its own result.
func (c *conn) sendObjects(ctx context.Context, o *object, op connectors.Op, items []item, out *outcome) {
	if len(items) == 0 {
		return
	}
	if err := ctx.Err(); err != nil {
		out.fail(items, &connectors.Error{Class: connectors.Retry, Message: "stopped: " + err.Error(), Err: err})
		return
	}
	w, e := c.sendOnce(ctx, o, op, items)
	if e == nil {
		c.assign(ctx, o, op, items, w, out)
		return
	}
	if e.Class != connectors.Reject && e.Class != connectors.Gone {
		out.fail(items, e)
		return
	}
	faults := readFaults(w)
	if len(items) == 1 {
		out.fail(items, withFaults(e, faults))
		return
	}
	rest := blame(items, faults, e, out)
	if len(rest) < len(items) {
		c.sendObjects(ctx, o, op, rest, out)
		return
	}
	half := len(items) / 2
	c.sendObjects(ctx, o, op, items[:half], out)
	c.sendObjects(ctx, o, op, items[half:], out)
}

// withFaults adds the fields that an answer blames.
func withFaults(e *connectors.Error, faults [][]fault) *connectors.Error {
	for _, list := range faults {
		for _, f := range list {
			if f.Field != "" && !slices.Contains(e.Fields, f.Field) {
				e.Fields = append(e.Fields, f.Field)
			}
		}
	}
	return e
}

// sendOnce makes one call. A refusal comes with the data of its answer.
func (c *conn) sendOnce(ctx context.Context, o *object, op connectors.Op, items []item) (*written, *connectors.Error) {
	records := make([]map[string]any, len(items))
	for i, it := range items {
		records[i] = it.body
	}
	req := httpx.Request{Method: http.MethodPost, Path: "/v1/data/objects/" + url.PathEscape(o.name), Body: map[string]any{"records": records},
		Accept: []int{http.StatusBadRequest, http.StatusUnprocessableEntity}}
	if op == connectors.Update {
		req.Method, req.Query = http.MethodPut, url.Values{"keys": {o.key()}}
	}
	a, err := c.client.Do(ctx, req)
	if err != nil {
		return nil, connectors.AsError(err)
	}
	env, err := readEnvelope(a.Body)
	switch {
	case err != nil && a.Status >= 400:
		e := permanent("see that the address is that of the API", "Gainsight answered %d and no reason", a.Status)
		e.Request, e.Answer = a.Sent(), c.client.Shorten(a.Body)
		return nil, e
	case err != nil:
		return nil, c.client.Unreadable(a, false, err)
	}
	w := &written{}
	// Data of another shape tells nothing; what is known then is only the result.
	_ = json.Unmarshal(env.Data, w)
	if env.failed() || a.Status >= 400 {
		return w, c.refused(env, a)
	}
	return w, nil
}

// assign gives the records of a successful call their results.
func (c *conn) assign(ctx context.Context, o *object, op connectors.Op, items []item, w *written, out *outcome) {
	if failed := assignFaults(items, readFaults(w), out); len(failed) > 0 {
		items = without(items, failed)
	}
	if op == connectors.Create {
		for i, it := range items {
			r := connectors.Result{Created: true}
			if len(w.Records) == len(items) {
				r.ID = gsid(w.Records[i])
			}
			out.results[it.index] = r
		}
		return
	}
	c.assignUpdates(ctx, o, items, w, out)
}

// assignUpdates: an update of a record that is gone may simply be missing from the answer.
func (c *conn) assignUpdates(ctx context.Context, o *object, items []item, w *written, out *outcome) {
	ids := map[string]bool{}
	for _, r := range w.Records {
		if id := gsid(r); id != "" {
			ids[id] = true
		}
	}
	short := w.Count != nil && *w.Count < len(items)
	switch {
	case !short:
		for _, it := range items {
			out.results[it.index] = connectors.Result{ID: it.id}
		}
	case len(ids) > 0 || len(items) == 1:
		for _, it := range items {
			r := connectors.Result{ID: it.id}
			if !ids[it.id] {
				r.Err = &connectors.Error{Class: connectors.Gone, Code: codeNoMatch, Message: "no record of " + o.name + " has this Gsid", Hint: verdicts[codeNoMatch].hint}
			}
			out.results[it.index] = r
		}
	default:
		// Fewer were written than sent and it does not say which: an update can be sent again.
		half := len(items) / 2
		c.sendObjects(ctx, o, connectors.Update, items[:half], out)
		c.sendObjects(ctx, o, connectors.Update, items[half:], out)
	}
}

func gsid(record map[string]json.RawMessage) string {
	for _, name := range []string{"Gsid", "gsid", "GSID", "id"} {
		if id := text(record[name]); id != "" {
			return id
		}
	}
	return ""
}

// fault is one field of one record that an answer complains of.
type fault struct {
	Message string          `json:"errorMessage"`
	Code    string          `json:"errorCode"`
	Field   string          `json:"fieldName"`
	Invalid json.RawMessage `json:"invalidValue"`
}

func (f *fault) failure(base *connectors.Error) *connectors.Error {
	e := *base
	if f.Code != "" {
		e.Code = f.Code
		if v, ok := verdicts[f.Code]; ok {
			e.Class, e.Hint = v.class, v.hint
		}
	}
	if f.Message != "" {
		e.Message = f.Message
	}
	if f.Field != "" {
		e.Fields = []string{f.Field}
		e.Message += " (" + f.Field
		if len(f.Invalid) > 0 && string(f.Invalid) != "null" {
			e.Message += " = " + string(f.Invalid[:min(len(f.Invalid), 80)])
		}
		e.Message += ")"
	}
	return &e
}

// readFaults reads the errors of an answer, a list for each record. Fields that are in order may be in it too.
func readFaults(w *written) [][]fault {
	if w == nil || len(w.Errors) == 0 || string(w.Errors) == "null" {
		return nil
	}
	type entry struct {
		Success *flag   `json:"success"`
		Errors  []fault `json:"errors"`
		fault
	}
	gather := func(entries []entry) (out []fault) {
		for _, e := range entries {
			if e.Success.or(false) {
				continue
			}
			if out = append(out, e.Errors...); len(e.Errors) == 0 && (e.fault.Code != "" || e.Message != "") {
				out = append(out, e.fault)
			}
		}
		return out
	}
	var nested [][]entry
	if json.Unmarshal(w.Errors, &nested) == nil {
		out := make([][]fault, len(nested))
		for i, entries := range nested {
			out[i] = gather(entries)
		}
		return out
	}
	var flat []entry
	if json.Unmarshal(w.Errors, &flat) != nil {
		return nil
	}
	// One list without its records: not by position, but the values may tell.
	return [][]fault{gather(flat)}
}

// blame gives the records that an answer surely complains of their errors, and gives back the others.
func blame(items []item, faults [][]fault, base *connectors.Error, out *outcome) []item {
	blamed := map[int]*fault{}
	if len(faults) == len(items) {
		for i, list := range faults {
			if len(list) > 0 {
				blamed[i] = &list[0]
			}
		}
	} else {
		for _, list := range faults {
			for k := range list {
				for i, it := range items {
					if blamed[i] == nil && holds(it.body, &list[k]) {
						blamed[i] = &list[k]
					}
				}
			}
		}
	}
	rest := items[:0:0]
	for i, it := range items {
		if f := blamed[i]; f != nil {
			out.results[it.index] = connectors.Result{ID: it.id, Err: f.failure(base)}
		} else {
			rest = append(rest, it)
		}
	}
	return rest
}

// assignFaults is for answers that succeeded in part: the places of the items that failed.
func assignFaults(items []item, faults [][]fault, out *outcome) map[int]bool {
	if len(faults) != len(items) {
		return nil
	}
	failed := map[int]bool{}
	for i, list := range faults {
		if len(list) > 0 {
			failed[i] = true
			out.results[items[i].index] = connectors.Result{ID: items[i].id,
				Err: list[0].failure(&connectors.Error{Class: connectors.Reject, Message: "the record was refused"})}
		}
	}
	return failed
}

func without(items []item, places map[int]bool) []item {
	out := items[:0:0]
	for i, it := range items {
		if !places[i] {
			out = append(out, it)
		}
	}
	return out
}

// holds tells whether a record was sent with the very value that a fault complains of.
func holds(body map[string]any, f *fault) bool {
	if f.Field == "" || len(f.Invalid) == 0 {
		return false
	}
	for name, v := range body {
		if !strings.EqualFold(name, f.Field) {
			continue
		}
		sent, err := json.Marshal(v)
		if err != nil {
			return false
		}
		return sameJSON(sent, f.Invalid)
	}
	return false
}

// sameJSON compares values; a list with one item is that item.
func sameJSON(a, b json.RawMessage) bool {
	var list []json.RawMessage
	if json.Unmarshal(b, &list) == nil && len(list) == 1 {
		b = list[0]
	}
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil || y == nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return bytes.Equal(p, q)
}
