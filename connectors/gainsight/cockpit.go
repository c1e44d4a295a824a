package gainsight

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

// sendCockpit creates or changes calls to action, tasks or success plans in one call. Each request of it carries a referenceId by
// which the answer tells of it; when the call is refused whole, it is halved until the cause is found.
func (c *conn) sendCockpit(ctx context.Context, o *object, op connectors.Op, items []item, out *outcome) {
	if len(items) == 0 {
		return
	}
	if err := ctx.Err(); err != nil {
		out.fail(items, &connectors.Error{Class: connectors.Retry, Message: "stopped: " + err.Error(), Err: err})
		return
	}
	req := cockpitRequest(o, op, items)
	a, err := c.client.Do(ctx, req)
	if err != nil {
		out.fail(items, connectors.AsError(err))
		return
	}
	env, err := readEnvelope(a.Body)
	if err != nil {
		e := c.client.Unreadable(a, false, err)
		if a.Status >= 400 {
			e.Class = connectors.Permanent
		}
		out.fail(items, e)
		return
	}
	told := readCockpit(env.Data, len(items))
	if env.failed() || a.Status >= 400 {
		c.refusedCockpit(ctx, o, op, items, told, c.refused(env, a), out)
		return
	}
	for i, it := range items {
		out.results[it.index] = told[i].result(op, it, a.Sent)
	}
}

func cockpitRequest(o *object, op connectors.Op, items []item) httpx.Request {
	type request struct {
		Record map[string]any `json:"record"`
	}
	requests := make([]request, len(items))
	for i, it := range items {
		record := make(map[string]any, len(it.body)+1)
		for k, v := range it.body {
			record[k] = v
		}
		record["referenceId"] = strconv.Itoa(i + 1)
		requests[i].Record = record
	}
	req := httpx.Request{Method: http.MethodPost, Path: "/v2/cockpit/cta/", Body: map[string]any{"requests": requests},
		Accept: []int{http.StatusBadRequest, http.StatusUnprocessableEntity}}
	switch o.api {
	case cockpitTask:
		req.Path = "/v2/cockpit/task/"
	case successPlan:
		req.Path = "/v2/successPlan/"
	}
	if op == connectors.Update {
		req.Method = http.MethodPut
	}
	return req
}

// refusedCockpit sorts out a call that was refused: what the answer names, and the others once more.
func (c *conn) refusedCockpit(ctx context.Context, o *object, op connectors.Op, items []item, told []report, e *connectors.Error, out *outcome) {
	if e.Class != connectors.Reject && e.Class != connectors.Gone || len(items) == 1 {
		if told[0].message != "" && len(items) == 1 {
			e.Message = told[0].message
		}
		out.fail(items, e)
		return
	}
	var rest []item
	for i, it := range items {
		if told[i].message == "" && told[i].id == "" {
			rest = append(rest, it)
			continue
		}
		out.results[it.index] = told[i].result(op, it, func() string { return e.Request })
	}
	if len(rest) < len(items) {
		c.sendCockpit(ctx, o, op, rest, out)
		return
	}
	half := len(items) / 2
	c.sendCockpit(ctx, o, op, items[:half], out)
	c.sendCockpit(ctx, o, op, items[half:], out)
}

// report is what an answer tells of one request.
type report struct {
	id, code, message string
}

func (r *report) result(op connectors.Op, it item, sent func() string) connectors.Result {
	switch {
	case r.message != "" || r.code != "":
		e := &connectors.Error{Class: connectors.Reject, Code: r.code, Message: r.message, Request: sent()}
		if v, ok := verdicts[r.code]; ok {
			e.Class, e.Hint = v.class, v.hint
		}
		return connectors.Result{ID: it.id, Err: e}
	case op == connectors.Update:
		return connectors.Result{ID: it.id}
	case r.id == "":
		return connectors.Result{Err: &connectors.Error{Class: connectors.InDoubt, Code: "no_id", Request: sent(),
			Message: "the Cockpit API accepted the call and did not say which record it made"}}
	}
	return connectors.Result{ID: r.id, Created: true}
}

// readCockpit reads what an answer tells of n requests. Its shape is not documented, so what is looked for is a
// reference (1 to n) next to an id or a message, wherever it stands.
func readCockpit(data json.RawMessage, n int) []report {
	told := make([]report, n)
	var v any
	if json.Unmarshal(data, &v) != nil {
		return told
	}
	w := walker{told: told}
	w.walk(v, false, 0)
	if n == 1 && told[0] == (report{}) {
		w.single(v)
	}
	return told
}

type walker struct{ told []report }

// at gives the report that a reference stands for.
func (w *walker) at(ref any) *report {
	var i int
	switch ref := ref.(type) {
	case string:
		i, _ = strconv.Atoi(ref)
	case float64:
		i = int(ref)
	}
	if i < 1 || i > len(w.told) {
		return nil
	}
	return &w.told[i-1]
}

// walk looks at a value; failing: it stands under a name that speaks of failures.
func (w *walker) walk(v any, failing bool, depth int) {
	if depth > 8 {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			w.walk(x, failing, depth+1)
		}
	case map[string]any:
		if r := w.at(first(v, "referenceId", "ReferenceId", "referenceid")); r != nil {
			r.fill(v, failing)
			return
		}
		for name, x := range v {
			if r := w.at(name); r != nil {
				r.fill(x, failing)
				continue
			}
			w.walk(x, failing || speaksOfFailure(name), depth+1)
		}
	}
}

// single reads an answer to one request that names no reference.
func (w *walker) single(v any) {
	switch v := v.(type) {
	case map[string]any:
		if id := idIn(v); id != "" {
			w.told[0].id = id
			return
		}
		for _, name := range []string{"record", "records", "success", "data"} {
			if x, ok := v[name]; ok {
				w.single(x)
			}
		}
	case []any:
		if len(v) == 1 {
			w.single(v[0])
		}
	}
}

func speaksOfFailure(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "fail") || strings.HasPrefix(name, "error")
}

// fill takes an id or a message from what stands by a reference.
func (r *report) fill(v any, failing bool) {
	switch v := v.(type) {
	case string:
		if failing {
			r.message = v
		} else {
			r.id = v
		}
	case []any:
		for _, x := range v {
			r.fill(x, failing)
		}
	case map[string]any:
		if nested := first(v, "error", "errors", "failure"); nested != nil {
			r.fill(nested, true)
		}
		if m, _ := first(v, "errorDesc", "errorMessage", "message", "desc").(string); m != "" && (failing || idIn(v) == "") {
			r.message = m
			r.code, _ = first(v, "errorCode", "code").(string)
			return
		}
		if nested, ok := v["record"].(map[string]any); ok && !failing {
			r.fill(nested, false)
		}
		if id := idIn(v); id != "" && !failing && r.message == "" {
			r.id = id
		}
	}
	if failing && r.message == "" {
		r.message = "the Cockpit API refused the record"
	}
}

func idIn(v map[string]any) string {
	id, _ := first(v, "Gsid", "gsid", "GSID", "ctaId", "taskId", "id").(string)
	return id
}

func first(v map[string]any, names ...string) any {
	for _, name := range names {
		if x, ok := v[name]; ok && x != nil {
			return x
		}
	}
	return nil
}
