// Package sql reads and writes tables of SQLite, PostgreSQL, MySQL and MariaDB.
//
// Objects are tables and views by name ("company", or "sales.company" outside the default schema),
// and queries that the project names:
//
//	connection "postgres" "wh" {
//	  url = secret("WAREHOUSE_URL")
//	  object "usage" {
//	    sql      = "select account_id, avg(dau) as dau, max(day) as day from daily group by account_id"
//	    key      = "account_id"
//	    modified = "day"
//	  }
//	  object "company" {
//	    modified = "updated_at"
//	  }
//	}
//
// The schema comes from the database's own catalog. Reads go page by page along the key, so that no
// transaction stays open while the engine works on a page; with a modified column later reads give
// what changed since. Conditions are pushed down with the meaning they have in the language, where an
// empty text and null are the same and a comparison with null is false.
//
// Writes of one call are one transaction, in which a record that the database refuses leaves the
// others alone.
//
// How types map: whole numbers are integer; numeric, decimal, real and double number; boolean,
// tinyint(1) and bit(1) boolean; date and datetime what they say, a datetime without zone read as UTC;
// enum a restricted picklist; set and arrays of text a multi-picklist; uuid and network types text;
// json and everything else any, as text; binary data any, as base64.
package sql

import (
	"context"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// SQLite is the connector of SQLite database files.
func SQLite() connectors.Type {
	return newType("sqlite", "SQLite database files", openSQLite, []schema.Setting{
		{Name: "path", Required: true, Doc: "the database file, relative to the project"},
		{Name: "create", Doc: "a file of SQL that makes the tables; it runs when the database file is not there yet"},
	})
}

// Postgres is the connector of PostgreSQL.
func Postgres() connectors.Type {
	return newType("postgres", "PostgreSQL", openPostgres, append(server("5432"),
		schema.Setting{Name: "sslmode", OneOf: []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}, Doc: "default: prefer"},
		schema.Setting{Name: "schema", Doc: "the schema of tables named without one; default: the user's search path"}))
}

// MySQL is the connector of MySQL and MariaDB.
func MySQL() connectors.Type {
	return newType("mysql", "MySQL and MariaDB", openMySQL, append(server("3306"),
		schema.Setting{Name: "tls", OneOf: []string{"true", "false", "skip-verify", "preferred"}, Doc: "default: preferred"}))
}

func server(port string) []schema.Setting {
	return []schema.Setting{
		{Name: "url", Secret: true, Doc: "all of it in one, with user and password: postgres://…, mysql://…"},
		{Name: "host", Doc: "default: localhost"},
		{Name: "port", Kind: schema.SettingNumber, Doc: "default: " + port},
		{Name: "database"},
		{Name: "user"},
		{Name: "password", Secret: true},
	}
}

func newType(name, doc string, open func(context.Context, connectors.Config) (*connection, error), settings []schema.Setting) connectors.Type {
	settings = append(settings,
		schema.Setting{Name: "page", Kind: schema.SettingNumber, Doc: "records a page of a read; default 5000"},
		schema.Setting{Name: "overlap", Doc: `how far a read of changes goes back before the last one, for transactions that end late; default "1m"`})
	return connectors.Type{
		System: schema.System{Name: name, Doc: doc, Settings: settings, Objects: []schema.Setting{
			{Name: "sql", Doc: "a query, read as an object"},
			{Name: "table", Doc: "the table, where the object has another name"},
			{Name: "key", Doc: "column that identifies a record; of a table default its primary key"},
			{Name: "modified", Doc: "column that moves at each change; without it each read is whole"},
		}},
		Open: func(ctx context.Context, c connectors.Config) (connectors.Connection, error) {
			conn, err := open(ctx, c)
			if err != nil {
				return nil, err
			}
			return conn, nil
		},
	}
}
