package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/syncline/syncline/runtime/state"
)

// Records finds the records of many sources with one query.
func (s *Store) Records(ctx context.Context, rule string, sources []string) ([]state.Record, error) {
	out := make([]state.Record, len(sources))
	id, err := s.ruleID(ctx, s.read, rule)
	if err != nil || id == 0 || len(sources) == 0 {
		return out, s.explain(err)
	}
	// CROSS JOIN keeps the list outermost: without it SQLite may scan the whole table for each.
	rows, err := s.read.QueryContext(ctx, `
SELECT j.key, r.source, r.target, r.keys, r.hash, r.shadow, r.fields, r.seen
FROM json_each(?) j CROSS JOIN record r ON r.rule = ? AND r.source = j.value`, jsonList(sources), id)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		var r state.Record
		var hash int64
		if err := rows.Scan(&i, &r.Source, &r.Target, &r.Keys, &hash, &r.Shadow, &r.Fields, &r.Seen); err != nil {
			return nil, s.explain(err)
		}
		r.Hash = uint64(hash)
		out[i] = r
	}
	return out, s.explain(rows.Err())
}

// Holders finds which sources hold the targets.
func (s *Store) Holders(ctx context.Context, rule string, targets []string) ([]string, error) {
	out := make([]string, len(targets))
	id, err := s.ruleID(ctx, s.read, rule)
	if err != nil || id == 0 || len(targets) == 0 {
		return out, s.explain(err)
	}
	rows, err := s.read.QueryContext(ctx, `
SELECT j.key, r.source FROM json_each(?) j CROSS JOIN record r INDEXED BY record_target
ON r.rule = ? AND r.target = j.value AND r.target <> ''`, jsonList(targets), id)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		var source string
		if err := rows.Scan(&i, &source); err != nil {
			return nil, s.explain(err)
		}
		out[i] = source
	}
	return out, s.explain(rows.Err())
}

// Scan pages through a rule's records.
func (s *Store) Scan(ctx context.Context, rule, after string, limit int) ([]state.Record, error) {
	id, err := s.ruleID(ctx, s.read, rule)
	if err != nil || id == 0 {
		return nil, s.explain(err)
	}
	rows, err := s.read.QueryContext(ctx, `
SELECT source, target, keys, hash, shadow, fields, seen FROM record
WHERE rule = ? AND source > ? ORDER BY source LIMIT ?`, id, after, limit)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var out []state.Record
	for rows.Next() {
		var r state.Record
		var hash int64
		if err := rows.Scan(&r.Source, &r.Target, &r.Keys, &hash, &r.Shadow, &r.Fields, &r.Seen); err != nil {
			return nil, s.explain(err)
		}
		r.Hash = uint64(hash)
		out = append(out, r)
	}
	return out, s.explain(rows.Err())
}

// Linked counts a rule's links.
func (s *Store) Linked(ctx context.Context, rule string) (n int, err error) {
	id, err := s.ruleID(ctx, s.read, rule)
	if err != nil || id == 0 {
		return 0, s.explain(err)
	}
	err = s.read.QueryRowContext(ctx, "SELECT count(*) FROM record WHERE rule = ? AND target <> ''", id).Scan(&n)
	return n, s.explain(err)
}

func jsonList(texts []string) string {
	b, _ := json.Marshal(texts)
	return string(b)
}

// putRecords stores records; the caller sorted nothing, so neighbours are made here for the page cache's sake.
func (s *Store) putRecords(ctx context.Context, tx *sql.Tx, rule string, records []state.Record, forget []string) error {
	if len(records) == 0 && len(forget) == 0 {
		return nil
	}
	id, err := s.makeRule(ctx, tx, rule)
	if err != nil {
		return err
	}
	put, err := tx.PrepareContext(ctx, `
INSERT INTO record (rule, source, target, keys, hash, shadow, fields, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (rule, source) DO UPDATE SET target = excluded.target, keys = excluded.keys, hash = excluded.hash,
	shadow = excluded.shadow, fields = excluded.fields, seen = excluded.seen`)
	if err != nil {
		return err
	}
	defer put.Close()
	// A statement that sets the target moves its entry in the index, even to the same place. Most records keep theirs.
	change, err := tx.PrepareContext(ctx, `
UPDATE record SET keys = ?, hash = ?, shadow = ?, fields = ?, seen = ? WHERE rule = ? AND source = ? AND target = ?`)
	if err != nil {
		return err
	}
	defer change.Close()
	for _, i := range sortedBySource(records) {
		r := &records[i]
		res, err := change.ExecContext(ctx, r.Keys, int64(r.Hash), r.Shadow, r.Fields, r.Seen, id, r.Source, r.Target)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err == nil && n > 0 {
			continue
		}
		if _, err := put.ExecContext(ctx, id, r.Source, r.Target, r.Keys, int64(r.Hash), r.Shadow, r.Fields, r.Seen); err != nil {
			return err
		}
	}
	if len(forget) > 0 {
		_, err = tx.ExecContext(ctx, "DELETE FROM record WHERE rule = ? AND source IN (SELECT value FROM json_each(?))", id, jsonList(forget))
		if err != nil {
			return err
		}
	}
	return s.changeDigests(ctx, tx, id, records, forget)
}

func (s *Store) makeRule(ctx context.Context, tx *sql.Tx, rule string) (int64, error) {
	id, err := s.ruleID(ctx, tx, rule)
	if err != nil || id != 0 {
		return id, err
	}
	// Not remembered before the commit: a rollback would take the row away again.
	err = tx.QueryRowContext(ctx, "INSERT INTO rule (name) VALUES (?) RETURNING id", rule).Scan(&id)
	return id, err
}
