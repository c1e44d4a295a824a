package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// AddEvents stores events with the deliveries that they came in.
func (s *Store) AddEvents(ctx context.Context, events []state.Event) ([]bool, error) {
	fresh := make([]bool, len(events))
	if len(events) == 0 {
		return fresh, nil
	}
	err := s.tx(ctx, func(tx *sql.Tx) error {
		hear, err := tx.PrepareContext(ctx, "INSERT INTO heard (connection, delivery, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
		if err != nil {
			return err
		}
		defer hear.Close()
		wake, err := tx.PrepareContext(ctx, `
INSERT INTO wake (rule, record, seq, first, last, looks) VALUES (?, ?, ?, ?, ?, 0)
ON CONFLICT (rule, record) DO UPDATE SET seq = excluded.seq, first = min(first, excluded.first), last = max(last, excluded.last), looks = 0`)
		if err != nil {
			return err
		}
		defer wake.Close()
		var seq int64
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM wake").Scan(&seq); err != nil {
			return err
		}
		for i, e := range events {
			if fresh[i], err = heardFirst(ctx, hear, e); err != nil {
				return err
			}
			if !fresh[i] {
				continue
			}
			seq++
			for _, rule := range e.Rules {
				if _, err := wake.ExecContext(ctx, rule, e.Record, seq, e.At.UnixMicro(), e.At.UnixMicro()); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return fresh, err
}

// heardFirst notes an event's delivery, and tells whether it was not known.
func heardFirst(ctx context.Context, hear *sql.Stmt, e state.Event) (bool, error) {
	if e.Delivery == "" {
		return true, nil
	}
	res, err := hear.ExecContext(ctx, e.Connection, e.Delivery, e.At.UnixMicro())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// Wakes lists what waits for a rule.
func (s *Store) Wakes(ctx context.Context, rule string, limit int) ([]state.Wake, error) {
	scan := func(rows *sql.Rows) (w state.Wake, err error) {
		var first, last int64
		err = rows.Scan(&w.Record, &w.Seq, &first, &last, &w.Looks)
		w.First, w.Last = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
		return w, err
	}
	return collect(ctx, s, "SELECT record, seq, first, last, looks FROM wake WHERE rule = ? ORDER BY first, record LIMIT ?", scan, rule, limit)
}

// WakeCounts counts what waits, by rule.
func (s *Store) WakeCounts(ctx context.Context) (map[string]state.WakeCount, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT rule, count(*), min(first) FROM wake GROUP BY rule")
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	out := map[string]state.WakeCount{}
	for rows.Next() {
		var rule string
		var c state.WakeCount
		var oldest int64
		if err := rows.Scan(&rule, &c.Records, &oldest); err != nil {
			return nil, s.explain(err)
		}
		c.Oldest = time.UnixMicro(oldest).UTC()
		out[rule] = c
	}
	return out, s.explain(rows.Err())
}

// SettleWakes forgets what was answered.
func (s *Store) SettleWakes(ctx context.Context, rule string, answered, again []state.Wake) error {
	if len(answered)+len(again) == 0 {
		return nil
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		for stmt, list := range map[string][]state.Wake{
			"DELETE FROM wake WHERE rule = ? AND record = ? AND seq = ?":                  answered,
			"UPDATE wake SET looks = looks + 1 WHERE rule = ? AND record = ? AND seq = ?": again,
		} {
			if err := eachWake(ctx, tx, stmt, rule, list); err != nil {
				return err
			}
		}
		return nil
	})
}

func eachWake(ctx context.Context, tx *sql.Tx, stmt, rule string, list []state.Wake) error {
	if len(list) == 0 {
		return nil
	}
	do, err := tx.PrepareContext(ctx, stmt)
	if err != nil {
		return err
	}
	defer do.Close()
	for _, w := range list {
		if _, err := do.ExecContext(ctx, rule, w.Record, w.Seq); err != nil {
			return err
		}
	}
	return nil
}

// PruneEvents forgets old events and deliveries.
func (s *Store) PruneEvents(ctx context.Context, before time.Time, deliveries int) error {
	cut := before.UnixMicro()
	var beyond int64
	err := s.read.QueryRowContext(ctx, "SELECT at FROM heard ORDER BY at DESC LIMIT 1 OFFSET ?", deliveries).Scan(&beyond)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return s.explain(err)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM wake WHERE last < ?", cut); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM heard WHERE at < ?", max(cut, beyond+1))
		return err
	})
}
