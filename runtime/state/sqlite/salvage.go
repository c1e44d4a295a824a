package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// salvage makes what was saved of a damaged file something to go on from: nobody knows which rows are missing, or
// which were changed by the damage and read without an error. It tells what it had to leave out.
func (s *Store) salvage(ctx context.Context) (lost []string, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		placed := version >= 9
		// The next rule takes a number that is free: it must not find rows under it.
		ruleOf := map[string]string{"record": "rule", "edge": "rule", "series": "rule", "past": "rule", "recorded": "rule"}
		if placed {
			ruleOf["record"] = fmt.Sprintf("id >> %d", ruleShift)
		}
		for _, t := range tables {
			rule := ruleOf[t]
			if rule == "" || !has(ctx, tx, t) {
				continue
			}
			res, err := tx.ExecContext(ctx, "DELETE FROM "+t+" WHERE ("+rule+") NOT IN (SELECT id FROM rule)")
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n > 0 {
				lost = append(lost, fmt.Sprintf("%s: %d rows were of rules whose names are lost", t, n))
			}
		}
		if placed {
			if n, err := dropMisplaced(ctx, tx); err != nil {
				return err
			} else if n > 0 {
				lost = append(lost, fmt.Sprintf("record: %d rows had damaged ids", n))
			}
		}
		if has(ctx, tx, "renewed") {
			if _, err := tx.ExecContext(ctx, "DELETE FROM renewed WHERE "+ofNoRecord); err != nil {
				return err
			}
		}
		if has(ctx, tx, "record_at") {
			if err := indexRecords(ctx, tx); err != nil {
				return err
			}
		}
		if has(ctx, tx, "ledger_at") {
			if err := indexLedger(ctx, tx); err != nil {
				return err
			}
		}
		// A record that is missing would fire as one that is new: until all were looked at once, none is new.
		if has(ctx, tx, "watch") {
			if _, err := tx.ExecContext(ctx, "UPDATE watch SET cursor = '', complete = 0"); err != nil {
				return err
			}
		}
		// And one that did not change since would not be written again.
		_, err := tx.ExecContext(ctx, "UPDATE checkpoint SET cursor = '', full_done = 0")
		return err
	})
	return lost, err
}

// dropMisplaced leaves out records that do not stand where their ids are looked for: an id or its key is damaged, and a
// link from an id that no source has would end as one whose source has left.
func dropMisplaced(ctx context.Context, tx *sql.Tx) (n int, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, source_key, target_key, source, target FROM record")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var wrong []int64
	for rows.Next() {
		var id, heldSource, heldTarget int64
		var source, target string
		if err := rows.Scan(&id, &heldSource, &heldTarget, &source, &target); err != nil {
			return 0, err
		}
		if rule := id >> ruleShift; heldSource != placeKey(rule, source) || heldTarget != targetKey(rule, target) {
			wrong = append(wrong, id)
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM record WHERE id IN (SELECT value FROM json_each(?))", jsonNumbers(wrong))
	return len(wrong), err
}

// copyTable carries over rows from the first one until one cannot be read, and then from the last one back: a page that
// is damaged costs no more than what is on it.
// unread says why not all were read; with err, such as a full disk, nothing was carried over.
func copyTable(ctx context.Context, from, to *sql.DB, table string) (n int64, unread, err error) {
	tx, err := to.BeginTx(ctx, nil)
	if err != nil {
		return 0, nil, err
	}
	defer tx.Rollback()
	n, unread, err = copyRows(ctx, from, tx, table, "")
	if err == nil && unread != nil {
		var order string
		if order, err = backwards(ctx, tx, table); err != nil {
			return 0, nil, err
		}
		var more int64
		more, _, err = copyRows(ctx, from, tx, table, order) // up to the damage, of which the first way has told
		n += more
	}
	if err != nil {
		return 0, nil, err
	}
	return n, unread, tx.Commit()
}

// backwards is the order of a table from its end.
func backwards(ctx context.Context, tx *sql.Tx, table string) (order string, err error) {
	err = tx.QueryRowContext(ctx, `
SELECT CASE WHEN wr THEN (SELECT group_concat(name || ' DESC', ', ' ORDER BY pk) FROM pragma_table_info(?1) WHERE pk > 0) ELSE 'rowid DESC' END
FROM pragma_table_list WHERE schema = 'main' AND name = ?1`, table).Scan(&order)
	return " ORDER BY " + order, err
}

// copyRows counts the rows that were not there yet, up to the first one that cannot be read.
func copyRows(ctx context.Context, from *sql.DB, to *sql.Tx, table, order string) (n int64, unread, err error) {
	rows, err := from.QueryContext(ctx, "SELECT * FROM "+table+order)
	if err != nil {
		return 0, err, nil
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return 0, err, nil
	}
	put, err := to.PrepareContext(ctx, "INSERT OR IGNORE INTO "+table+" ("+strings.Join(names, ", ")+") VALUES (?"+
		strings.Repeat(", ?", len(names)-1)+")")
	if err != nil {
		return 0, err, nil // it is not the table that it should be
	}
	defer put.Close()
	for rows.Next() {
		values, err := scanAny(rows, len(names))
		if err != nil {
			return n, err, nil
		}
		res, err := put.ExecContext(ctx, values...)
		if err != nil {
			return n, nil, err
		}
		added, err := res.RowsAffected()
		if err != nil {
			return n, nil, err
		}
		n += added
	}
	return n, rows.Err(), nil
}
