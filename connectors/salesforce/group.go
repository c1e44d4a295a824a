package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/value"
)

const (
	// groupMost is the most actions of a composite request.
	groupMost = 25
	// rolledBack is the code of actions that were undone because of another.
	rolledBack = "rolled_back"
	// reference begins what a composite request replaces by a result of its own. There is no way to escape it.
	reference = "@{"
)

// Group sends all actions in one composite request, all or none, in their order.
func (c *conn) Group(ctx context.Context, actions []connectors.Action) ([]connectors.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, &connectors.Error{Class: connectors.Retry, Message: "stopped: " + err.Error(), Err: err}
	}
	if len(actions) == 0 {
		return nil, nil
	}
	if len(actions) > groupMost {
		return nil, &connectors.Error{Class: connectors.Permanent, Code: "too_many_actions",
			Message: fmt.Sprintf("a group has %d actions; Salesforce writes %d at most as one", len(actions), groupMost), Hint: "move some into then"}
	}
	g := group{conn: c, known: map[string]string{}, body: []byte(`{"allOrNone":true,"collateSubrequests":false,"compositeRequest":[`)}
	for i, a := range actions {
		if err := g.add(i, a); err != nil {
			return failed(actions, i, connectors.AsError(err)), nil
		}
	}
	var answer struct {
		CompositeResponse []subResponse `json:"compositeResponse"`
	}
	request := httpx.Request{Method: http.MethodPost, Path: c.path("/composite"), Header: c.write, Body: append(g.body, "]}"...)}
	a, err := c.http.JSON(ctx, request, &answer)
	if err != nil {
		return nil, err
	}
	if len(answer.CompositeResponse) != len(actions) {
		return nil, c.http.Unreadable(a, false, fmt.Errorf("%d results of %d actions", len(answer.CompositeResponse), len(actions)))
	}
	return c.groupResults(a, actions, answer.CompositeResponse), nil
}

// group is a composite request that is being written.
type group struct {
	conn *conn
	body []byte
	// known is what to write for the id of each action so far: the id itself, or a reference to the result.
	known map[string]string
}

// add writes one action as a subrequest.
func (g *group) add(i int, a connectors.Action) error {
	id := a.ID
	if a.IDOf != "" {
		var ok bool
		if id, ok = g.known[a.IDOf]; !ok {
			return wrongAction("it refers to %q, which is no earlier action of the group", a.IDOf)
		}
	}
	method, path, except, err := g.target(a, id)
	if err != nil {
		return err
	}
	if a.Op == connectors.Create || a.Op == connectors.Upsert {
		id = reference + a.Ref + ".id}"
	}
	if i > 0 {
		g.body = append(g.body, ',')
	}
	g.body = append(g.body, `{"method":"`+method+`","referenceId":`...)
	g.body = appendString(g.body, a.Ref)
	g.body = append(g.body, `,"url":`...)
	g.body = appendString(g.body, path)
	if a.Op != connectors.Delete {
		if err := g.fields(a, except); err != nil {
			return err
		}
	}
	g.body = append(g.body, '}')
	g.known[a.Ref] = id
	return nil
}

// target is where an action goes, and the field that stands there and so not in the body.
func (g *group) target(a connectors.Action, id string) (method, path, except string, err error) {
	path = g.conn.path("/sobjects/" + a.Object.Name)
	switch a.Op {
	case connectors.Create:
		return http.MethodPost, path, "", nil
	case connectors.Upsert:
		key, err := keyText(a)
		return http.MethodPatch, path + "/" + a.Key + "/" + url.PathEscape(key), a.Key, err
	}
	if !strings.HasPrefix(id, reference) && !isID(id) {
		return "", "", "", &connectors.Error{Class: connectors.Gone, Code: "MALFORMED_ID", Message: fmt.Sprintf("%q is not the id of a record", id)}
	}
	if a.Op == connectors.Delete {
		return http.MethodDelete, path + "/" + id, "", nil
	}
	return http.MethodPatch, path + "/" + id, idField, nil
}

// keyText is the key's value as it stands in a path.
func keyText(a connectors.Action) (string, error) {
	for _, f := range a.Fields {
		if f.Name != a.Key {
			continue
		}
		if value.IsEmpty(f.Value) {
			break
		}
		text := f.Value.String()
		return text, noReference(f.Name, text)
	}
	return "", &connectors.Error{Class: connectors.Reject, Code: "MISSING_ARGUMENT", Fields: []string{a.Key}, Message: "the key " + a.Key + " is empty"}
}

// fields writes the body of a subrequest.
func (g *group) fields(a connectors.Action, except string) error {
	for _, f := range a.Fields {
		if err := noReference(f.Name, f.Value.String()); err != nil {
			return err
		}
	}
	start := len(g.body)
	var err error
	if g.body, err = appendFields(g.body, a.Object, a.Fields, except); err != nil {
		return err
	}
	for _, f := range slices.Sorted(maps.Keys(a.IDs)) {
		id, ok := g.known[a.IDs[f]]
		if !ok {
			return wrongAction("%s refers to %q, which is no earlier action of the group", f, a.IDs[f])
		}
		g.body = append(g.body, ',')
		g.body = append(appendString(g.body, f), ':')
		g.body = appendString(g.body, id)
	}
	members := string(g.body[min(start+1, len(g.body)):])
	g.body = append(g.body[:start], `,"body":{`...)
	g.body = append(append(g.body, members...), '}')
	return nil
}

func noReference(field, text string) error {
	if !strings.Contains(text, reference) {
		return nil
	}
	return &connectors.Error{Class: connectors.Reject, Code: "reference_in_value", Fields: []string{field},
		Message: fmt.Sprintf("the value of %s holds %q, which Salesforce would replace in a group", field, reference),
		Hint:    "take it out with replace(x, '@{', '{'), or write this record outside together"}
}

func wrongAction(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Permanent, Code: "wrong_group", Message: fmt.Sprintf(format, args...)}
}

// failed is the outcome of a group that was not written because of its i-th action.
func failed(actions []connectors.Action, i int, cause *connectors.Error) []connectors.Result {
	out := make([]connectors.Result, len(actions))
	for j, a := range actions {
		out[j].ID = a.ID
		out[j].Err = undone(actions[i].Ref, cause)
	}
	out[i].Err = cause
	return out
}

func undone(ref string, cause *connectors.Error) *connectors.Error {
	return &connectors.Error{Class: connectors.Retry, Code: rolledBack, Message: fmt.Sprintf("not written, because %s failed: %s", ref, cause.Message)}
}

// subResponse is the outcome of one action.
type subResponse struct {
	Body        json.RawMessage `json:"body"`
	Status      int             `json:"httpStatusCode"`
	ReferenceID string          `json:"referenceId"`
}

// groupResults aligns the answer with the actions.
func (c *conn) groupResults(a *httpx.Answer, actions []connectors.Action, answers []subResponse) []connectors.Result {
	out := make([]connectors.Result, len(actions))
	cause := -1
	for i, s := range answers {
		if s.Status >= 200 && s.Status < 300 {
			out[i] = succeeded(actions[i], s, out, actions)
			continue
		}
		e := c.subError(a, s)
		out[i] = connectors.Result{ID: actions[i].ID, Err: e}
		if cause < 0 && !halted(e) {
			cause = i
		}
	}
	if cause < 0 {
		return out // all is well, or all was halted and nobody says why: each has its error
	}
	for i := range out {
		if i != cause && (out[i].Err == nil || halted(out[i].Err)) {
			out[i] = connectors.Result{ID: actions[i].ID, Err: undone(actions[cause].Ref, out[cause].Err)}
		}
	}
	return out
}

func halted(e *connectors.Error) bool {
	return e.Code == "PROCESSING_HALTED" || e.Code == "ALL_OR_NONE_OPERATION_ROLLED_BACK" || e.Code == rolledBack
}

func succeeded(a connectors.Action, s subResponse, before []connectors.Result, actions []connectors.Action) connectors.Result {
	var body struct {
		ID      string `json:"id"`
		Created bool   `json:"created"`
	}
	_ = json.Unmarshal(s.Body, &body) // an update has no body
	out := connectors.Result{ID: body.ID, Created: body.Created || s.Status == http.StatusCreated}
	if out.ID == "" {
		out.ID = a.ID
	}
	for i := range actions {
		if out.ID == "" && actions[i].Ref == a.IDOf {
			out.ID = before[i].ID
		}
	}
	return out
}

func (c *conn) subError(a *httpx.Answer, s subResponse) *connectors.Error {
	var e *connectors.Error
	if s.Status == http.StatusMultipleChoices {
		e = ambiguousKey(s.Body)
	} else if list := parseErrors(s.Body); len(list) > 0 {
		e = worst(list, connectors.Update)
	} else {
		e = &connectors.Error{Class: connectors.Permanent, Code: fmt.Sprintf("http_%d", s.Status), Message: "Salesforce refused the action and gave no reason"}
	}
	if halted(e) {
		e.Class, e.Code = connectors.Retry, rolledBack
	}
	e.Message = c.http.Redact(e.Message)
	e.Request, e.Answer = a.Sent(), c.http.Shorten(s.Body)
	return e
}
