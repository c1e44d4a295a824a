package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// Group writes all actions or none.
func (s *System) Group(ctx context.Context, actions []connectors.Action) ([]connectors.Result, error) {
	s.called(ctx, Call{Kind: "group", Records: len(actions)})
	undo := s.snapshot(actions)
	results := make([]connectors.Result, len(actions))
	ids := map[string]string{}
	for i, a := range actions {
		r := connectors.Record{ID: a.ID, Fields: slices.Clone(a.Fields)}
		if a.IDOf != "" {
			r.ID = ids[a.IDOf]
		}
		for _, name := range slices.Sorted(maps.Keys(a.IDs)) {
			r.Fields = append(r.Fields, connectors.Field{Name: name, Value: value.Text(ids[a.IDs[name]])})
		}
		results[i] = s.action(a, r)
		if results[i].Err != nil {
			undo()
			for j := range actions {
				if j != i {
					results[j] = connectors.Result{Err: &connectors.Error{Class: connectors.Retry, Code: "rolled_back", Message: "another action of the group failed"}}
				}
			}
			return results, nil
		}
		ids[a.Ref] = results[i].ID
	}
	s.mu.Lock()
	told := s.hooks.AfterGroup
	s.mu.Unlock()
	if told != nil {
		told(actions, results)
	}
	return results, nil
}

func (s *System) action(a connectors.Action, r connectors.Record) connectors.Result {
	s.mu.Lock()
	hook, t := s.hooks.Record, s.tables[a.Object.Name]
	s.mu.Unlock()
	if hook != nil {
		if err := hook(a.Object.Name, a.Op, r); err != nil {
			return connectors.Result{Err: err}
		}
	}
	return s.writeOne(t, a.Op, a.Key, r)
}

// snapshot copies the tables of the actions and gives the function that puts them back.
func (s *System) snapshot(actions []connectors.Action) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	saved := map[string]*table{}
	for _, a := range actions {
		t := s.tables[a.Object.Name]
		if t == nil || saved[a.Object.Name] != nil {
			continue
		}
		c := &table{object: t.object, rows: map[string]*row{}, byStamp: slices.Clone(t.byStamp), gone: slices.Clone(t.gone)}
		for id, r := range t.rows {
			c.rows[id] = &row{values: maps.Clone(r.values), stamp: r.stamp, created: r.created}
		}
		saved[a.Object.Name] = c
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for name, t := range saved {
			*s.tables[name] = *t
		}
	}
}
