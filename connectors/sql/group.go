package sql

import (
	"context"
	"errors"
	"fmt"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// Group writes all of the actions in one transaction, or none.
func (c *connection) Group(ctx context.Context, actions []connectors.Action) ([]connectors.Result, error) {
	tables := make([]*table, len(actions))
	for i, a := range actions {
		t, err := c.lookup(ctx, a.Object.Name)
		if err != nil {
			return nil, err
		}
		tables[i] = t
	}
	connectors.CountCall(ctx)
	tx, err := c.begin(ctx)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	defer func() { _ = tx.Rollback() }()
	results := make([]connectors.Result, len(actions))
	ids := map[string]string{}
	for i, a := range actions {
		r, err := c.act(ctx, tx, tables[i], a, ids)
		if err != nil {
			return nil, c.failed(ctx, err)
		}
		if r.Err != nil {
			return rolledBack(results, i, r), nil
		}
		results[i] = r
		ids[a.Ref] = r.ID
	}
	if err := tx.Commit(); err != nil {
		// Deferred constraints fail here; nobody can say which action broke them.
		e := c.doubtful(ctx, err)
		var ce *connectors.Error
		if errors.As(e, &ce) && ce.Class == connectors.Reject && len(results) > 0 {
			return rolledBack(results, len(results)-1, connectors.Result{Err: ce}), nil
		}
		return nil, e
	}
	return results, nil
}

// act carries out one action.
func (c *connection) act(ctx context.Context, tx *txn, t *table, a connectors.Action, ids map[string]string) (connectors.Result, error) {
	id := a.ID
	if a.IDOf != "" {
		var ok bool
		if id, ok = ids[a.IDOf]; !ok {
			return connectors.Result{}, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("action %q means the record of %q, which comes not before it", a.Ref, a.IDOf)}
		}
	}
	fields := append([]connectors.Field(nil), a.Fields...)
	for name, ref := range a.IDs {
		of, ok := ids[ref]
		if !ok {
			return connectors.Result{}, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("action %q takes the id of %q, which comes not before it", a.Ref, ref)}
		}
		v := value.Text(of)
		if col := t.column(name); col != nil {
			if err := col.setFromText(nil, of, &v); err != nil {
				return connectors.Result{}, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%s: %v", name, err)}
			}
		}
		fields = append(fields, connectors.Field{Name: name, Value: v})
	}
	j := &job{c: c, t: t, tx: tx, results: make([]connectors.Result, 1),
		w: connectors.Write{Object: a.Object, Op: a.Op, Key: a.Key, Records: []connectors.Record{{ID: id, Fields: fields}}}}
	if err := j.prepare(); err != nil {
		return connectors.Result{}, err
	}
	if err := j.run(ctx, j.rows); err != nil {
		return connectors.Result{}, err
	}
	return j.results[0], nil
}

// rolledBack gives the cause its error, and the others the news.
func rolledBack(results []connectors.Result, cause int, r connectors.Result) []connectors.Result {
	for i := range results {
		results[i] = connectors.Result{Err: &connectors.Error{Class: connectors.Retry, Code: "rolled_back",
			Message: "another action of the group failed, so nothing of it was written"}}
	}
	results[cause] = connectors.Result{ID: r.ID, Err: r.Err}
	return results
}
