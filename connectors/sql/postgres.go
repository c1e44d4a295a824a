package sql

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// postgres is PostgreSQL through pgx. Rows are read in the wire's binary form where that is the faster one; values are
// sent as texts with a cast to the column's type, which PostgreSQL reads exactly.
type postgres struct{}

// pgxConnects is how long the driver tries to connect where nobody says so.
const pgxConnects = 2 * time.Minute

func openPostgres(_ context.Context, c connectors.Config) (*connection, error) {
	config, err := pgx.ParseConfig(postgresURL(c.Settings))
	if err != nil {
		// The driver's message may repeat parts of the URL.
		return nil, &connectors.Error{Class: connectors.Permanent, Message: "url is not one of PostgreSQL",
			Hint: "postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=require"}
	}
	if config.ConnectTimeout == pgxConnects {
		config.ConnectTimeout = 30 * time.Second
	}
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["datestyle"] = "ISO"
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "syncline"
	}
	if s := c.Settings.Text("schema"); s != "" {
		config.RuntimeParams["search_path"] = postgres{}.quote(s)
	}
	db := stdlib.OpenDB(*config)
	conn, err := newConnection(postgres{}, db, c, config.Password, c.Settings.Text("password"), c.Settings.Text("url"))
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return conn, nil
}

// postgresURL makes one URL of the settings.
func postgresURL(s connectors.Settings) string {
	if u := s.Text("url"); u != "" {
		return u
	}
	u := url.URL{Scheme: "postgres", Host: hostPort(s, "5432"), Path: "/" + s.Text("database")}
	if user := s.Text("user"); user != "" {
		u.User = url.UserPassword(user, s.Text("password"))
	}
	q := url.Values{}
	if mode := s.Text("sslmode"); mode != "" {
		q.Set("sslmode", mode)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// hostPort joins host and port, with their defaults.
func hostPort(s connectors.Settings, port string) string {
	host := s.Text("host")
	if host == "" {
		host = "localhost"
	}
	if p := s["port"]; !p.IsNull() {
		port = p.String()
	}
	return net.JoinHostPort(host, port)
}

func (postgres) name() string             { return "postgres" }
func (postgres) quote(name string) string { return pgx.Identifier{name}.Sanitize() }
func (postgres) place(n int) string       { return "$" + strconv.Itoa(n) }
func (postgres) multi() bool              { return true }
func (postgres) savepoints() bool         { return true }
func (postgres) lockClause() string       { return " FOR UPDATE" }

func (postgres) identity(ctx context.Context, db *stdsql.DB) (user, database, version string, err error) {
	err = db.QueryRowContext(ctx, "SELECT current_user, current_database(), current_setting('server_version')").Scan(&user, &database, &version)
	return user, database, "PostgreSQL " + version, err
}

func (postgres) tables(ctx context.Context, db *stdsql.DB) ([]connectors.ObjectInfo, error) {
	return listTables(ctx, db, `SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
		AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')`)
}

const postgresRelation = `SELECT c.oid, c.relkind, n.nspname, c.relname, greatest(c.reltuples, 0)::bigint,
	has_table_privilege(c.oid, 'INSERT'), has_table_privilege(c.oid, 'UPDATE'), has_table_privilege(c.oid, 'DELETE')
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.oid = coalesce(to_regclass($1), to_regclass($2)) AND c.relkind IN ('r', 'v', 'm', 'f', 'p')`

func (d postgres) table(ctx context.Context, db *stdsql.DB, name string) (*table, error) {
	qualified := d.quote(name)
	if s, t := cutSchema(name); s != "" {
		qualified = d.quote(s) + "." + d.quote(t)
	}
	var oid uint32
	var kind, namespace, relation string
	var count int64
	var insert, update, remove bool
	err := db.QueryRowContext(ctx, postgresRelation, d.quote(name), qualified).Scan(&oid, &kind, &namespace, &relation, &count, &insert, &update, &remove)
	if errors.Is(err, stdsql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cols, err := d.columns(ctx, db, oid)
	if err != nil {
		return nil, err
	}
	target := d.quote(namespace) + "." + d.quote(relation)
	t := newTable(name, target, target, cols)
	t.view = kind == "v" || kind == "m"
	t.count = count
	t.denied.insert, t.denied.update, t.denied.remove = !insert, !update, !remove
	return t, nil
}

const postgresColumns = `SELECT a.attname,
	format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END),
	a.attnotnull OR t.typnotnull, a.atthasdef OR a.attidentity <> '', a.attgenerated <> '' OR a.attidentity = 'a',
	coalesce(array_position(p.conkey, a.attnum), 0),
	(SELECT count(*) > 0 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
	(SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END)::text,
	coalesce(col_description(a.attrelid, a.attnum), '')
	FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_constraint p ON p.conrelid = a.attrelid AND p.contype = 'p'
	WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
	ORDER BY a.attnum`

func (d postgres) columns(ctx context.Context, db *stdsql.DB, oid uint32) ([]*column, error) {
	rows, err := db.QueryContext(ctx, postgresColumns, oid)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var cols []*column
	for rows.Next() {
		c := &column{Field: &schema.Field{CaseSensitive: true}}
		var typ, comment string
		var labels stdsql.NullString
		if err := rows.Scan(&c.db, &typ, &c.notNull, &c.hasDefault, &c.generated, &c.pk, &c.Unique, &labels, &comment); err != nil {
			return nil, err
		}
		c.Name = c.db
		if len(comment) <= 80 && !strings.Contains(comment, "\n") {
			c.Label = comment
		}
		if err := d.typed(c, typ, labels.String); err != nil {
			return nil, err
		}
		cols = append(cols, c)
	}
	return cols, rows.Err()
}

var typeArgs = regexp.MustCompile(`\((\d+)(?:,(\d+))?\)`)

// typed tells the kind by the type's name as format_type gives it.
func (postgres) typed(c *column, typ, labels string) error {
	c.typ = base(typ)
	n, scale := 0, 0
	if m := typeArgs.FindStringSubmatch(typ); m != nil {
		n, _ = strconv.Atoi(m[1])
		scale, _ = strconv.Atoi(m[2])
	}
	if labels != "" {
		var values []string
		if err := json.Unmarshal([]byte(labels), &values); err != nil {
			return err
		}
		c.Kind, c.Restricted = schema.Picklist, true
		for _, v := range values {
			c.Values = append(c.Values, schema.Choice{Value: v})
		}
		return nil
	}
	switch c.typ {
	case "smallint", "integer", "bigint", "oid":
		c.Kind = schema.Integer
	case "numeric":
		if c.Kind, c.Precision, c.Scale = schema.Number, n, scale; n > 0 && n <= 18 && scale == 0 {
			c.Kind = schema.Integer
		}
	case "real":
		c.Kind, c.inexact = schema.Number, true
	case "double precision":
		c.Kind = schema.Number
	case "boolean":
		c.Kind = schema.Boolean
	case "date":
		c.Kind = schema.Date
	case "timestamp without time zone", "timestamp with time zone":
		c.Kind = schema.DateTime
	case "time without time zone", "time with time zone":
		c.Kind = schema.TimeOfDay
	case "text", "citext", "name", "inet", "cidr", "macaddr":
		c.Kind = schema.Text
	case "character varying":
		c.Kind, c.Length = schema.Text, n
	case "character", "bpchar":
		c.Kind, c.Length, c.TrimsSpace = schema.Text, n, true
	case "uuid":
		c.Kind, c.Length = schema.Text, 36
	case "text[]", "character varying[]":
		c.Kind = schema.MultiPicklist
	default:
		c.Kind = schema.Any
	}
	return nil
}

// query describes a query without running it.
func (d postgres) query(ctx context.Context, db *stdsql.DB, from string) ([]*column, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var fields []pgconn.FieldDescription
	err = conn.Raw(func(raw any) error {
		s, err := raw.(*stdlib.Conn).Conn().PgConn().Prepare(ctx, "", "SELECT * FROM "+from, nil)
		if err == nil {
			fields = s.Fields
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var cols []*column
	for _, f := range fields {
		c := &column{Field: &schema.Field{Name: f.Name, CaseSensitive: true}, db: f.Name}
		var typ string
		var labels stdsql.NullString
		err := conn.QueryRowContext(ctx, `SELECT format_type($1, $2), (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = $1)::text`,
			f.DataTypeOID, f.TypeModifier).Scan(&typ, &labels)
		if err != nil {
			return nil, err
		}
		if err := d.typed(c, typ, labels.String); err != nil {
			return nil, err
		}
		cols = append(cols, c)
	}
	return cols, nil
}

var postgresKey = regexp.MustCompile(`^Key \(([^)]*)\)`)

func (postgres) classify(err error) *connectors.Error {
	e := &connectors.Error{Class: connectors.Retry, Message: err.Error(), Err: err}
	var pe *pgconn.PgError
	if !errors.As(err, &pe) {
		var ce *pgconn.ConnectError
		if errors.As(err, &ce) {
			e.Message = fmt.Sprintf("cannot connect to PostgreSQL at %s:%d: %v", ce.Config.Host, ce.Config.Port, errors.Unwrap(ce))
			e.Hint = "check host, port and whether the server runs"
		}
		return e
	}
	e.Code, e.Message = pe.Code, pe.Message
	if pe.Detail != "" {
		e.Message += "; " + pe.Detail
	}
	if pe.ColumnName != "" {
		e.Fields = []string{pe.ColumnName}
	} else if m := postgresKey.FindStringSubmatch(pe.Detail); m != nil {
		for _, f := range strings.Split(m[1], ",") {
			e.Fields = append(e.Fields, strings.Trim(strings.TrimSpace(f), `"`))
		}
	}
	e.Class = postgresClass(pe.Code)
	if pe.Code == "53100" {
		e.Hint = "the database server's disk is full"
	}
	return e
}

// postgresClass maps an SQLSTATE.
func postgresClass(code string) connectors.Class {
	switch code {
	case "40001", "40P01", "55P03", "57014":
		return connectors.Retry
	case "42501", "25006":
		return connectors.Permanent
	}
	switch code[:min(2, len(code))] {
	case "23", "22", "44", "P0":
		return connectors.Reject
	case "28":
		return connectors.Auth
	case "42", "3D", "3F", "0A", "26", "54":
		return connectors.Permanent
	}
	return connectors.Retry
}
