package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/state"
)

// compactChunk is how many rows go in one transaction: few enough that a run does not notice.
const compactChunk = 1000

// Compact forgets what is old. The pages that it frees are used again; Vacuum gives them back to the disk.
func (s *Store) Compact(ctx context.Context, before time.Time) (c state.Compacted, err error) {
	at := before.UnixMicro()
	if c.Ledger, err = s.compactLedger(ctx, at); err != nil {
		return c, err
	}
	// After the ledger: a run stays for as long as its writes do.
	if c.Runs, err = s.deleteSome(ctx, `
DELETE FROM run WHERE id IN (SELECT id FROM run r WHERE r.started < ?1 AND r.status <> 'running'
	AND NOT (r.status = 'waiting' AND json_extract(r.data, '$.outbox') IS NOT NULL)
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

// forgettable are the entries of a range of ids that newer entries of the same rule make superfluous, field by field, or
// because the last one deleted the record. Looking for it stops at the first or last entry of a record, so that one that
// is written every minute costs no more than others.
const forgettable = `
DELETE FROM ledger AS l WHERE l.id > ?1 AND l.id <= ?2 AND l.at < ?3 AND (l.target = ''
	OR 'delete' = (
		SELECT CASE WHEN n.id > l.id THEN json_extract(n.data, '$.action') END FROM ledger n INDEXED BY ledger_target
		WHERE n.target = l.target AND n.target <> '' AND n.rule = l.rule ORDER BY n.id DESC LIMIT 1)
	OR EXISTS (
		SELECT 1 FROM ledger n INDEXED BY ledger_target WHERE n.target = l.target AND n.target <> '' AND n.rule = l.rule AND n.id > l.id)
	AND NOT EXISTS (SELECT 1 FROM json_each(l.data, '$.fields') f WHERE NOT EXISTS (
		SELECT 1 FROM ledger n INDEXED BY ledger_target CROSS JOIN json_each(n.data, '$.fields') g
		WHERE n.target = l.target AND n.target <> '' AND n.rule = l.rule AND n.id > l.id
			AND json_extract(g.value, '$.name') = json_extract(f.value, '$.name'))))`

// deletions are the deletions that are all that is left of their records.
const deletions = `
DELETE FROM ledger AS l WHERE l.id > ?1 AND l.id <= ?2 AND l.at < ?3 AND json_extract(l.data, '$.action') = 'delete' AND NOT EXISTS (
	SELECT 1 FROM ledger n INDEXED BY ledger_target WHERE n.target = l.target AND n.target <> '' AND n.rule = l.rule AND n.id < l.id)`

// compactLedger goes through the ledger from its beginning, up to where nothing is old any more.
func (s *Store) compactLedger(ctx context.Context, before int64) (total int64, err error) {
	for from := int64(0); ; {
		var to sql.NullInt64
		var old int
		err := s.read.QueryRowContext(ctx, `
SELECT max(id), coalesce(sum(at < ?2), 0) FROM (SELECT id, at FROM ledger WHERE id > ?1 ORDER BY id LIMIT ?3)`, from, before, compactChunk).Scan(&to, &old)
		if err != nil {
			return total, s.explain(err)
		}
		if !to.Valid || old == 0 {
			return total, nil
		}
		err = s.tx(ctx, func(tx *sql.Tx) error {
			for _, stmt := range []string{forgettable, deletions} {
				res, err := tx.ExecContext(ctx, stmt, from, to.Int64, before)
				if err != nil {
					return err
				}
				n, err := res.RowsAffected()
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
		from = to.Int64
	}
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
