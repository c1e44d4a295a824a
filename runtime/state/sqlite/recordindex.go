package sqlite

import (
	"context"
	"database/sql"
	"math"
	"math/rand/v2"
)

// Records are found by the table record_at, which has a row for each key that one is found by: that of its source and, where
// it is another one, that of its target. Records come in any order, so that in a tree over all of them each new one would
// change a page of its own. So its rows are in record_new at first, which is small; what is more than newMost there moves on
// by ranges of keys, to pages that lie side by side. A row is in one of the two, and both are asked.

// newMost is how many rows stay in record_new, and moveSome how many move on at once: few enough that others who write do
// not notice.
var newMost, moveSome = 1 << 15, 1 << 10 // less in a test

// The column side says whose key a row has: 0 the source's, 1 that of both, 2 the target's.
const (
	ofSource = "a.side <> 2"
	ofTarget = "a.side <> 0"
)

// findRecords is a query for records r by a list of keys, which is its argument; what it answers begins with which key of the
// list it is.
func findRecords(columns, side, more string) string {
	in := func(table string) string {
		// CROSS JOIN keeps the list outermost: without it SQLite may scan the whole table for each.
		return "SELECT j.key, " + columns + " FROM json_each(?1) j CROSS JOIN " + table + " a ON a.key = j.value AND " + side +
			" CROSS JOIN record r ON r.id = a.id" + more
	}
	return in("record_at") + " UNION ALL " + in("record_new")
}

// What is asked of records.
var (
	recordsOfSources = findRecords(recordColumns, ofSource, renewedToo)
	placesOfSources  = findRecords("r.id, r.source, r.target_key", ofSource, "")
	holdersOfTargets = findRecords("r.target, r.source", ofTarget, "")
)

// rowsOfRecords adds the rows of a range of records to one of the tables.
const rowsOfRecords = ` (key, id, side)
SELECT source_key, id, source_key = target_key FROM record WHERE id > ?1 AND id <= ?2
UNION ALL SELECT target_key, id, 2 FROM record WHERE id > ?1 AND id <= ?2 AND target_key NOT IN (0, source_key)
ORDER BY 1, 2`

// newRows is what is known of record_new: how many rows it has, and from which key on they move next.
type newRows struct {
	n    int
	next int64
}

// makeFound adds the rows by which the records of a range of ids are found.
func (s *Store) makeFound(ctx context.Context, tx *sql.Tx, after, last int64) error {
	known, err := s.newRows(ctx, tx)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO record_new"+rowsOfRecords, after, last)
	if err != nil {
		return err
	}
	added, err := res.RowsAffected()
	if err != nil {
		return err
	}
	for known.n += int(added); known.n > newMost; {
		if known, err = moveOn(ctx, tx, known); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh = &known
	return nil
}

// newRows counts the rows where that is not known. What moves next begins anywhere then: if each process began with the
// first keys, the rows that are left of those would soon lie far apart.
func (s *Store) newRows(ctx context.Context, tx *sql.Tx) (known newRows, err error) {
	s.mu.Lock()
	fresh := s.fresh
	s.mu.Unlock()
	if fresh != nil {
		return *fresh, nil
	}
	if known, err = countNew(ctx, tx); err != nil || known.n == 0 {
		return known, err
	}
	err = tx.QueryRowContext(ctx, "SELECT key FROM record_new ORDER BY key LIMIT 1 OFFSET ?", rand.IntN(known.n)).Scan(&known.next)
	return known, err
}

func countNew(ctx context.Context, tx *sql.Tx) (known newRows, err error) {
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM record_new").Scan(&known.n)
	return known, err
}

const (
	moveNew = "INSERT OR REPLACE INTO record_at SELECT * FROM record_new WHERE key >= ?1 AND key < ?2 ORDER BY key, id"
	dropNew = "DELETE FROM record_new WHERE key >= ?1 AND key < ?2"
)

// moveOn moves some rows to record_at.
func moveOn(ctx context.Context, tx *sql.Tx, known newRows) (newRows, error) {
	var next int64
	err := tx.QueryRowContext(ctx, "SELECT key FROM record_new WHERE key >= ? ORDER BY key LIMIT 1 OFFSET ?", known.next, moveSome).Scan(&next)
	around := err == sql.ErrNoRows
	if around {
		next, err = math.MaxInt64, nil
	}
	if err != nil {
		return known, err
	}
	next = max(next, known.next+1) // where all of them have one key
	for _, stmt := range []string{moveNew, dropNew} {
		if _, err := tx.ExecContext(ctx, stmt, known.next, next); err != nil {
			return known, err
		}
	}
	if around { // some were deleted meanwhile
		return countNew(ctx, tx)
	}
	return newRows{known.n - moveSome, next}, nil
}

// makeLost deletes the rows by which some records are found.
func makeLost(ctx context.Context, tx *sql.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	list := jsonNumbers(ids)
	for _, table := range []string{"record_at", "record_new"} {
		for _, key := range []string{"source_key", "target_key"} {
			if _, err := tx.ExecContext(ctx, lostBy(table, key), list); err != nil {
				return err
			}
		}
	}
	return nil
}

// lostBy deletes the rows of a list of records from a table, those with one of their keys: with a UNION of both SQLite would
// scan the table.
func lostBy(table, key string) string {
	return "DELETE FROM " + table + " WHERE (key, id) IN (SELECT " + key + ", id FROM record WHERE id IN (SELECT value FROM json_each(?1)))"
}

// recordsAtOnce is how many records are sorted at once to fill record_at.
var recordsAtOnce = 1 << 18 // less in a test

// indexRecords fills record_at from the records.
func indexRecords(ctx context.Context, tx *sql.Tx) error {
	for after := int64(0); ; {
		var last sql.NullInt64
		err := tx.QueryRowContext(ctx, "SELECT max(id) FROM (SELECT id FROM record WHERE id > ? ORDER BY id LIMIT ?)", after, recordsAtOnce).Scan(&last)
		if err != nil || !last.Valid {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO record_at"+rowsOfRecords, after, last.Int64); err != nil {
			return err
		}
		after = last.Int64
	}
}

// recordsNotFound counts records that are not found by just the rows that they should have, rowsTooMany rows beyond those, or
// too few.
const (
	recordsNotFound = `
SELECT count(*) FROM record r WHERE
	(SELECT count(*) FROM record_at a WHERE a.key = r.source_key AND a.id = r.id AND a.side = (r.source_key = r.target_key))
	+ (SELECT count(*) FROM record_new a WHERE a.key = r.source_key AND a.id = r.id AND a.side = (r.source_key = r.target_key)) <> 1
	OR r.target_key NOT IN (0, r.source_key) AND
	(SELECT count(*) FROM record_at a WHERE a.key = r.target_key AND a.id = r.id AND a.side = 2)
	+ (SELECT count(*) FROM record_new a WHERE a.key = r.target_key AND a.id = r.id AND a.side = 2) <> 1`
	rowsTooMany = `
SELECT abs((SELECT count(*) FROM record_at) + (SELECT count(*) FROM record_new)
	- (SELECT coalesce(sum(1 + (target_key NOT IN (0, source_key))), 0) FROM record))`
)
