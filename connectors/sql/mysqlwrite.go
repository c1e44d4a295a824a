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

// updateRows is the most rows of one update: each row's key is compared with those before it.
const updateRows = 100

// update sets several rows by one statement, each column by CASE on the key: that keeps the literals comparable with a
// column of any collation, which a join with them would not.
func (d mysqlDialect) update(ctx context.Context, tx *txn, t *table, by *column, keys []string, cols []*column, rows [][]value.Value) ([]bool, error) {
	var out []bool
	for start := 0; start < len(rows); start += updateRows {
		end := min(start+updateRows, len(rows))
		found, err := d.updateSome(ctx, tx, t, by, keys[start:end], cols, rows[start:end])
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func (d mysqlDialect) updateSome(ctx context.Context, tx *txn, t *table, by *column, keys []string, cols []*column, rows [][]value.Value) ([]bool, error) {
	b := &builder{d: d}
	sets := make([]string, len(cols))
	for i, c := range cols {
		if len(rows) == 1 {
			sets[i] = d.quote(c.db) + " = " + b.add(d.stored(c, rows[0][i]))
			continue
		}
		var s strings.Builder
		s.WriteString(d.quote(c.db) + " = CASE " + d.quote(by.db))
		for j, r := range rows {
			s.WriteString(" WHEN " + b.add(d.key(by, keys[j])) + " THEN " + b.add(d.stored(c, r[i])))
		}
		s.WriteString(" END")
		sets[i] = s.String()
	}
	text := "UPDATE " + t.target + " SET " + strings.Join(sets, ", ") + d.whereKeys(b, by, keys)
	res, err := tx.ExecContext(ctx, text, b.args...)
	if err != nil {
		return nil, err
	}
	// The count is of rows found. Only when some are missing does it matter which.
	if n, err := res.RowsAffected(); err != nil || n == int64(len(keys)) {
		return all(len(keys)), err
	}
	return d.there(ctx, tx, t, by, keys)
}

func (d mysqlDialect) remove(ctx context.Context, tx *txn, t *table, by *column, keys []string) ([]bool, error) {
	found, err := d.there(ctx, tx, t, by, keys)
	if err != nil {
		return nil, err
	}
	b := &builder{d: d}
	_, err = tx.ExecContext(ctx, "DELETE FROM "+t.target+d.whereKeys(b, by, keys), b.args...)
	return found, err
}

// there tells which keys the table has, and locks them.
func (d mysqlDialect) there(ctx context.Context, tx *txn, t *table, by *column, keys []string) ([]bool, error) {
	b := &builder{d: d}
	rows, err := tx.QueryContext(ctx, "SELECT "+d.position(by)+" FROM "+t.target+d.whereKeys(b, by, keys)+d.lockClause(), b.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	met := map[string]bool{}
	for rows.Next() {
		var k any
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		met[idText(k)] = true
	}
	out := make([]bool, len(keys))
	for i, k := range keys {
		out[i] = met[k]
	}
	return out, rows.Err()
}

func (d mysqlDialect) whereKeys(b *builder, by *column, keys []string) string {
	places := make([]string, len(keys))
	for i, k := range keys {
		places[i] = b.add(d.key(by, k))
	}
	return " WHERE " + d.quote(by.db) + " IN (" + strings.Join(places, ", ") + ")"
}

func all(n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = true
	}
	return out
}

// key is an id as its column compares best: a number for a number, so that no text is turned into a float.
func (d mysqlDialect) key(c *column, id string) any {
	var v value.Value
	if !c.Kind.IsNumber() || c.setFromText(nil, id, &v) != nil {
		return id
	}
	return d.stored(c, v)
}
