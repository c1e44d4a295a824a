package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// sqliteDialect is SQLite through modernc.org/sqlite, without cgo.
type sqliteDialect struct{ now func() time.Time }

func openSQLite(ctx context.Context, c connectors.Config) (*connection, error) {
	path := c.Settings.Text("path")
	if path == "" {
		return nil, setting("path", "is missing; name the database file")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.Dir, path)
	}
	script, err := missingSQLite(path, c)
	if err != nil {
		return nil, err
	}
	now := c.Now
	if now == nil {
		now = time.Now
	}
	open := func() (*stdsql.DB, error) {
		db, err := stdsql.Open("sqlite", sqliteDSN(path, "rw"))
		if err != nil {
			return nil, setting("path", fmt.Sprintf("%q: %v", path, err))
		}
		return db, nil
	}
	if script != "" {
		open = func() (*stdsql.DB, error) { return likeness(ctx, script, c) }
	}
	db, err := open()
	if err != nil {
		return nil, err
	}
	conn, err := newConnection(sqliteDialect{now}, db, c)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	conn.batch, conn.parallel = 2000, 2
	if script != "" {
		conn.build = func(ctx context.Context) (*stdsql.DB, error) {
			if err := createSQLite(ctx, path, script, c); err != nil {
				return nil, err
			}
			return stdsql.Open("sqlite", sqliteDSN(path, "rw"))
		}
	}
	return conn, nil
}

// sqliteDSN tunes each connection: a larger cache and rare checkpoints make writes much faster. There may be three
// connections, whose caches take twice their size.
func sqliteDSN(path, mode string) string {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "cache_size(-8192)", "wal_autocheckpoint(8000)", "foreign_keys(1)"}}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func (sqliteDialect) name() string { return "sqlite" }
func (sqliteDialect) quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
func (sqliteDialect) place(int) string   { return "?" }
func (sqliteDialect) multi() bool        { return false }
func (sqliteDialect) savepoints() bool   { return false }
func (sqliteDialect) lockClause() string { return "" }

func (sqliteDialect) identity(ctx context.Context, db *stdsql.DB) (user, database, version string, err error) {
	err = db.QueryRowContext(ctx, "SELECT file, sqlite_version() FROM pragma_database_list WHERE name = 'main'").Scan(&database, &version)
	return "", database, "SQLite " + version, err
}

func (sqliteDialect) tables(ctx context.Context, db *stdsql.DB) ([]connectors.ObjectInfo, error) {
	return listTables(ctx, db, `SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite|_%' ESCAPE '|'`)
}

// listTables reads names.
func listTables(ctx context.Context, db *stdsql.DB, query string) ([]connectors.ObjectInfo, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []connectors.ObjectInfo
	for rows.Next() {
		var o connectors.ObjectInfo
		if err := rows.Scan(&o.Name); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

func (d sqliteDialect) table(ctx context.Context, db *stdsql.DB, name string) (*table, error) {
	var kind string
	var withoutRowid bool
	err := db.QueryRowContext(ctx, "SELECT type, wr FROM pragma_table_list(?) WHERE schema = 'main' AND name = ?", name, name).Scan(&kind, &withoutRowid)
	if errors.Is(err, stdsql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cols, err := d.columns(ctx, db, name)
	if err != nil {
		return nil, err
	}
	t := newTable(name, d.quote(name), d.quote(name), cols)
	t.view = kind == "view"
	if kind == "table" && !withoutRowid {
		d.useRowid(t)
		_ = db.QueryRowContext(ctx, "SELECT coalesce(max(rowid), 0) FROM "+t.from).Scan(&t.count)
	}
	return t, d.unique(ctx, db, name, t)
}

// useRowid pages along the rowid, the order in which the table lies; a table without a single key has it as its key.
func (sqliteDialect) useRowid(t *table) {
	if t.byName["rowid"] != nil {
		return
	}
	t.rowid = &column{Field: &schema.Field{Name: "rowid", Label: "SQLite's own row number", Kind: schema.Integer, Computed: true}, db: "rowid", typ: "integer", notNull: true, generated: true}
	if t.single() == nil {
		t.key = []*column{t.rowid}
		t.cols = append(t.cols, t.rowid)
		t.byName["rowid"] = t.rowid
		t.object.Fields = append(t.object.Fields, t.rowid.Field)
	}
}

func (d sqliteDialect) columns(ctx context.Context, db *stdsql.DB, name string) ([]*column, error) {
	rows, err := db.QueryContext(ctx, "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo(?)", name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var cols []*column
	for rows.Next() {
		c := &column{Field: &schema.Field{CaseSensitive: true}}
		var typ string
		var hidden int
		if err := rows.Scan(&c.db, &typ, &c.notNull, &c.hasDefault, &c.pk, &hidden); err != nil {
			return nil, err
		}
		if hidden == 1 {
			continue
		}
		c.Name, c.generated = c.db, hidden > 1
		d.typed(c, typ)
		if c.pk > 0 && c.Kind == schema.Integer && strings.EqualFold(typ, "integer") {
			c.hasDefault, c.notNull = true, true
		}
		cols = append(cols, c)
	}
	return cols, rows.Err()
}

// typed tells the kind by the declared type, as SQLite tells the affinity.
func (sqliteDialect) typed(c *column, declared string) {
	c.typ = strings.ToLower(declared)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(c.typ, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("bool"):
		c.Kind = schema.Boolean
	case has("int"):
		c.Kind = schema.Integer
	case has("datetime", "timestamp"):
		c.Kind = schema.DateTime
	case has("date"):
		c.Kind = schema.Date
	case c.typ == "json":
		c.Kind = schema.Any
	case has("char", "clob", "text", "uuid", "string"):
		c.Kind = schema.Text
	case has("real", "floa", "doub", "numeric", "decimal", "number"):
		c.Kind = schema.Number
	case c.typ == "time":
		c.Kind = schema.TimeOfDay
	default:
		c.Kind = schema.Any
	}
}

// unique marks columns that have a unique index of their own.
func (sqliteDialect) unique(ctx context.Context, db *stdsql.DB, name string, t *table) error {
	rows, err := db.QueryContext(ctx, `SELECT min(i.name) FROM pragma_index_list(?) l JOIN pragma_index_info(l.name) i
		WHERE l."unique" = 1 AND l.partial = 0 GROUP BY l.name HAVING count(*) = 1`, name)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var col stdsql.NullString
		if err := rows.Scan(&col); err != nil {
			return err
		}
		if c := t.byName[col.String]; c != nil {
			c.Unique = true
		}
	}
	return rows.Err()
}

// query describes a query: SQLite knows the type of a column that is passed on, for others a sample of its values tells.
func (d sqliteDialect) query(ctx context.Context, db *stdsql.DB, from string) ([]*column, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+from+" LIMIT 200")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	cols, vals, ptrs := make([]*column, len(types)), make([]any, len(types)), make([]any, len(types))
	for i, ct := range types {
		cols[i] = &column{Field: &schema.Field{Name: ct.Name(), CaseSensitive: true}, db: ct.Name()}
		ptrs[i] = &vals[i]
		if typ := ct.DatabaseTypeName(); typ != "" {
			d.typed(cols[i], typ)
		} else {
			cols[i].Inferred = true
		}
	}
	seen := make([]bool, len(types))
	for rows.Next() {
		if err := rows.Scan(ptrs...); err != nil {
			return nil, err
		}
		for i, v := range vals {
			if cols[i].Inferred && v != nil {
				cols[i].Kind, seen[i] = meet(cols[i].Kind, v, seen[i]), true
			}
		}
	}
	return cols, rows.Err()
}

// meet is the kind that holds a value beside those that a column had before.
func meet(k schema.Kind, v any, seen bool) schema.Kind {
	var kind schema.Kind
	switch v.(type) {
	case int64:
		kind = schema.Integer
	case float64:
		kind = schema.Number
	case string:
		kind = schema.Text
	}
	switch {
	case !seen || k == kind:
		return kind
	case k.IsNumber() && kind.IsNumber():
		return schema.Number
	}
	return schema.Any
}
