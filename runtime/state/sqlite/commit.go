package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/state"
)

// Commit stores what came out of a batch in one transaction.
func (s *Store) Commit(ctx context.Context, o state.Outcome) error {
	reached(o, crashpoint.CommitBefore, crashpoint.CheckpointBefore, crashpoint.FiringBefore)
	err := s.tx(ctx, func(tx *sql.Tx) error {
		ctx := context.WithoutCancel(ctx) // the transaction heeds it: a statement that did would start a goroutine to wait for it
		steps := []func() error{
			func() error { return s.putRecords(ctx, tx, o.Rule, o.Records, o.Forget) },
			func() error {
				return exec(ctx, tx, "DELETE FROM claim WHERE key IN (SELECT value FROM json_each(?))", o.Claims)
			},
			func() error { return s.putLedger(ctx, tx, o.Ledger) },
			func() error { return putDead(ctx, tx, o.Dead) },
			func() error { return settleDead(ctx, tx, o.Rule, o.Revived, o.Concluded) },
			func() error { return unstage(ctx, tx, o.Unstage) },
			func() error { return restage(ctx, tx, o.Restage) },
			func() error { return putCheckpoint(ctx, tx, o.Checkpoint) },
			func() error { return s.putTrigger(ctx, tx, o) },
			func() error {
				if o.Run == nil {
					return nil
				}
				return putRun(ctx, tx, *o.Run)
			},
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		crashpoint.Reach(crashpoint.CommitWithin)
		return nil
	})
	reached(o, crashpoint.CommitAfter, crashpoint.CheckpointAfter, crashpoint.FiringAfter)
	return err
}

// reached tells where a commit is, by what it stores.
func reached(o state.Outcome, commit, position, firing crashpoint.Point) {
	crashpoint.Reach(commit)
	if o.Checkpoint != nil || o.Watch != nil {
		crashpoint.Reach(position)
	}
	if len(o.Firings) > 0 && len(o.Edges) > 0 {
		crashpoint.Reach(firing)
	}
}

// exec runs a statement on a list of texts, unless it is empty.
func exec(ctx context.Context, tx *sql.Tx, stmt string, list []string) error {
	if len(list) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, stmt, jsonList(list))
	return err
}

func putCheckpoint(ctx context.Context, tx *sql.Tx, c *state.Checkpoint) error {
	if c == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
INSERT INTO checkpoint (rule, schedule, cursor, deleted, meaning, pass, full_done, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (rule, schedule) DO UPDATE SET cursor = excluded.cursor, deleted = excluded.deleted, meaning = excluded.meaning,
	pass = excluded.pass, full_done = excluded.full_done, at = excluded.at`,
		c.Rule, c.Schedule, c.Cursor, c.Deleted, c.Meaning, c.Pass, c.FullDone, c.At.UnixMicro())
	return err
}

// Checkpoint reads where a schedule stands.
func (s *Store) Checkpoint(ctx context.Context, rule, schedule string) (state.Checkpoint, error) {
	c := state.Checkpoint{Rule: rule, Schedule: schedule}
	var at int64
	err := s.read.QueryRowContext(ctx, `
SELECT cursor, deleted, meaning, pass, full_done, at FROM checkpoint WHERE rule = ? AND schedule = ?`, rule, schedule).
		Scan(&c.Cursor, &c.Deleted, &c.Meaning, &c.Pass, &c.FullDone, &at)
	if err == sql.ErrNoRows {
		return c, nil
	}
	c.At = time.UnixMicro(at).UTC()
	return c, s.explain(err)
}

// Claim stores changes that are about to be sent.
func (s *Store) Claim(ctx context.Context, rule string, claims []state.Claim, pieces []state.Staged) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if err := putClaims(ctx, tx, claims); err != nil {
			return err
		}
		return stage(ctx, tx, rule, pieces)
	})
}

func putClaims(ctx context.Context, tx *sql.Tx, claims []state.Claim) error {
	if len(claims) == 0 {
		return nil
	}
	put, err := tx.PrepareContext(ctx, `
INSERT INTO claim (key, rule, source, object, lookup, run, at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET lookup = excluded.lookup, run = excluded.run, at = excluded.at`)
	if err != nil {
		return err
	}
	defer put.Close()
	for _, c := range claims {
		if _, err := put.ExecContext(ctx, c.Key, c.Rule, c.Source, c.Object, c.Lookup, c.Run, c.At.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}

// Claims lists the creates of a rule whose outcome is not known.
func (s *Store) Claims(ctx context.Context, rule string) ([]state.Claim, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT key, rule, source, object, lookup, run, at FROM claim WHERE rule = ? ORDER BY key", rule)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var out []state.Claim
	for rows.Next() {
		var c state.Claim
		var at int64
		if err := rows.Scan(&c.Key, &c.Rule, &c.Source, &c.Object, &c.Lookup, &c.Run, &at); err != nil {
			return nil, s.explain(err)
		}
		c.At = time.UnixMicro(at).UTC()
		out = append(out, c)
	}
	return out, s.explain(rows.Err())
}

// Stage keeps changes for later delivery, in order, and gives each its Seq.
func (s *Store) Stage(ctx context.Context, run string, changes []state.Staged) error {
	if len(changes) == 0 {
		return nil
	}
	return s.tx(ctx, func(tx *sql.Tx) error { return stage(ctx, tx, run, changes) })
}

func stage(ctx context.Context, tx *sql.Tx, name string, changes []state.Staged) error {
	for i := range changes {
		res, err := tx.ExecContext(ctx, "INSERT INTO stage (run, source, data) VALUES (?, ?, ?)", name, changes[i].Source, changes[i].Data)
		if err != nil {
			return err
		}
		if changes[i].Seq, err = res.LastInsertId(); err != nil {
			return err
		}
	}
	return nil
}

// stagedBytes is about how much of what is staged is given at once.
const stagedBytes = 1 << 20

// Staged pages through what is staged under a name.
func (s *Store) Staged(ctx context.Context, name string, after int64, limit int) ([]state.Staged, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT seq, source, data FROM stage WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?", name, after, limit)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var out []state.Staged
	size := 0
	for rows.Next() {
		var c state.Staged
		if err := rows.Scan(&c.Seq, &c.Source, &c.Data); err != nil {
			return nil, s.explain(err)
		}
		out = append(out, c)
		if size += len(c.Data); size > stagedBytes {
			break
		}
	}
	return out, s.explain(rows.Err())
}

// StagedNames lists the runs and rules that something is staged for.
func (s *Store) StagedNames(ctx context.Context) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT DISTINCT run FROM stage")
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, s.explain(err)
		}
		out = append(out, name)
	}
	return out, s.explain(rows.Err())
}

func restage(ctx context.Context, tx *sql.Tx, staged []state.Staged) error {
	for _, c := range staged {
		if _, err := tx.ExecContext(ctx, "UPDATE stage SET data = ? WHERE seq = ?", c.Data, c.Seq); err != nil {
			return err
		}
	}
	return nil
}

func unstage(ctx context.Context, tx *sql.Tx, seqs []int64) error {
	if len(seqs) == 0 {
		return nil
	}
	b, err := json.Marshal(seqs)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM stage WHERE seq IN (SELECT value FROM json_each(?))", string(b))
	return err
}
