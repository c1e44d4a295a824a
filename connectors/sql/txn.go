package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strconv"

	"github.com/syncline/syncline/lang/value"
)

// txn is a transaction with its prepared statements.
type txn struct {
	*stdsql.Tx
	stmts map[string]*stdsql.Stmt
}

// maxStatements bounds the statements that a transaction keeps: records that change other fields each are other statements.
const maxStatements = 64

// prepared gives a statement, prepared once. The transaction's end closes it.
func (t *txn) prepared(ctx context.Context, text string) (*stdsql.Stmt, error) {
	if s := t.stmts[text]; s != nil {
		return s, nil
	}
	if len(t.stmts) >= maxStatements {
		for key, s := range t.stmts {
			_ = s.Close()
			delete(t.stmts, key)
		}
	}
	s, err := t.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	t.stmts[text] = s
	return s, nil
}

func (t *txn) exec(ctx context.Context, text string, args ...any) (stdsql.Result, error) {
	s, err := t.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (c *connection) begin(ctx context.Context) (*txn, error) {
	db, err := c.built(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &txn{Tx: tx, stmts: map[string]*stdsql.Stmt{}}, nil
}

// idText is a key as the engine knows it: as value.Value prints it.
func idText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return value.Float(v).String()
	}
	return fmt.Sprint(v)
}

func hasColumn(cols []*column, c *column) bool {
	for _, x := range cols {
		if x == c {
			return true
		}
	}
	return false
}
