package sql

import (
	"context"
	stdsql "database/sql"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// dialect is what differs between the databases.
type dialect interface {
	name() string
	// quote writes a name so that it is taken as it is.
	quote(name string) string
	// place is the n-th placeholder of a statement, from 1.
	place(n int) string

	// tables lists tables and views by the names that Describe takes.
	tables(ctx context.Context, db *stdsql.DB) ([]connectors.ObjectInfo, error)
	// table describes one, nil when there is none.
	table(ctx context.Context, db *stdsql.DB, name string) (*table, error)
	// query describes the columns of a query.
	query(ctx context.Context, db *stdsql.DB, text string) ([]*column, error)
	// identity tells user, database and version.
	identity(ctx context.Context, db *stdsql.DB) (user, database, version string, err error)

	// fetch runs a query whose columns are the position's and then the record's, and gives each row to the sink.
	fetch(ctx context.Context, conn *stdsql.Conn, query string, args []any, sink *rowSink) error
	// selected is a column in a select list, position the same for a keyset position.
	selected(c *column) string
	position(c *column) string

	// arg makes a placeholder and its argument for a value of the column.
	arg(b *builder, c *column, v value.Value) string
	// posArg makes a placeholder for a position that was read by position.
	posArg(b *builder, c *column, v any) string
	// list makes the test that an expression of the column equals one of the values.
	list(b *builder, c *column, expr string, values []value.Value) string
	// text is a column as a text, exact is an expression of it that compares byte by byte, orders likewise, and folds nothing.
	text(c *column) string
	exact(expr string) string
	// tests makes a prefix, suffix or substring test, exact to the byte.
	tests(b *builder, expr string, test int, s string) string
	// timed gives the expression and the way to compare a date or datetime column; ok is false where it cannot.
	timed(b *builder, c *column, op string, v value.Value) (sql string, exact, ok bool)

	// newest is the query of the greatest modified value, no later than now, as a position.
	newest(c *column, from string) string
	// capped cuts what newest gave, where the database could not.
	capped(v any) any
	// since is the lower bound of a read of changes: the position less the overlap.
	since(b *builder, c *column, v any, overlap float64) string

	// multi tells whether several records go in one statement.
	multi() bool
	// savepoints tells whether a failed statement spoils the transaction unless there is one.
	savepoints() bool
	// lockClause locks the rows that a select finds until the end of the transaction.
	lockClause() string
	inserts
	// classify makes an error of ours of the database's.
	classify(err error) *connectors.Error
}

// inserts are the statements that change records. Rows are aligned with cols.
type inserts interface {
	// insert adds rows and gives their keys in order where the database makes them, else nil.
	insert(ctx context.Context, tx *txn, t *table, cols []*column, rows [][]value.Value) ([]string, error)
	// update sets cols of the records whose column by has the given texts, and tells which it found.
	update(ctx context.Context, tx *txn, t *table, by *column, keys []string, cols []*column, rows [][]value.Value) ([]bool, error)
	// remove deletes, and tells which it found.
	remove(ctx context.Context, tx *txn, t *table, by *column, keys []string) ([]bool, error)
}

// builder collects a statement's arguments.
type builder struct {
	d    dialect
	args []any
}

func (b *builder) add(v any) string {
	b.args = append(b.args, v)
	return b.d.place(len(b.args))
}
