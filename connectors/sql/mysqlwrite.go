package sql

import (
	"context"
	"strconv"
	"strings"

	"github.com/syncline/syncline/lang/value"
)

// insert adds rows by one statement; where the database makes the keys, by one each, as it tells only the last.
func (d mysqlDialect) insert(ctx context.Context, tx *txn, t *table, cols []*column, rows [][]value.Value) ([]string, error) {
	key := t.single()
	if key == nil || hasColumn(cols, key) {
		_, err := d.insertRows(ctx, tx, t, cols, rows)
		return nil, err
	}
	ids := make([]string, len(rows))
	for i := range rows {
		id, err := d.insertRows(ctx, tx, t, cols, rows[i:i+1])
		if err != nil {
			return nil, err
		}
		if id != 0 { // 0: the key is a default that MySQL does not tell
			ids[i] = strconv.FormatInt(id, 10)
		}
	}
	return ids, nil
}

func (d mysqlDialect) insertRows(ctx context.Context, tx *txn, t *table, cols []*column, rows [][]value.Value) (int64, error) {
	b := &builder{d: d}
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = d.quote(c.db)
	}
	tuples := make([]string, len(rows))
	for i, r := range rows {
		places := make([]string, len(cols))
		for j, c := range cols {
			places[j] = b.add(d.stored(c, r[j]))
		}
		tuples[i] = "(" + strings.Join(places, ", ") + ")"
	}
	res, err := tx.ExecContext(ctx, "INSERT INTO "+t.target+" ("+strings.Join(names, ", ")+") VALUES "+strings.Join(tuples, ", "), b.args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// update changes the rows one by one in the same transaction: MySQL has no statement that sets several rows from values and
// tells which it found.
func (d mysqlDialect) update(ctx context.Context, tx *txn, t *table, by *column, keys []string, cols []*column, rows [][]value.Value) ([]bool, error) {
	sets := make([]string, len(cols))
	for i, c := range cols {
		sets[i] = d.quote(c.db) + " = ?"
	}
	text := "UPDATE " + t.target + " SET " + strings.Join(sets, ", ") + " WHERE " + d.quote(by.db) + " = ?"
	out := make([]bool, len(rows))
	for i, r := range rows {
		args := make([]any, 0, len(cols)+1)
		for j, c := range cols {
			args = append(args, d.stored(c, r[j]))
		}
		n, err := d.affected(ctx, tx, text, append(args, d.key(by, keys[i])))
		if err != nil {
			return nil, err
		}
		out[i] = n > 0
	}
	return out, nil
}

func (d mysqlDialect) remove(ctx context.Context, tx *txn, t *table, by *column, keys []string) ([]bool, error) {
	out := make([]bool, len(keys))
	for i, k := range keys {
		n, err := d.affected(ctx, tx, "DELETE FROM "+t.target+" WHERE "+d.quote(by.db)+" = ?", []any{d.key(by, k)})
		if err != nil {
			return nil, err
		}
		out[i] = n > 0
	}
	return out, nil
}

func (mysqlDialect) affected(ctx context.Context, tx *txn, text string, args []any) (int64, error) {
	res, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// key is an id as its column compares best: a number for a number, so that no text is turned into a float.
func (d mysqlDialect) key(c *column, id string) any {
	var v value.Value
	if !c.Kind.IsNumber() || c.setFromText(nil, id, &v) != nil {
		return id
	}
	return d.stored(c, v)
}
