package sql

import (
	"context"
	"fmt"
	"strings"

	"github.com/syncline/syncline/lang/value"
)

// insert adds rows by one statement: each column is one array, so that the statement is the same for any number of rows.
// Rows are inserted and returned in their order, so that keys that the database makes find their records.
func (d postgres) insert(ctx context.Context, tx *txn, t *table, cols []*column, rows [][]value.Value) ([]string, error) {
	key := t.single()
	returning := ""
	if key != nil && !hasColumn(cols, key) {
		returning = " RETURNING " + d.position(key)
	}
	if len(cols) == 0 {
		var ids []string
		for range rows {
			got, err := d.keys(ctx, tx, "INSERT INTO "+t.target+" DEFAULT VALUES"+returning, nil)
			if err != nil {
				return nil, err
			}
			ids = append(ids, got...)
		}
		return ids, nil
	}
	var names, values []string
	for i, c := range cols {
		names = append(names, d.quote(c.db))
		values = append(values, fmt.Sprintf("v.c%d::%s", i, c.cast()))
	}
	from, args := d.unnest(nil, cols, rows)
	text := "INSERT INTO " + t.target + " (" + strings.Join(names, ", ") + ") SELECT " + strings.Join(values, ", ") + " FROM " + from + " ORDER BY v.n" + returning
	ids, err := d.keys(ctx, tx, text, args)
	if err == nil && returning != "" && len(ids) != len(rows) {
		err = fmt.Errorf("%d rows were inserted of %d", len(ids), len(rows))
	}
	if returning == "" {
		ids = nil
	}
	return ids, err
}

// keys runs a statement that may return keys.
func (postgres) keys(ctx context.Context, tx *txn, text string, args []any) ([]string, error) {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// unnest makes a table v of the rows: k the keys where there are any, c0, c1 … the columns, all as text.
func (d postgres) unnest(keys []string, cols []*column, rows [][]value.Value) (string, []any) {
	b := &builder{d: d}
	var arrays, names []string
	if keys != nil {
		arrays, names = append(arrays, b.add(keys)+"::text[]"), append(names, "k")
	}
	for i, c := range cols {
		texts := make([]*string, len(rows))
		for j, r := range rows {
			if s, ok := d.stored(c, r[i]).(string); ok {
				texts[j] = &s
			}
		}
		arrays, names = append(arrays, b.add(texts)+"::text[]"), append(names, fmt.Sprintf("c%d", i))
	}
	return "unnest(" + strings.Join(arrays, ", ") + ") WITH ORDINALITY AS v(" + strings.Join(names, ", ") + ", n)", b.args
}

func (d postgres) update(ctx context.Context, tx *txn, t *table, by *column, keys []string, cols []*column, rows [][]value.Value) ([]bool, error) {
	var sets []string
	for i, c := range cols {
		sets = append(sets, fmt.Sprintf("%s = v.c%d::%s", d.quote(c.db), i, c.cast()))
	}
	from, args := d.unnest(keys, cols, rows)
	return d.found(ctx, tx, keys, "UPDATE "+t.target+" AS t SET "+strings.Join(sets, ", ")+" FROM "+from+d.matched(by), args)
}

func (d postgres) remove(ctx context.Context, tx *txn, t *table, by *column, keys []string) ([]bool, error) {
	from, args := d.unnest(keys, nil, nil)
	return d.found(ctx, tx, keys, "DELETE FROM "+t.target+" AS t USING "+from+d.matched(by), args)
}

func (d postgres) matched(by *column) string {
	return " WHERE t." + d.quote(by.db) + " = v.k::" + by.cast() + " RETURNING v.k"
}

// found runs a statement that returns the keys it met.
func (d postgres) found(ctx context.Context, tx *txn, keys []string, text string, args []any) ([]bool, error) {
	found, err := d.keys(ctx, tx, text, args)
	if err != nil {
		return nil, err
	}
	met := map[string]bool{}
	for _, k := range found {
		met[k] = true
	}
	out := make([]bool, len(keys))
	for i, k := range keys {
		out[i] = met[k]
	}
	return out, nil
}
