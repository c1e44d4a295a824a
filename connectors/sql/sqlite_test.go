package sql_test

import (
	stdsql "database/sql"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/connectortest"
	"github.com/syncline/syncline/connectors/sql"
	"github.com/syncline/syncline/lang/value"
)

var itemFields = connectortest.Fields{Name: "name", External: "ext", Integer: "count", Number: "amount", Boolean: "flag",
	Date: "day", DateTime: "at", Note: "note"}

// server is how the suite's fixture speaks with a database, in that database's own SQL and through the plain driver.
type server struct {
	db *stdsql.DB
	// place is the n-th placeholder.
	place func(n int) string
	// touched is an expression of the moment, for the modified column.
	touched string
	// arg makes an argument of a value.
	arg func(v value.Value) any
}

var itemColumns = []string{"name", "ext", "count", "amount", "flag", "day", "at", "note"}

func (s server) exec(t testing.TB, text string, args ...any) {
	t.Helper()
	if _, err := s.db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// seed inserts records in one transaction, so that all have the same modified time where the database gives that.
func (s server) seed(t *testing.T, records []connectortest.Values) []string {
	t.Helper()
	tx, err := s.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	var places []string
	for i := range itemColumns {
		places = append(places, s.place(i+1))
	}
	insert := "INSERT INTO item (" + strings.Join(itemColumns, ", ") + ", updated_at) VALUES (" + strings.Join(places, ", ") + ", " + s.touched + ")"
	var ids []string
	for _, r := range records {
		args := make([]any, len(itemColumns))
		for i, c := range itemColumns {
			if v := r[c]; !v.IsNull() {
				args[i] = s.arg(v)
			}
		}
		if _, err := tx.ExecContext(t.Context(), insert, args...); err != nil {
			t.Fatalf("%s: %v", insert, err)
		}
		var id string
		if err := tx.QueryRowContext(t.Context(), "SELECT id FROM item WHERE ext = "+s.place(1), r["ext"].AsText()).Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func (s server) touch(t *testing.T, id string, set connectortest.Values) {
	t.Helper()
	// Later than what was read, also where the database's clock ticks in seconds.
	time.Sleep(2 * time.Millisecond)
	for name, v := range set {
		s.exec(t, "UPDATE item SET "+name+" = "+s.place(1)+", updated_at = "+s.touched+" WHERE id = "+s.place(2), s.arg(v), id)
	}
}

func (s server) remove(t *testing.T, id string) {
	t.Helper()
	s.exec(t, "DELETE FROM item WHERE id = "+s.place(1), id)
}

// fixture exercises the table item, with pages of 7 records.
func (s server) fixture(config connectors.Config) connectortest.Fixture {
	config.Settings["page"] = value.Int(7)
	return connectortest.Fixture{Config: config, Object: "item", Fields: itemFields, Seed: s.seed, Touch: s.touch, Remove: s.remove,
		Bad: connectors.Field{Name: "amount", Value: value.Float(-1)}}
}

// tracked adds the object block that names the modified column.
func tracked(config connectors.Config) connectors.Config {
	config.Objects = append(config.Objects, connectors.Object{Name: "item", Settings: connectors.Settings{"modified": value.Text("updated_at")}})
	return config
}

var lacking = map[connectortest.Capability]string{
	connectortest.Replaces: "tables have records to match", connectortest.Deleted: "a table does not tell what it had",
	connectortest.BadReads: "shown by TestBadValues",
}

const sqliteItem = `CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, ext TEXT UNIQUE, count INTEGER, amount REAL CHECK (amount >= 0),
	flag BOOLEAN, day DATE, at DATETIME, note TEXT, updated_at TEXT)`

func openSQLite(t testing.TB, schema string) (server, connectors.Config) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test ünïcode#%.db")
	db, err := stdsql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := server{db: db, place: func(int) string { return "?" }, touched: "strftime('%Y-%m-%d %H:%M:%f', 'now')", arg: func(v value.Value) any {
		switch v.Kind() {
		case value.KindInt:
			return v.AsInt()
		case value.KindFloat:
			return v.AsFloat()
		case value.KindBool:
			return v.AsBool()
		case value.KindTime:
			return v.AsTime().Format("2006-01-02 15:04:05")
		}
		return v.String()
	}}
	s.exec(t, schema)
	return s, connectors.Config{Name: "db", Settings: connectors.Settings{"path": value.Text(path)}}
}

func TestSQLite(t *testing.T) {
	for name, form := range map[string]struct {
		key     string
		tracked bool
	}{
		"tracked":  {"id INTEGER PRIMARY KEY", true},
		"plain":    {"id INTEGER PRIMARY KEY", false},
		"text key": {"id TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(8))))", true},
	} {
		t.Run(name, func(t *testing.T) { exerciseServer(t, sql.SQLite(), openSQLite, sqliteItem, form.key, form.tracked) })
	}
	t.Run("without rowid", func(t *testing.T) {
		schema := strings.Replace(sqliteItem, "updated_at TEXT)", "updated_at TEXT) WITHOUT ROWID", 1)
		exerciseServer(t, sql.SQLite(), openSQLite, schema, "id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(8))))", true)
	})
}

// exerciseServer runs the acceptance suite on the table item with this form of key.
func exerciseServer(t *testing.T, typ connectors.Type, open func(testing.TB, string) (server, connectors.Config), schema, key string, isTracked bool) {
	lacks := maps.Clone(lacking)
	if !isTracked {
		lacks[connectortest.Resumes] = "no modified column is declared"
	}
	first := schema[strings.Index(schema, "id "):strings.Index(schema, ",")]
	schema = strings.Replace(schema, first, key, 1)
	connectortest.Exercise(t, connectortest.Factory{Type: typ, Lacks: lacks, Setup: func(t *testing.T) connectortest.Fixture {
		s, config := open(t, schema)
		if isTracked {
			config = tracked(config)
		}
		return s.fixture(config)
	}})
}
