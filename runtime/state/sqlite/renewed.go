package sqlite

import (
	"context"
	"database/sql"

	"github.com/syncline/syncline/runtime/state"
)

// Records lie in the order in which they came, and those that change in a run lie all over the table: written in their
// places, each would cost a page or more. So the table renewed has the later state of some records, by the same id and
// with the same target, close together; what is there counts. Changes that lie close together anyway are made in place,
// and now and then mergeRenewed makes the others there.

// renewedToo joins the later states to the rows r of record, recordColumns are what is known of those then.
const (
	renewedToo    = " LEFT JOIN renewed n ON n.id = r.id"
	recordColumns = `r.id, coalesce(n.source, r.source) AS source, coalesce(n.target, r.target) AS target,
	CASE WHEN n.id IS NULL THEN r.keys ELSE n.keys END AS keys, coalesce(n.hash, r.hash) AS hash,
	CASE WHEN n.id IS NULL THEN r.shadow ELSE n.shadow END AS shadow, CASE WHEN n.id IS NULL THEN r.fields ELSE n.fields END AS fields,
	coalesce(n.seen, r.seen) AS seen`
)

// ofNoRecord are rows of renewed that have no record, which damage can leave.
const ofNoRecord = "NOT EXISTS (SELECT 1 FROM record r WHERE r.id = renewed.id AND r.source = renewed.source AND r.target = renewed.target)"

// Changes are made apart where there are many in a commit, and more than farApart places for each: about as many records as
// fit on a page. mergeMost later states are merged at once: few enough that others who write do not notice.
const farApart = 8

var manyChanges, mergeMost = 200, 4000 // less in a test

// renewRecords changes those records that are where they were and keep their target, and gives the others. Those whose
// place is known come first, in order.
func renewRecords(ctx context.Context, tx *sql.Tx, records []*state.Record) (rest []*state.Record, err error) {
	n := 0
	for n < len(records) && records[n].Place != 0 {
		n++
	}
	if n == 0 {
		return records, nil
	}
	there, rest := records[:n], records[n:]
	if n >= manyChanges && there[n-1].Place-there[0].Place > int64(n)*farApart {
		return renewApart(ctx, tx, there, rest)
	}
	return renewInPlace(ctx, tx, there, rest)
}

func renewInPlace(ctx context.Context, tx *sql.Tx, records, rest []*state.Record) ([]*state.Record, error) {
	rest, err := renewBy(ctx, tx, "UPDATE record SET keys = ?, hash = ?, shadow = ?, fields = ?, seen = ? WHERE id = ? AND source = ? AND target = ?", records, rest)
	if err != nil {
		return nil, err
	}
	places := make([]int64, len(records))
	for i, r := range records {
		places[i] = r.Place
	}
	return rest, dropRenewed(ctx, tx, places)
}

func renewApart(ctx context.Context, tx *sql.Tx, records, rest []*state.Record) ([]*state.Record, error) {
	fresh, err := renewBy(ctx, tx, "UPDATE renewed SET keys = ?, hash = ?, shadow = ?, fields = ?, seen = ? WHERE id = ? AND source = ? AND target = ?", records, nil)
	if err != nil {
		return nil, err
	}
	return renewBy(ctx, tx, `
INSERT OR REPLACE INTO renewed (id, source, target, keys, hash, shadow, fields, seen)
SELECT id, source, target, ?, ?, ?, ?, ? FROM record WHERE id = ? AND source = ? AND target = ?`, fresh, rest)
}

// renewBy runs a statement for each record and appends those for which it changes nothing to rest.
func renewBy(ctx context.Context, tx *sql.Tx, stmt string, records, rest []*state.Record) ([]*state.Record, error) {
	if len(records) == 0 {
		return rest, nil
	}
	change, err := tx.PrepareContext(ctx, stmt)
	if err != nil {
		return nil, err
	}
	defer change.Close()
	for _, r := range records {
		res, err := change.ExecContext(ctx, r.Keys, int64(r.Hash), r.Shadow, r.Fields, r.Seen, r.Place, r.Source, r.Target)
		if err != nil {
			return nil, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return nil, err
		}
		if n == 0 {
			rest = append(rest, r)
		}
	}
	return rest, nil
}

// dropRenewed drops the later states of records that have it in their places now, or are gone.
func dropRenewed(ctx context.Context, tx *sql.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM renewed WHERE id IN (SELECT value FROM json_each(?))", jsonNumbers(ids))
	return err
}

// mergeRenewed makes the later states of a range of ids the records, some at a time.
func (s *Store) mergeRenewed(ctx context.Context, after, before int64) error {
	for {
		var last sql.NullInt64
		err := s.read.QueryRowContext(ctx, "SELECT max(id) FROM (SELECT id FROM renewed WHERE id > ? AND id < ? ORDER BY id LIMIT ?)",
			after, before, mergeMost).Scan(&last)
		if err != nil || !last.Valid {
			return s.explain(err)
		}
		err = s.tx(ctx, func(tx *sql.Tx) error {
			for _, stmt := range []string{`
UPDATE record SET (keys, hash, shadow, fields, seen) = (SELECT n.keys, n.hash, n.shadow, n.fields, n.seen FROM renewed n WHERE n.id = record.id)
WHERE id IN (SELECT id FROM renewed WHERE id > ? AND id <= ?)`, "DELETE FROM renewed WHERE id > ? AND id <= ?"} {
				if _, err := tx.ExecContext(ctx, stmt, after, last.Int64); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		after = last.Int64
	}
}
