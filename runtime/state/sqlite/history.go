package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"github.com/syncline/syncline/runtime/state"
)

// SaveRun stores a run.
func (s *Store) SaveRun(ctx context.Context, r state.Run) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if err := putRun(ctx, tx, r); err != nil || r.Status == state.Running || r.Holds() {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM stage WHERE run = ?", r.ID)
		return err
	})
}

func putRun(ctx context.Context, tx *sql.Tx, r state.Run) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO run (id, rule, status, started, data) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, data = excluded.data`,
		r.ID, r.Rule, string(r.Status), r.Started.UnixMicro(), string(data))
	return err
}

// where collects conditions of a query.
type where struct {
	parts []string
	args  []any
}

func (w *where) add(cond string, args ...any) {
	w.parts = append(w.parts, cond)
	w.args = append(w.args, args...)
}

func (w *where) String() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

func limit(n int) int {
	if n <= 0 {
		return -1
	}
	return n
}

// Runs lists runs, newest first.
func (s *Store) Runs(ctx context.Context, f state.RunFilter) ([]state.Run, error) {
	var w where
	if f.ID != "" {
		w.add("id = ?", f.ID)
	}
	if f.Rule != "" {
		w.add("rule = ?", f.Rule)
	}
	if f.Status != "" {
		w.add("status = ?", string(f.Status))
	}
	if !f.Since.IsZero() {
		w.add("started >= ?", f.Since.UnixMicro())
	}
	return list[state.Run](ctx, s, "SELECT 0, data FROM run"+w.String()+" ORDER BY started DESC, id DESC LIMIT ?",
		append(w.args, limit(f.Limit)), nil)
}

// list reads rows of an id and a JSON document; set puts the id into the document.
func list[T any](ctx context.Context, s *Store, query string, args []any, set func(*T, int64)) ([]T, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var id int64
		var data string
		if err := rows.Scan(&id, &data); err != nil {
			return nil, s.explain(err)
		}
		var v T
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			return nil, err
		}
		if set != nil {
			set(&v, id)
		}
		out = append(out, v)
	}
	return out, s.explain(rows.Err())
}

// putDead stores dead letters. An open one of the same rule and source is replaced, its attempts added up:
// a record that fails every night is one letter, not thirty.
func putDead(ctx context.Context, tx *sql.Tx, letters []state.DeadLetter) error {
	for _, d := range letters {
		if d.Status == "" {
			d.Status = state.DeadOpen
		}
		d.Attempts = max(d.Attempts, 1)
		var id int64
		var attempts int
		err := tx.QueryRowContext(ctx, `
SELECT id, coalesce(json_extract(data, '$.attempts'), 0) FROM dead
WHERE rule = ? AND source = ? AND source <> '' AND firing = ? AND status IN ('open', 'retry') ORDER BY id DESC LIMIT 1`, d.Rule, d.Source.ID, d.Firing).Scan(&id, &attempts)
		if err != nil && err != sql.ErrNoRows {
			return err
		}
		d.Attempts += attempts
		d.ID = 0
		data, merr := json.Marshal(d)
		if merr != nil {
			return merr
		}
		if err == sql.ErrNoRows {
			_, err = tx.ExecContext(ctx, "INSERT INTO dead (rule, source, status, at, data, firing) VALUES (?, ?, ?, ?, ?, ?)",
				d.Rule, d.Source.ID, string(d.Status), d.At.UnixMicro(), string(data), d.Firing)
		} else {
			_, err = tx.ExecContext(ctx, "UPDATE dead SET status = ?, at = ?, data = ? WHERE id = ?",
				string(d.Status), d.At.UnixMicro(), string(data), id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settleDead closes the letters of records, and of firings, that were written after all.
func settleDead(ctx context.Context, tx *sql.Tx, rule string, sources, firings []string) error {
	for stmt, list := range map[string][]string{
		"source IN (SELECT value FROM json_each(?)) AND firing = ''": sources,
		"firing IN (SELECT value FROM json_each(?))":                 firings,
	} {
		if len(list) == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, "UPDATE dead SET status = 'settled' WHERE rule = ? AND status IN ('open', 'retry') AND "+stmt, rule, jsonList(list)); err != nil {
			return err
		}
	}
	return nil
}

// DeadLetters lists dead letters, newest first.
func (s *Store) DeadLetters(ctx context.Context, f state.DeadFilter) ([]state.DeadLetter, error) {
	var w where
	if len(f.IDs) > 0 {
		b, err := json.Marshal(f.IDs)
		if err != nil {
			return nil, err
		}
		w.add("id IN (SELECT value FROM json_each(?))", string(b))
	}
	if f.Rule != "" {
		w.add("rule = ?", f.Rule)
	}
	if f.Source != "" {
		w.add("source = ?", f.Source)
	}
	if f.Status != "" {
		w.add("status = ?", string(f.Status))
	}
	return list(ctx, s, "SELECT id, json_set(data, '$.status', status) FROM dead"+w.String()+" ORDER BY id DESC LIMIT ?",
		append(w.args, limit(f.Limit)), func(d *state.DeadLetter, id int64) { d.ID = id })
}

// SetDead moves dead letters to another status.
func (s *Store) SetDead(ctx context.Context, ids []int64, status state.DeadStatus) error {
	b, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE dead SET status = ? WHERE id IN (SELECT value FROM json_each(?))", string(status), string(b))
		return err
	})
}
