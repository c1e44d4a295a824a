package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// Flags of a row of the past.
const (
	pastAbsent = 1
	pastGone   = 2
)

// Recorded reads since when fields are recorded.
func (s *Store) Recorded(ctx context.Context, rule string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 {
		return out, s.explain(err)
	}
	rows, err := s.read.QueryContext(ctx, "SELECT field, since FROM recorded WHERE rule = ?", id)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var field string
		var since int64
		if err := rows.Scan(&field, &since); err != nil {
			return nil, s.explain(err)
		}
		out[field] = instant(since)
	}
	return out, s.explain(rows.Err())
}

// Past streams changes in the order of an index.
func (s *Store) Past(ctx context.Context, rule string, after time.Time) iter.Seq2[state.Past, error] {
	return func(yield func(state.Past, error) bool) {
		if err := s.eachPast(ctx, rule, after, func(x state.Past) bool { return yield(x, nil) }); err != nil {
			yield(state.Past{}, s.explain(err))
		}
	}
}

func (s *Store) eachPast(ctx context.Context, rule string, after time.Time, f func(state.Past) bool) error {
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 {
		return err
	}
	rows, err := s.read.QueryContext(ctx, `
SELECT source, at, flags, fields FROM past INDEXED BY past_source WHERE rule = ? AND at > ? ORDER BY source, id`, id, micros(after))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var x state.Past
		var at, flags int64
		if err := rows.Scan(&x.Source, &at, &flags, &x.Fields); err != nil {
			return err
		}
		x.At, x.Absent, x.Gone = instant(at), flags&pastAbsent != 0, flags&pastGone != 0
		if !f(x) {
			return nil
		}
	}
	return rows.Err()
}

// putPast stores how records were, and what of them is recorded.
func putPast(ctx context.Context, tx *sql.Tx, rule int64, past []state.Past, recording *state.Recording) error {
	if recording != nil {
		fields := jsonList(recording.Fields)
		if _, err := tx.ExecContext(ctx, "DELETE FROM recorded WHERE rule = ? AND field NOT IN (SELECT value FROM json_each(?))", rule, fields); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO recorded (rule, field, since) SELECT ?, value, ? FROM json_each(?)",
			rule, micros(recording.At), fields); err != nil {
			return err
		}
	}
	if len(past) == 0 {
		return nil
	}
	put, err := tx.PrepareContext(ctx, "INSERT INTO past (rule, source, at, flags, fields) VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer put.Close()
	for i := range past {
		x := &past[i]
		flags := int64(0)
		if x.Absent {
			flags |= pastAbsent
		}
		if x.Gone {
			flags |= pastGone
		}
		if _, err := put.ExecContext(ctx, rule, x.Source, micros(x.At), flags, x.Fields); err != nil {
			return err
		}
	}
	return nil
}

// PrunePast forgets old changes. Rows have their numbers in the order in which they were observed.
func (s *Store) PrunePast(ctx context.Context, rule string, before time.Time, most int) error {
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 {
		return s.explain(err)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		number := func(query string, args ...any) (out sql.NullInt64, err error) {
			if err = tx.QueryRowContext(ctx, query, args...).Scan(&out); err == sql.ErrNoRows {
				err = nil
			}
			return out, err
		}
		kept, err := number("SELECT id - 1 FROM past WHERE rule = ? AND at >= ? ORDER BY id LIMIT 1", id, before.UnixMicro())
		if err == nil && !kept.Valid {
			kept, err = number("SELECT max(id) FROM past WHERE rule = ?", id)
		}
		if err != nil || !kept.Valid {
			return err
		}
		cut := kept.Int64
		if n, err := number("SELECT count(*) FROM past WHERE rule = ?", id); err != nil {
			return err
		} else if n.Int64 > int64(most) {
			over, err := number("SELECT id FROM past WHERE rule = ? ORDER BY id LIMIT 1 OFFSET ?", id, n.Int64-int64(most)-1)
			if err != nil {
				return err
			}
			cut = max(cut, over.Int64)
		}
		last, err := number("SELECT max(at) FROM past WHERE rule = ? AND id <= ?", id, cut)
		if err != nil || !last.Valid {
			return err
		}
		for _, x := range []struct {
			stmt string
			arg  int64
		}{{"UPDATE recorded SET since = max(since, ?2) WHERE rule = ?1", last.Int64}, {"DELETE FROM past WHERE rule = ?1 AND id <= ?2", cut}} {
			if _, err := tx.ExecContext(ctx, x.stmt, id, x.arg); err != nil {
				return fmt.Errorf("forgetting the past: %w", err)
			}
		}
		return nil
	})
}
