package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/syncline/syncline/runtime/state"
)

// The entries of a record are found by the table ledger_at, which has a row for each id that an entry is found by: its
// target and, where that is another one, its source. A tree over all of them would change a page for nearly every entry,
// because records come in any order. So each run of ledgerPart entries has a part of its own, which is small, and who looks
// for a record asks all parts. What is old is moved to part 0 before it is compacted, so that there are never many.

const (
	ledgerPart  = 1 << ledgerShift // ids of entries in a part
	ledgerShift = 14
)

// ledgerKey stands for an id of a record. Others may have the same one.
func ledgerKey(id string) int64 { return int64(state.SourceHash(id) >> 16) }

// ledgerAt is a row of the table.
type ledgerAt struct{ part, key, id int64 }

func (a ledgerAt) compare(b ledgerAt) int {
	return cmp.Or(cmp.Compare(a.part, b.part), cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id))
}

// partOf is the part that an entry is written to.
func partOf(id int64) int64 { return id >> ledgerShift }

// placesOf appends where an entry is found in a part.
func placesOf(to []ledgerAt, part, id int64, target, source string) []ledgerAt {
	if target != "" {
		to = append(to, ledgerAt{part, ledgerKey(target), id})
	}
	if source != target {
		to = append(to, ledgerAt{part, ledgerKey(source), id})
	}
	return to
}

// putPlaces stores where entries are found, in the order of the table.
func putPlaces(ctx context.Context, tx *sql.Tx, places []ledgerAt) error {
	slices.SortFunc(places, ledgerAt.compare)
	places = slices.Compact(places)
	return addRows(ctx, tx, "ledger_at (part, key, id)", 3, len(places), func(args []any, i int) []any {
		return append(args, places[i].part, places[i].key, places[i].id)
	})
}

// dropPlaces forgets where entries are found.
func dropPlaces(ctx context.Context, tx *sql.Tx, places []ledgerAt) error {
	slices.SortFunc(places, ledgerAt.compare)
	drop, err := tx.PrepareContext(ctx, "DELETE FROM ledger_at WHERE part = ? AND key = ? AND id = ?")
	if err != nil {
		return err
	}
	defer drop.Close()
	for _, p := range places {
		if _, err := drop.ExecContext(ctx, p.part, p.key, p.id); err != nil {
			return err
		}
	}
	return nil
}

// inAnyPart are the ids of the entries that may be of a record, from the newest part back; its argument is the ledgerKey.
const inAnyPart = `
SELECT a.id FROM (
	WITH RECURSIVE p(part) AS (
		SELECT max(part) FROM ledger_at UNION ALL SELECT (SELECT max(part) FROM ledger_at WHERE part < p.part) FROM p WHERE p.part IS NOT NULL)
	SELECT part FROM p WHERE part IS NOT NULL) p CROSS JOIN ledger_at a ON a.part = p.part AND a.key = ?`

// mergeParts moves what has a part of its own to part 0, a part at a time.
func (s *Store) mergeParts(ctx context.Context) error {
	parts, err := collect(ctx, s, "SELECT DISTINCT part FROM ledger_at WHERE part > 0", func(rows *sql.Rows) (part int64, err error) {
		return part, rows.Scan(&part)
	})
	if err != nil {
		return err
	}
	for _, part := range parts {
		err := s.tx(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, "INSERT INTO ledger_at (part, key, id) SELECT 0, key, id FROM ledger_at WHERE part = ? ORDER BY key, id", part); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, "DELETE FROM ledger_at WHERE part = ?", part)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// indexLedger fills the table from the ledger.
func indexLedger(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM ledger_at"); err != nil {
		return err
	}
	for last := int64(-1); ; {
		places, next, err := someEntries(ctx, tx, last)
		if err != nil || next == last {
			return err
		}
		if err := putPlaces(ctx, tx, places); err != nil {
			return err
		}
		last = next
	}
}

// someEntries gives where the next entries of the ledger are found. last is the last of them.
func someEntries(ctx context.Context, tx *sql.Tx, after int64) (places []ledgerAt, last int64, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, target, source FROM ledger WHERE id > ? ORDER BY id LIMIT ?", after, ledgerPart)
	if err != nil {
		return nil, after, err
	}
	defer rows.Close()
	last = after
	for rows.Next() {
		var target, source string
		if err := rows.Scan(&last, &target, &source); err != nil {
			return nil, after, err
		}
		places = placesOf(places, partOf(last), last, target, source)
	}
	return places, last, rows.Err()
}

// entriesNotFound counts by how many rows the table has too few, or too many.
const entriesNotFound = `
SELECT abs((SELECT coalesce(sum((target <> '') + (source <> target)), 0) FROM ledger) - (SELECT count(*) FROM ledger_at))`
