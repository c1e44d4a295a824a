package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// mysqlDialect is MySQL and MariaDB.
type mysqlDialect struct{}

func openMySQL(_ context.Context, c connectors.Config) (*connection, error) {
	config, err := mysqlConfig(c.Settings)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, &connectors.Error{Class: connectors.Permanent, Message: "url is not one of MySQL", Hint: "mysql://USER:PASSWORD@HOST:3306/DATABASE"}
	}
	db := stdsql.OpenDB(connector)
	conn, err := newConnection(mysqlDialect{}, db, c, config.Passwd, c.Settings.Text("url"))
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return conn, nil
}

// mysqlConfig makes the driver's configuration of the settings.
func mysqlConfig(s connectors.Settings) (*mysql.Config, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", hostPort(s, "3306")
	config.User, config.Passwd, config.DBName = s.Text("user"), s.Text("password"), s.Text("database")
	config.TLSConfig, config.Timeout = s.Text("tls"), 30*time.Second
	if text := s.Text("url"); text != "" {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "mysql" && u.Scheme != "mariadb" || u.Host == "" {
			// The parser's message would repeat the URL, with its password.
			return nil, &connectors.Error{Class: connectors.Permanent, Message: "url is not one of MySQL", Hint: "mysql://USER:PASSWORD@HOST:3306/DATABASE"}
		}
		if config.Addr = u.Host; u.Port() == "" {
			config.Addr = u.Host + ":3306"
		}
		config.User, config.DBName = u.User.Username(), strings.TrimPrefix(u.Path, "/")
		config.Passwd, _ = u.User.Password()
		if tls := u.Query().Get("tls"); tls != "" {
			config.TLSConfig = tls
		}
	}
	if config.DBName == "" {
		return nil, setting("database", "is missing; name the database")
	}
	if config.TLSConfig == "" {
		config.TLSConfig = "preferred"
	}
	// Arguments go into the text of a statement, which saves a round trip each; rows found count, not only rows changed.
	config.InterpolateParams, config.ClientFoundRows = true, true
	config.Collation = "utf8mb4_general_ci"
	config.Params = map[string]string{"time_zone": "'+00:00'",
		"sql_mode": "'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"}
	config.Logger = &mysql.NopLogger{}
	return config, nil
}

func (mysqlDialect) name() string             { return "mysql" }
func (mysqlDialect) quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
func (mysqlDialect) place(int) string         { return "?" }
func (mysqlDialect) multi() bool              { return true }
func (mysqlDialect) savepoints() bool         { return true }
func (mysqlDialect) lockClause() string       { return " FOR UPDATE" }

func (mysqlDialect) identity(ctx context.Context, db *stdsql.DB) (user, database, version string, err error) {
	err = db.QueryRowContext(ctx, "SELECT current_user(), database(), version()").Scan(&user, &database, &version)
	return user, database, version, err
}

func (mysqlDialect) tables(ctx context.Context, db *stdsql.DB) ([]connectors.ObjectInfo, error) {
	return listTables(ctx, db, `SELECT IF(table_schema = database(), table_name, CONCAT(table_schema, '.', table_name))
		FROM information_schema.tables WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
		AND table_type IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')`)
}

const mysqlRelation = `SELECT table_schema, table_name, table_type, COALESCE(table_rows, 0) FROM information_schema.tables
	WHERE (table_schema = database() AND table_name = ?) OR (table_schema = ? AND table_name = ?) ORDER BY table_schema = database() DESC LIMIT 1`

func (d mysqlDialect) table(ctx context.Context, db *stdsql.DB, name string) (*table, error) {
	s, rest := cutSchema(name)
	var database, relation, kind string
	var count int64
	err := db.QueryRowContext(ctx, mysqlRelation, name, s, rest).Scan(&database, &relation, &kind, &count)
	if errors.Is(err, stdsql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cols, err := d.columns(ctx, db, database, relation)
	if err != nil {
		return nil, err
	}
	target := d.quote(database) + "." + d.quote(relation)
	t := newTable(name, target, target, cols)
	t.view, t.count = kind == "VIEW", count
	return t, d.unique(ctx, db, database, relation, t)
}

const mysqlColumns = `SELECT column_name, column_type, is_nullable = 'NO',
	(column_default IS NOT NULL AND NOT (column_default = 'NULL')) OR extra LIKE '%auto_increment%' OR extra LIKE '%DEFAULT_GENERATED%',
	extra LIKE '%GENERATED%' AND extra NOT LIKE '%DEFAULT_GENERATED%', COALESCE(column_comment, ''), COALESCE(collation_name, '')
	FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`

func (d mysqlDialect) columns(ctx context.Context, db *stdsql.DB, database, relation string) ([]*column, error) {
	rows, err := db.QueryContext(ctx, mysqlColumns, database, relation)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var cols []*column
	for rows.Next() {
		c := &column{Field: &schema.Field{}}
		var typ, comment, collation string
		if err := rows.Scan(&c.db, &typ, &c.notNull, &c.hasDefault, &c.generated, &comment, &collation); err != nil {
			return nil, err
		}
		c.Name = c.db
		if len(comment) <= 80 {
			c.Label = comment
		}
		c.CaseSensitive = strings.HasSuffix(collation, "_bin") || strings.HasSuffix(collation, "_cs")
		d.typed(c, typ)
		cols = append(cols, c)
	}
	return cols, rows.Err()
}

// unique marks the primary key, and columns that have a unique index of their own.
func (mysqlDialect) unique(ctx context.Context, db *stdsql.DB, database, relation string, t *table) error {
	rows, err := db.QueryContext(ctx, `SELECT index_name, column_name, seq_in_index,
		(SELECT COUNT(*) FROM information_schema.statistics o WHERE o.table_schema = s.table_schema AND o.table_name = s.table_name AND o.index_name = s.index_name)
		FROM information_schema.statistics s WHERE table_schema = ? AND table_name = ? AND non_unique = 0 AND sub_part IS NULL
		ORDER BY index_name, seq_in_index`, database, relation)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var index, name stdsql.NullString
		var seq, of int
		if err := rows.Scan(&index, &name, &seq, &of); err != nil {
			return err
		}
		c := t.byName[name.String]
		if c == nil {
			continue
		}
		if c.Unique = c.Unique || of == 1; index.String == "PRIMARY" {
			c.pk = seq
			t.key = append(t.key, c)
		}
	}
	return rows.Err()
}

var mysqlLabel = regexp.MustCompile(`'((?:[^']|'')*)'`)

// typed tells the kind by the column type as the catalog writes it: decimal(10,2) unsigned, enum('a','b').
func (mysqlDialect) typed(c *column, typ string) {
	// Labels keep their case, the rest is lower case already.
	c.typ = strings.TrimSuffix(strings.TrimSuffix(base(typ), " zerofill"), " unsigned")
	n, scale := 0, 0
	if m := typeArgs.FindStringSubmatch(typ); m != nil {
		n, _ = strconv.Atoi(m[1])
		scale, _ = strconv.Atoi(m[2])
	}
	if strings.HasPrefix(typ, "enum(") || strings.HasPrefix(typ, "set(") {
		c.typ, _, _ = strings.Cut(typ, "(")
		for _, m := range mysqlLabel.FindAllStringSubmatch(typ, -1) {
			c.Values = append(c.Values, schema.Choice{Value: strings.ReplaceAll(m[1], "''", "'")})
		}
		if c.Kind, c.Restricted = schema.Picklist, true; c.typ == "set" {
			c.Kind = schema.MultiPicklist
		}
		return
	}
	switch c.typ {
	case "tinyint", "smallint", "mediumint", "int", "bigint", "year":
		if c.Kind = schema.Integer; typ == "tinyint(1)" {
			c.Kind = schema.Boolean
		}
	case "bit":
		if c.Kind = schema.Any; n <= 1 {
			c.Kind = schema.Boolean
		}
	case "decimal":
		if c.Kind, c.Precision, c.Scale = schema.Number, n, scale; scale == 0 && n <= 18 {
			c.Kind = schema.Integer
		}
	case "float":
		c.Kind, c.inexact = schema.Number, true
	case "double":
		c.Kind = schema.Number
	case "date":
		c.Kind = schema.Date
	case "datetime", "timestamp":
		c.Kind, c.Resolution = schema.DateTime, resolution(n)
	case "time":
		c.Kind = schema.TimeOfDay
	case "char":
		c.Kind, c.Length, c.TrimsSpace = schema.Text, n, true
	case "varchar":
		c.Kind, c.Length = schema.Text, n
	case "tinytext", "text", "mediumtext", "longtext", "uuid", "inet6", "inet4":
		c.Kind = schema.Text
	default:
		c.Kind = schema.Any
	}
}

// query describes a query by running it for no rows.
func (d mysqlDialect) query(ctx context.Context, db *stdsql.DB, from string) ([]*column, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+from+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var cols []*column
	for _, ct := range types {
		c := &column{Field: &schema.Field{Name: ct.Name()}, db: ct.Name()}
		typ := strings.ToLower(strings.TrimPrefix(ct.DatabaseTypeName(), "UNSIGNED "))
		if p, s, ok := ct.DecimalSize(); ok && typ == "decimal" {
			typ = "decimal(" + strconv.FormatInt(p, 10) + "," + strconv.FormatInt(s, 10) + ")"
		}
		if typ == "enum" || typ == "set" {
			typ = "text"
		}
		d.typed(c, typ)
		if c.is("datetime", "timestamp") {
			c.Resolution = 0
		}
		cols = append(cols, c)
	}
	return cols, rows.Err()
}

var mysqlField = regexp.MustCompile(`(?:[Cc]olumn|[Ff]ield) '([^']+)'`)

func (mysqlDialect) classify(err error) *connectors.Error {
	e := &connectors.Error{Class: connectors.Retry, Message: err.Error(), Err: err}
	var me *mysql.MySQLError
	if !errors.As(err, &me) {
		return e
	}
	e.Code, e.Message, e.Class = strconv.Itoa(int(me.Number)), me.Message, mysqlClass(me.Number)
	if m := mysqlField.FindStringSubmatch(me.Message); m != nil {
		e.Fields = []string{m[1]}
	}
	return e
}

// mysqlClass maps the error numbers of MySQL and MariaDB.
func mysqlClass(n uint16) connectors.Class {
	switch n {
	case 1062, 1586, // duplicate key
		1048, 1364, 1263, // null, no default
		1406, 1264, 1265, 1366, 1292, 1690, 1411, 1525, 3140, 3141, 3156, // too long, out of range, not of the type
		1216, 1217, 1451, 1452, 1557, 1761, 1762, // foreign keys
		3819, 4025, 1644, 3105, 1906: // check, signal of a trigger, generated column
		return connectors.Reject
	case 1044, 1045, 1698, 1862, 1820:
		return connectors.Auth
	case 1046, 1049, 1051, 1054, 1064, 1142, 1143, 1146, 1149, 1227, 1290, 1305, 1370, 1356:
		return connectors.Permanent
	}
	return connectors.Retry
}
