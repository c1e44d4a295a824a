package sqlite

import (
	"context"
	"database/sql"

	"github.com/syncline/syncline/runtime/state"
)

// moveRecords fills the record table of version 9 from the one before, which was in order of rule and source.
func moveRecords(ctx context.Context, tx *sql.Tx) error {
	add, err := tx.PrepareContext(ctx, "INSERT INTO "+recordRow+" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer add.Close()
	rows, err := tx.QueryContext(ctx, "SELECT rule, source, target, keys, hash, shadow, fields, seen FROM record_by_name ORDER BY rule, source")
	if err != nil {
		return err
	}
	defer rows.Close()
	var last, id int64
	for rows.Next() {
		var rule, hash int64
		var r state.Record
		if err := rows.Scan(&rule, &r.Source, &r.Target, &r.Keys, &hash, &r.Shadow, &r.Fields, &r.Seen); err != nil {
			return err
		}
		if rule != last {
			last, id = rule, firstID(rule)
		}
		id++
		if _, err := add.ExecContext(ctx, id, placeKey(rule, r.Source), targetKey(rule, r.Target), r.Source, r.Target, r.Keys, hash,
			r.Shadow, r.Fields, r.Seen); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	_, err = tx.ExecContext(ctx, "DROP TABLE record_by_name")
	return err
}
