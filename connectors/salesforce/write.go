package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/value"
)

// writeMost is the most records of a collections call.
const writeMost = 200

// Write sends the records in calls of 200. A call succeeds record by record.
func (c *conn) Write(ctx context.Context, w connectors.Write) ([]connectors.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, &connectors.Error{Class: connectors.Retry, Message: "stopped: " + err.Error(), Err: err}
	}
	results := make([]connectors.Result, len(w.Records))
	ready := c.encode(w, results)
	for start := 0; start < len(ready); start += writeMost {
		part := ready[start:min(start+writeMost, len(ready))]
		err := c.send(ctx, w, part, results)
		if err == nil {
			continue
		}
		e := connectors.AsError(err)
		if len(part) == len(w.Records) {
			return nil, e
		}
		spread(part, results, e)
		if stops(e) {
			spread(ready[start+len(part):], results, unsent(e))
			break
		}
	}
	return results, nil
}

// encoded is a record ready to be sent.
type encoded struct {
	index int // in Write.Records
	json  []byte
}

// encode writes each record as JSON. One that cannot be written gets its error, and is not sent.
func (c *conn) encode(w connectors.Write, results []connectors.Result) []encoded {
	out := make([]encoded, 0, len(w.Records))
	for i, r := range w.Records {
		body, err := encodeRecord(w, r)
		if err != nil {
			results[i].ID, results[i].Err = r.ID, connectors.AsError(err)
			continue
		}
		out = append(out, encoded{i, body})
	}
	return out
}

func encodeRecord(w connectors.Write, r connectors.Record) ([]byte, error) {
	if (w.Op == connectors.Update || w.Op == connectors.Delete) && !isID(r.ID) {
		return nil, &connectors.Error{Class: connectors.Gone, Code: "MALFORMED_ID", Message: fmt.Sprintf("%q is not the id of a record", r.ID)}
	}
	if w.Op == connectors.Delete {
		return []byte(r.ID), nil
	}
	if w.Op == connectors.Upsert && emptyKey(w.Key, r.Fields) {
		return nil, &connectors.Error{Class: connectors.Reject, Code: "MISSING_ARGUMENT", Fields: []string{w.Key}, Message: "the key " + w.Key + " is empty"}
	}
	dst := append(make([]byte, 0, 256), `{"attributes":{"type":`...)
	dst = append(appendString(dst, w.Object.Name), '}')
	if w.Op == connectors.Update {
		dst = append(dst, `,"Id":`...)
		dst = appendString(dst, r.ID)
	}
	except := ""
	if w.Op == connectors.Update {
		except = idField
	}
	dst, err := appendFields(dst, w.Object, r.Fields, except)
	return append(dst, '}'), err
}

func emptyKey(key string, fields []connectors.Field) bool {
	for _, f := range fields {
		if f.Name == key {
			return value.IsEmpty(f.Value)
		}
	}
	return true
}

// spread gives all records of a call its error.
func spread(part []encoded, results []connectors.Result, e *connectors.Error) {
	for _, r := range part {
		results[r.index].Err = e
	}
}

// stops tells whether a failure makes further calls pointless.
func stops(e *connectors.Error) bool {
	return e.Class == connectors.Auth || e.Class == connectors.Limit || e.Class == connectors.Permanent || e.Err != nil
}

// unsent is the error of records that were not sent because of an earlier failure.
func unsent(e *connectors.Error) *connectors.Error {
	out := *e
	if out.Class == connectors.InDoubt {
		out.Class = connectors.Retry
	}
	return &out
}

// send makes one collections call and puts down its results. A call that is refused because of what is in one of its
// records is split until that record is alone.
func (c *conn) send(ctx context.Context, w connectors.Write, part []encoded, results []connectors.Result) error {
	request := c.collection(w, part)
	var answers []saveResult
	a, err := c.http.JSON(ctx, request, &answers)
	if err != nil {
		e := connectors.AsError(err)
		if e.Class == connectors.Reject && len(part) > 1 {
			half := len(part) / 2
			for _, p := range [][]encoded{part[:half], part[half:]} {
				if err := c.send(ctx, w, p, results); err != nil {
					spread(p, results, connectors.AsError(err)) // the other half may have been written
				}
			}
			return nil
		}
		if e.Class == connectors.Reject {
			results[part[0].index].Err = e
			return nil
		}
		return e
	}
	if len(answers) != len(part) {
		return c.http.Unreadable(a, false, fmt.Errorf("%d results of %d records", len(answers), len(part)))
	}
	for i, r := range part {
		results[r.index] = c.result(w, r, answers[i])
	}
	return nil
}

// collection is the request of one call.
func (c *conn) collection(w connectors.Write, part []encoded) httpx.Request {
	r := httpx.Request{Path: c.path("/composite/sobjects"), Header: c.write, Method: http.MethodPatch}
	switch w.Op {
	case connectors.Delete:
		ids := make([]string, len(part))
		for i, p := range part {
			ids[i] = string(p.json)
		}
		r.Method = http.MethodDelete
		r.Query = url.Values{"ids": {strings.Join(ids, ",")}, "allOrNone": {"false"}}
		return r
	case connectors.Create:
		r.Method = http.MethodPost
	case connectors.Upsert:
		r.Path += "/" + w.Object.Name + "/" + w.Key
	}
	size := 64
	for _, p := range part {
		size += len(p.json) + 1
	}
	body := append(make([]byte, 0, size), `{"allOrNone":false,"records":[`...)
	for i, p := range part {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, p.json...)
	}
	r.Body = append(body, "]}"...)
	return r
}

// saveResult is the outcome of one record of a collections call.
type saveResult struct {
	ID      string          `json:"id"`
	Success bool            `json:"success"`
	Created bool            `json:"created"`
	Errors  json.RawMessage `json:"errors"`
}

func (c *conn) result(w connectors.Write, r encoded, s saveResult) connectors.Result {
	out := connectors.Result{ID: s.ID, Created: s.Success && (s.Created || w.Op == connectors.Create)}
	if out.ID == "" {
		out.ID = w.Records[r.index].ID
	}
	if s.Success {
		return out
	}
	var list []apiError
	if json.Unmarshal(s.Errors, &list) != nil || len(list) == 0 {
		list = []apiError{{Message: "Salesforce refused the record and gave no reason"}}
	}
	out.Err = worst(list, w.Op)
	out.Err.Message = c.http.Redact(out.Err.Message)
	out.Err.Request, out.Err.Answer = c.http.Shorten(r.json), c.http.Shorten(s.Errors)
	return out
}

// worst is the error of a record that has several: one that will not go away counts more than one that may.
func worst(list []apiError, op connectors.Op) *connectors.Error {
	var out *connectors.Error
	for _, a := range list {
		e := toError(a)
		if op == connectors.Create && e.Class == connectors.Gone {
			e.Class = connectors.Reject // there is no record yet that could be gone: what it refers to is
		}
		if out == nil || out.Class == connectors.Retry && e.Class != connectors.Retry {
			out = e
		}
	}
	for _, a := range list {
		if text := strings.TrimSpace(a.Message); len(list) > 1 && !strings.Contains(out.Message, text) {
			out.Message += "; " + text
		}
	}
	return out
}
