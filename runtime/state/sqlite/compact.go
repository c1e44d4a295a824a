package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/state"
)

// compactChunk is how many rows go in one transaction: few enough that a run does not notice.
const compactChunk = 1000

// Compact forgets what is old. The pages that it frees are used again; Vacuum gives them back to the disk.
func (s *Store) Compact(ctx context.Context, before time.Time) (c state.Compacted, err error) {
	at := before.UnixMicro()
	if err := s.mergeRenewed(ctx, 0, math.MaxInt64); err != nil {
		return c, err
	}
	if c.Ledger, err = s.compactLedger(ctx, at); err != nil {
		return c, err
	}
	// After the ledger: a run stays for as long as its writes do.
	if c.Runs, err = s.deleteSome(ctx, `
DELETE FROM run WHERE id IN (SELECT id FROM run r WHERE r.started < ?1 AND r.status <> 'running'
	AND NOT (json_extract(r.data, '$.outbox') IS NOT NULL AND json_extract(r.data, '$.outbox.replaced_by') IS NULL)
	AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.run = r.id)
	AND r.id <> (SELECT n.id FROM run n WHERE n.rule = r.rule ORDER BY n.started DESC, n.id DESC LIMIT 1)
	AND r.id <> coalesce((SELECT n.id FROM run n WHERE n.rule = r.rule AND n.status = 'succeeded' ORDER BY n.started DESC, n.id DESC LIMIT 1), '')
	LIMIT ?2)`, at); err != nil {
		return c, err
	}
	c.Dead, err = s.deleteSome(ctx, `
DELETE FROM dead WHERE id IN (SELECT id FROM dead WHERE at < ?1 AND status IN ('settled', 'dropped') LIMIT ?2)`, at)
	return c, err
}

// deleteSome runs a statement that deletes some rows until there are none left.
func (s *Store) deleteSome(ctx context.Context, stmt string, before int64) (total int64, err error) {
	for {
		var n int64
		err := s.tx(ctx, func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, stmt, before, compactChunk)
			if err == nil {
				n, err = res.RowsAffected()
			}
			return err
		})
		total += n
		if err != nil || n < compactChunk {
			return total, err
		}
	}
}

// Of both statements the first argument is a list of entries, as pairs of an id and the key of its target, all of which
// are in part 0 of ledger_at; the newer entries that are not make them keep more than they have to.

// forgettable are the entries of a list that newer entries of the same rule make superfluous, field by field, or because
// the last one deleted the record. Looking for it stops at the first or last entry of a record, so that one that is written
// every minute costs no more than others.
const forgettable = `
DELETE FROM ledger WHERE id IN (
	SELECT l.id FROM (SELECT value ->> 0 AS id, value ->> 1 AS key FROM json_each(?)) o CROSS JOIN ledger l ON l.id = o.id
	WHERE l.target = ''
	OR 'delete' = (
		SELECT CASE WHEN n.id > l.id THEN json_extract(n.data, '$.action') END
		FROM ledger_at a CROSS JOIN ledger n ON n.id = a.id
		WHERE a.part = 0 AND a.key = o.key AND n.target = l.target AND n.rule = l.rule ORDER BY a.id DESC LIMIT 1)
	OR EXISTS (
		SELECT 1 FROM ledger_at a CROSS JOIN ledger n ON n.id = a.id
		WHERE a.part = 0 AND a.key = o.key AND a.id > l.id AND n.target = l.target AND n.rule = l.rule)
	AND NOT EXISTS (SELECT 1 FROM json_each(l.data, '$.fields') f WHERE NOT EXISTS (
		SELECT 1 FROM ledger_at a CROSS JOIN ledger n ON n.id = a.id CROSS JOIN json_each(n.data, '$.fields') g
		WHERE a.part = 0 AND a.key = o.key AND a.id > l.id AND n.target = l.target AND n.rule = l.rule
			AND json_extract(g.value, '$.name') = json_extract(f.value, '$.name'))))
RETURNING id, target, source`

// deletions are the deletions that are all that is left of their records.
const deletions = `
DELETE FROM ledger WHERE id IN (
	SELECT l.id FROM (SELECT value ->> 0 AS id, value ->> 1 AS key FROM json_each(?)) o CROSS JOIN ledger l ON l.id = o.id
	WHERE json_extract(l.data, '$.action') = 'delete' AND NOT EXISTS (
		SELECT 1 FROM ledger_at a CROSS JOIN ledger n ON n.id = a.id
		WHERE a.part = 0 AND a.key = o.key AND a.id < l.id AND n.target = l.target AND n.rule = l.rule))
RETURNING id, target, source`

// compactLedger goes through the ledger from its beginning, up to where nothing is old any more.
func (s *Store) compactLedger(ctx context.Context, before int64) (total int64, err error) {
	var last sql.NullInt64 // what comes after it may have a part of its own
	if err := s.read.QueryRowContext(ctx, "SELECT max(id) FROM ledger").Scan(&last); err != nil {
		return 0, s.explain(err)
	}
	if err := s.mergeParts(ctx); err != nil {
		return 0, err
	}
	for from := int64(0); ; {
		old, to, err := s.oldEntries(ctx, from, last.Int64, before)
		if err != nil || old == "" {
			return total, err
		}
		err = s.tx(ctx, func(tx *sql.Tx) error {
			for _, stmt := range []string{forgettable, deletions} {
				n, err := forgetEntries(ctx, tx, stmt, old)
				if err != nil {
					return err
				}
				total += n
			}
			crashpoint.Reach(crashpoint.CompactWithin)
			return nil
		})
		if err != nil {
			return total, err
		}
		crashpoint.Reach(crashpoint.CompactAfter)
		from = to
	}
}

// oldEntries lists the old ones among the next entries of the ledger, up to last: pairs of an id and the key of its target.
// to is where the next ones begin; the list is "" when none is old.
func (s *Store) oldEntries(ctx context.Context, from, last, before int64) (list string, to int64, err error) {
	rows, err := s.read.QueryContext(ctx, "SELECT id, at < ?, target FROM ledger WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", before, from, last, compactChunk)
	if err != nil {
		return "", from, s.explain(err)
	}
	defer rows.Close()
	var pairs [][2]int64
	to = from
	for rows.Next() {
		var old bool
		var target string
		if err := rows.Scan(&to, &old, &target); err != nil {
			return "", from, s.explain(err)
		}
		if old {
			pairs = append(pairs, [2]int64{to, ledgerKey(target)})
		}
	}
	if err := rows.Err(); err != nil || len(pairs) == 0 {
		return "", from, s.explain(err)
	}
	b, err := json.Marshal(pairs)
	return string(b), to, err
}

// forgetEntries runs a statement that deletes some of a list of entries and gives them, and deletes where they are found.
func forgetEntries(ctx context.Context, tx *sql.Tx, stmt, list string) (n int64, err error) {
	rows, err := tx.QueryContext(ctx, stmt, list)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var places []ledgerAt
	for rows.Next() {
		var id int64
		var target, source string
		if err := rows.Scan(&id, &target, &source); err != nil {
			return 0, err
		}
		n++
		places = placesOf(places, 0, id, target, source)
	}
	if err := rows.Err(); err != nil || n == 0 {
		return 0, err
	}
	rows.Close()
	return n, dropPlaces(ctx, tx, places)
}

// Vacuum writes the file anew without free pages and gives its size before and after. It is for the holder, and needs
// as much free space on the disk as the file has. A file of which less than a tenth is free is left as it is.
func (s *Store) Vacuum(ctx context.Context) (before, after int64, err error) {
	size := func() (pages, free, page int64, err error) {
		for name, into := range map[string]*int64{"page_count": &pages, "freelist_count": &free, "page_size": &page} {
			if err := s.write.QueryRowContext(ctx, "PRAGMA "+name).Scan(into); err != nil {
				return 0, 0, 0, s.explain(err)
			}
		}
		return pages, free, page, nil
	}
	pages, free, page, err := size()
	if err != nil {
		return 0, 0, err
	}
	before = pages * page
	if free*10 < pages {
		return before, before, nil
	}
	crashpoint.Reach(crashpoint.VacuumBefore)
	if _, err := s.write.ExecContext(ctx, "VACUUM"); err != nil {
		return before, before, fmt.Errorf("giving space back to the disk: %w", s.explain(err))
	}
	crashpoint.Reach(crashpoint.VacuumAfter)
	if _, err := s.write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return before, before, s.explain(err)
	}
	pages, _, page, err = size()
	return before, pages * page, err
}
