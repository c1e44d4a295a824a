package httpx

import (
	"context"
	"encoding/json"

	"github.com/syncline/syncline/connectors"
)

// JSON sends a request and reads its answer's JSON into out. An answer that is not JSON, such as a page for
// people, is an error: of class InDoubt for a write.
func (c *Client) JSON(ctx context.Context, r Request, out any) (*Answer, error) {
	a, err := c.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	if out == nil || len(a.Body) == 0 && a.Status != 200 {
		return a, nil
	}
	if err := json.Unmarshal(a.Body, out); err != nil {
		return nil, c.Unreadable(a, r.isSafe(), err)
	}
	return a, nil
}

// Unreadable is the error of a successful answer that is not what it should be.
func (c *Client) Unreadable(a *Answer, safe bool, err error) *connectors.Error {
	return &connectors.Error{
		Class: unanswered(safe), Code: "unreadable_answer",
		Message: "the answer (" + statusText(a) + ") cannot be read: " + c.Redact(err.Error()),
		Hint:    "see that the address is that of the API, and that no proxy or login page answers in its place",
		Request: a.Sent(), Answer: statusLine(a.Status) + c.redactor.shorten(a.Body),
	}
}
