package sql

import (
	"context"
	stdsql "database/sql"
	"strings"

	"github.com/syncline/syncline/lang/value"
)

// insert adds one row. Statements are prepared once a transaction: several rows in one gain nothing here.
func (d sqliteDialect) insert(ctx context.Context, tx *txn, t *table, cols []*column, rows [][]value.Value) ([]string, error) {
	text := "INSERT INTO " + t.target + " DEFAULT VALUES"
	if len(cols) > 0 {
		text = "INSERT INTO " + t.target + " (" + d.names(cols) + ") VALUES (?" + strings.Repeat(", ?", len(cols)-1) + ")"
	}
	args := make([]any, len(cols))
	for i, c := range cols {
		args[i] = d.stored(c, rows[0][i])
	}
	ctx = brief(ctx)
	key := t.single()
	if key == nil || hasColumn(cols, key) {
		_, err := tx.exec(ctx, text, args...)
		return nil, err
	}
	stmt, err := tx.prepared(ctx, text+" RETURNING +"+d.quote(key.db))
	if err != nil {
		return nil, err
	}
	var id any
	err = stmt.QueryRowContext(ctx, args...).Scan(&id)
	return []string{idText(id)}, err
}

// brief is a context for a statement about one row. The transaction heeds the context; for each statement that did, the
// driver would start a goroutine to wait for it.
func brief(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func (d sqliteDialect) names(cols []*column) string {
	parts := make([]string, len(cols))
	for i, c := range cols {
		parts[i] = d.quote(c.db)
	}
	return strings.Join(parts, ", ")
}

func (d sqliteDialect) update(ctx context.Context, tx *txn, t *table, by *column, keys []string, cols []*column, rows [][]value.Value) ([]bool, error) {
	sets, args := make([]string, len(cols)), make([]any, len(cols), len(cols)+1)
	for i, c := range cols {
		sets[i], args[i] = d.quote(c.db)+" = ?", d.stored(c, rows[0][i])
	}
	return d.found(tx.exec(brief(ctx), "UPDATE "+t.target+" SET "+strings.Join(sets, ", ")+" WHERE "+d.quote(by.db)+" = ?", append(args, d.key(by, keys[0]))...))
}

func (d sqliteDialect) remove(ctx context.Context, tx *txn, t *table, by *column, keys []string) ([]bool, error) {
	return d.found(tx.exec(brief(ctx), "DELETE FROM "+t.target+" WHERE "+d.quote(by.db)+" = ?", d.key(by, keys[0])))
}

// key is an id in the form in which the column holds it.
func (d sqliteDialect) key(c *column, id string) any {
	var v value.Value
	if !c.Kind.IsNumber() || c.setFromText(nil, id, &v) != nil {
		return id
	}
	return d.stored(c, v)
}

func (sqliteDialect) found(res stdsql.Result, err error) ([]bool, error) {
	if err != nil {
		return nil, err
	}
	n, err := res.RowsAffected()
	return []bool{n > 0}, err
}
