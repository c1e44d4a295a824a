package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// Ticks lists where the schedules stand.
func (s *Store) Ticks(ctx context.Context) ([]state.Tick, error) {
	return collect(ctx, s, "SELECT rule, schedule, done FROM tick ORDER BY rule, schedule", func(rows *sql.Rows) (t state.Tick, err error) {
		var done int64
		err = rows.Scan(&t.Rule, &t.Schedule, &done)
		t.Done = time.Unix(0, done).UTC()
		return t, err
	})
}

// SaveTicks stores where schedules stand.
func (s *Store) SaveTicks(ctx context.Context, ticks []state.Tick) error {
	if len(ticks) == 0 {
		return nil
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, `
INSERT INTO tick (rule, schedule, done) VALUES (?, ?, ?) ON CONFLICT (rule, schedule) DO UPDATE SET done = excluded.done`)
		if err != nil {
			return err
		}
		defer put.Close()
		for _, t := range ticks {
			if _, err := put.ExecContext(ctx, t.Rule, t.Schedule, t.Done.UnixNano()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Holds lists what a person paused.
func (s *Store) Holds(ctx context.Context) ([]state.Hold, error) {
	return collect(ctx, s, "SELECT rule, at, by FROM hold ORDER BY rule", func(rows *sql.Rows) (h state.Hold, err error) {
		var at int64
		err = rows.Scan(&h.Rule, &at, &h.By)
		h.At = time.UnixMicro(at).UTC()
		return h, err
	})
}

// SetHold pauses a rule.
func (s *Store) SetHold(ctx context.Context, h state.Hold) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO hold (rule, at, by) VALUES (?, ?, ?) ON CONFLICT (rule) DO NOTHING", h.Rule, h.At.UnixMicro(), h.By)
		return err
	})
}

// Release ends a rule's hold.
func (s *Store) Release(ctx context.Context, rule string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM hold WHERE rule = ?", rule)
		return err
	})
}

// Approve stores that a waiting run may go.
func (s *Store) Approve(ctx context.Context, a state.Approval) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO approval (run, rule, at, by) VALUES (?, ?, ?, ?) ON CONFLICT (run) DO NOTHING", a.Run, a.Rule, a.At.UnixMicro(), a.By)
		return err
	})
}

// Approvals lists the approvals that are to be carried out.
func (s *Store) Approvals(ctx context.Context, rule string) ([]state.Approval, error) {
	scan := func(rows *sql.Rows) (a state.Approval, err error) {
		var at int64
		err = rows.Scan(&a.Run, &a.Rule, &at, &a.By)
		a.At = time.UnixMicro(at).UTC()
		return a, err
	}
	return collect(ctx, s, "SELECT run, rule, at, by FROM approval WHERE rule = ?1 OR ?1 = '' ORDER BY at, run", scan, rule)
}

// Unapprove forgets an approval.
func (s *Store) Unapprove(ctx context.Context, run string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM approval WHERE run = ?", run)
		return err
	})
}

// Snapshot reads a document.
func (s *Store) Snapshot(ctx context.Context, name string) ([]byte, error) {
	var data []byte
	err := s.read.QueryRowContext(ctx, "SELECT data FROM snapshot WHERE name = ?", name).Scan(&data)
	if err == sql.ErrNoRows {
		return nil, nil
	}
	return data, s.explain(err)
}

// SaveSnapshot replaces a document.
func (s *Store) SaveSnapshot(ctx context.Context, name string, data []byte) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
INSERT INTO snapshot (name, at, data) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at, data = excluded.data`,
			name, time.Now().UnixMicro(), data)
		return err
	})
}

// DeadCounts counts open dead letters.
func (s *Store) DeadCounts(ctx context.Context) (map[string]int, error) {
	return s.countByRule(ctx, "SELECT rule, count(*) FROM dead WHERE status = 'open' GROUP BY rule")
}

// countByRule reads rules and how many there are of something.
func (s *Store) countByRule(ctx context.Context, query string) (map[string]int, error) {
	rows, err := s.read.QueryContext(ctx, query)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var rule string
		var n int
		if err := rows.Scan(&rule, &n); err != nil {
			return nil, s.explain(err)
		}
		out[rule] = n
	}
	return out, s.explain(rows.Err())
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, s *Store, query string, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, s.explain(err)
		}
		out = append(out, v)
	}
	return out, s.explain(rows.Err())
}

// PruneRuns forgets runs that did nothing: a rule that looks each second makes 86,400 of them a day.
func (s *Store) PruneRuns(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		gone, err := tx.ExecContext(ctx, `
DELETE FROM run WHERE id IN (
	SELECT id FROM run r WHERE started < ? AND status = 'succeeded'
	AND coalesce(data ->> '$.created', 0) + coalesce(data ->> '$.updated', 0) + coalesce(data ->> '$.deleted', 0)
		+ coalesce(data ->> '$.dead', 0) + coalesce(data ->> '$.fired', 0) = 0
	AND EXISTS (SELECT 1 FROM run later WHERE later.rule = r.rule AND later.started > r.started AND later.status = 'succeeded')
	AND NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.run = r.id)
	ORDER BY started LIMIT ?)`, before.UnixMicro(), limit)
		if err != nil {
			return err
		}
		rows, err := gone.RowsAffected()
		n = int(rows)
		return err
	})
	return n, err
}
