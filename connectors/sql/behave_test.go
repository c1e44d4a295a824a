package sql_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/sql"
	"github.com/syncline/syncline/connectors/sql/sqltest"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// backend is a database to try something on.
type backend struct {
	name string
	typ  connectors.Type
	open func(testing.TB, string) (server, connectors.Config)
}

var backends = []backend{
	{"sqlite", sql.SQLite(), openSQLite},
	{"postgres", sql.Postgres(), openPostgres},
	{"mysql", sql.MySQL(), openMySQL},
}

// onAll runs a test on each database with this schema.
func onAll(t *testing.T, schema string, run func(t *testing.T, b backend, s server, config connectors.Config)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			s, config := b.open(t, schema)
			run(t, b, s, config)
		})
	}
}

func (b backend) connect(t *testing.T, config connectors.Config) connectors.Connection {
	t.Helper()
	conn, err := b.typ.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func describe(t *testing.T, conn connectors.Connection, name string) *schema.Object {
	t.Helper()
	c, err := conn.Describe(t.Context(), []string{name}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Object(name) == nil {
		t.Fatalf("%s is not described", name)
	}
	return c.Object(name)
}

func page(config connectors.Config, n int) connectors.Config {
	config.Settings["page"] = value.Int(int64(n))
	return config
}

// A record whose value does not fit is reported, and all others are read.
func TestBadValues(t *testing.T) {
	for _, c := range []struct {
		b                   backend
		schema, bad, wanted string
	}{
		{backends[0], "CREATE TABLE x (id INTEGER PRIMARY KEY, v INTEGER)", "'many'", "does not fit"},
		{backends[0], "CREATE TABLE x (id INTEGER PRIMARY KEY, v DATE)", "'soon'", "no date"},
		{backends[1], "CREATE TABLE x (id integer PRIMARY KEY, v timestamptz)", "'infinity'", "infinite"},
		{backends[1], "CREATE TABLE x (id integer PRIMARY KEY, v numeric)", "12345678901234567890.123", "more digits"},
		{backends[1], "CREATE TABLE x (id integer PRIMARY KEY, v double precision)", "'NaN'", "infinite"},
		{backends[2], "CREATE TABLE x (id INT PRIMARY KEY, v BIGINT UNSIGNED)", "18446744073709551615", "64 bits"},
		{backends[2], "CREATE TABLE x (id INT PRIMARY KEY, v DECIMAL(30,5))", "12345678901234567890.12345", "more digits"},
	} {
		t.Run(c.b.name+" "+c.wanted, func(t *testing.T) {
			s, config := c.b.open(t, c.schema)
			s.exec(t, "INSERT INTO x VALUES (1, NULL), (2, "+c.bad+"), (3, NULL)")
			conn := c.b.connect(t, config)
			rows, err := conn.(connectors.Reader).Read(t.Context(), query.Read{Object: "x", Layout: value.NewLayout("id", "v")})
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			batch := value.NewBatch(value.NewLayout("id", "v"), 4)
			if err := rows.Next(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			bad := rows.(connectors.BadRows).Bad()
			if batch.Len() != 2 || len(bad) != 1 {
				t.Fatalf("%d records and %d bad rows, want 2 and 1", batch.Len(), len(bad))
			}
			if !strings.Contains(bad[0].Err.Error(), c.wanted) || bad[0].Place != "x 2" || bad[0].ID != "2" {
				t.Errorf("the bad row is %+v, want %q at x 2", bad[0], c.wanted)
			}
		})
	}
}

// A query is an object: with key and modified column it is read page by page and resumed like a table.
func TestQueryObject(t *testing.T) {
	onAll(t, "CREATE TABLE d (acc VARCHAR(10), day DATE, dau INTEGER)", func(t *testing.T, b backend, s server, config connectors.Config) {
		for i := range 30 {
			s.exec(t, fmt.Sprintf("INSERT INTO d VALUES ('a%02d', '2026-03-%02d', %d)", i%10, 1+i%28, i))
		}
		config.Objects = []connectors.Object{{Name: "usage", Settings: connectors.Settings{
			"sql": value.Text("SELECT acc AS account, max(day) AS last_day, sum(dau) AS total FROM d GROUP BY acc -- a comment;\n;"),
			"key": value.Text("account"), "modified": value.Text("last_day")},
			Columns: []connectors.Column{{Name: "Total", From: "total", Kind: schema.Number}}}}
		conn := b.connect(t, page(config, 3))
		o := describe(t, conn, "usage")
		if o.Key != "account" || o.Modified != "last_day" || o.Createable || o.Field("Total") == nil {
			t.Errorf("the object is %+v", o)
		}
		got := readRecords(t, conn, query.Read{Object: "usage", Layout: value.NewLayout("Total", "account")})
		if len(got) != 10 {
			t.Fatalf("%d records, want 10", len(got))
		}
		if r := got[3]; !value.Equal(r[0], value.Float(3+13+23)) || r[1].AsText() != "a03" {
			t.Errorf("the fourth record is %v", r)
		}
		if _, err := conn.(connectors.Writer).Write(t.Context(), connectors.Write{Object: o, Op: connectors.Delete, Records: []connectors.Record{{ID: "a01"}}}); class(err) != connectors.Permanent {
			t.Errorf("a write to a query: %v", err)
		}
	})
}

// class is the class of an error; of none, and of any other, one that no test wants.
func class(err error) connectors.Class {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return 255
	}
	return e.Class
}

// A broken query, key or column in an object block says which.
func TestBadObjects(t *testing.T) {
	onAll(t, "CREATE TABLE d (acc VARCHAR(10))", func(t *testing.T, b backend, s server, config connectors.Config) {
		for want, set := range map[string]connectors.Settings{
			`object "o": sql`:              {"sql": value.Text("selec 1")},
			`no table or view "nothing"`:   {"table": value.Text("nothing")},
			`key names "id", which is no`:  {"table": value.Text("d"), "key": value.Text("id")},
			`modified names "m", which is`: {"table": value.Text("d"), "modified": value.Text("m")},
		} {
			config.Objects = []connectors.Object{{Name: "o", Settings: set}}
			_, err := b.connect(t, config).Describe(t.Context(), []string{"o"}, nil)
			if err == nil || !strings.Contains(err.Error(), want) || class(err) != connectors.Permanent {
				t.Errorf("%v: %v, want %q", set, err, want)
			}
		}
	})
}

// Empty texts and nulls: a text column that takes no null is empty instead, and reads as null.
func TestEmptyText(t *testing.T) {
	onAll(t, "CREATE TABLE e (id INTEGER PRIMARY KEY, a VARCHAR(9) NOT NULL, b VARCHAR(9), c VARCHAR(9) NOT NULL)", func(t *testing.T, b backend, s server, config connectors.Config) {
		conn := b.connect(t, config)
		o := describe(t, conn, "e")
		write := func(op connectors.Op, r connectors.Record) {
			t.Helper()
			res, err := conn.(connectors.Writer).Write(t.Context(), connectors.Write{Object: o, Op: op, Records: []connectors.Record{r}})
			if err != nil || res[0].Err != nil {
				t.Fatalf("%v %+v", err, res)
			}
		}
		write(connectors.Create, connectors.Record{Fields: []connectors.Field{{Name: "id", Value: value.Int(1)}, {Name: "a", Value: value.Null}, {Name: "b", Value: value.Text("x")}}})
		write(connectors.Update, connectors.Record{ID: "1", Fields: []connectors.Field{{Name: "b", Value: value.Null}}})
		var a, c string
		var bNull stdsql.NullString
		if err := s.db.QueryRowContext(t.Context(), "SELECT a, b, c FROM e").Scan(&a, &bNull, &c); err != nil {
			t.Fatal(err)
		}
		if a != "" || c != "" || bNull.Valid {
			t.Errorf("stored %q, %v, %q", a, bNull, c)
		}
		for _, p := range []query.Pred{query.Null{Field: "a"}, query.Not{X: query.Null{Field: "a", Not: true}}} {
			if n := len(readRecords(t, conn, query.Read{Object: "e", Layout: value.NewLayout("a"), Where: p})); n != 1 {
				t.Errorf("%+v finds %d records, want 1", p, n)
			}
		}
	})
}

// A table whose primary key has two columns is read along both, and each record has an id of its own.
func TestCompositeKey(t *testing.T) {
	onAll(t, "CREATE TABLE k (a VARCHAR(5), b INTEGER, v INTEGER, PRIMARY KEY (b, a))", func(t *testing.T, b backend, s server, config connectors.Config) {
		for i := range 50 {
			s.exec(t, fmt.Sprintf("INSERT INTO k VALUES ('k%d', %d, %d)", i%7, i, i))
		}
		conn := b.connect(t, page(config, 7))
		rows, err := conn.(connectors.Reader).Read(t.Context(), query.Read{Object: "k", Layout: value.NewLayout("v")})
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		seen, ids := map[string]bool{}, map[string]bool{}
		batch := value.NewBatch(value.NewLayout("v"), 8)
		for rows.Next(t.Context(), batch) == nil {
			for i := range batch.Len() {
				seen[batch.Record(i)[0].String()] = true
				ids[rows.(connectors.Keyed).ID(i)] = true
			}
		}
		if len(seen) != 50 {
			t.Errorf("%d of 50 records", len(seen))
		}
		if b.name != "sqlite" && len(ids) != 50 { // there the rowid is the key field
			t.Errorf("%d ids of 50 records", len(ids))
		}
	})
}

// A table without any key is one query, read in pages; a reader that stops early leaves nothing behind.
func TestKeyless(t *testing.T) {
	onAll(t, "CREATE TABLE n (v INTEGER)", func(t *testing.T, b backend, s server, config connectors.Config) {
		for i := range 100 {
			s.exec(t, fmt.Sprintf("INSERT INTO n VALUES (%d)", i))
		}
		conn := b.connect(t, page(config, 9))
		q := query.Read{Object: "n", Layout: value.NewLayout("v")}
		if n := len(readRecords(t, conn, q)); n != 100 {
			t.Errorf("%d of 100 records", n)
		}
		rows, err := conn.(connectors.Reader).Read(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Next(t.Context(), value.NewBatch(q.Layout, 1)); err != nil {
			t.Fatal(err)
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Records whose modified column is null come in every read of changes, and a time in the future hides nothing.
func TestModifiedOddities(t *testing.T) {
	onAll(t, "CREATE TABLE m (id INTEGER PRIMARY KEY, v INTEGER, at TIMESTAMP NULL)", func(t *testing.T, b backend, s server, config connectors.Config) {
		s.exec(t, "INSERT INTO m VALUES (1, 1, NULL), (2, 2, '2026-01-01 00:00:00'), (3, 3, '2037-01-01 00:00:00')")
		config.Objects = []connectors.Object{{Name: "m", Settings: connectors.Settings{"modified": value.Text("at")}}}
		conn := b.connect(t, page(config, 1))
		q := query.Read{Object: "m", Layout: value.NewLayout("id", "v")}
		read := func() map[int64]int64 {
			t.Helper()
			rows, err := conn.(connectors.Reader).Read(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			got := map[int64]int64{}
			batch := value.NewBatch(q.Layout, 4)
			for {
				err := rows.Next(t.Context(), batch)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				for i := range batch.Len() {
					got[batch.Record(i)[0].AsInt()] = batch.Record(i)[1].AsInt()
				}
			}
			q.Since = rows.Cursor()
			return got
		}
		if got := read(); len(got) != 3 {
			t.Fatalf("the first read gives %v", got)
		}
		s.exec(t, "UPDATE m SET v = 10 WHERE id = 1")
		now := time.Now().UTC().Format("2006-01-02 15:04:05")
		if b.name == "postgres" {
			now = "now"
		}
		s.exec(t, "UPDATE m SET v = 20, at = '"+now+"' WHERE id = 2")
		if got := read(); got[1] != 10 || got[2] != 20 {
			t.Errorf("the second read gives %v, want 1: 10 and 2: 20 among it", got)
		}
	})
}

// A transaction that ends after a later one was read is not lost: reads of changes go back by the overlap.
func TestLateCommit(t *testing.T) {
	s, config := openPostgres(t, "CREATE TABLE l (id integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())")
	config.Objects = []connectors.Object{{Name: "l", Settings: connectors.Settings{"modified": value.Text("at")}}}
	conn := backends[1].connect(t, config)
	slow, err := s.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Rollback() }()
	if _, err := slow.ExecContext(t.Context(), "INSERT INTO l (id) VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	s.exec(t, "INSERT INTO l (id) VALUES (2)")
	rows, err := conn.(connectors.Reader).Read(t.Context(), query.Read{Object: "l", Layout: value.NewLayout("id")})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	batch := value.NewBatch(value.NewLayout("id"), 4)
	for rows.Next(t.Context(), batch) == nil {
		continue
	}
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	late := readRecords(t, conn, query.Read{Object: "l", Layout: value.NewLayout("id"), Since: rows.Cursor()})
	found := false
	for _, r := range late {
		found = found || r[0].AsInt() == 1
	}
	if !found {
		t.Errorf("the record of the slow transaction is lost: %v", late)
	}
}

// No password stands in any error.
func TestSecrets(t *testing.T) {
	const secret = "Sw0rdf1sh"
	for _, b := range backends[1:] {
		for _, address := range []string{b.name + "://u:" + secret + "@127.0.0.1:1/db", b.name + "://u:" + secret + "@host:port/db", "ftp://u:" + secret + "@h", b.name + "://u:" + secret + "@%zz"} {
			conn, err := b.typ.Open(t.Context(), connectors.Config{Settings: connectors.Settings{"url": value.Text(address)}})
			if err == nil {
				_, err = conn.Describe(t.Context(), []string{"x"}, nil)
				_ = conn.Close()
			}
			if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, errors.Unwrap(err)), secret) {
				t.Errorf("%s: the error is %v", b.name, err)
			}
		}
	}
}

// Wrong credentials are of class Auth.
func TestConnectingAsNobody(t *testing.T) {
	server, _ := sqltest.MySQL(t)
	wrong, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword("nobody_there", "wrong")
	conn := backends[2].connect(t, connectors.Config{Settings: connectors.Settings{"url": value.Text(wrong.String())}})
	if _, err := conn.Objects(t.Context()); class(err) != connectors.Auth {
		t.Errorf("wrong credentials: %v", err)
	}
}

// A server that is not there is of class Retry.
func TestConnectingToNothing(t *testing.T) {
	for _, b := range backends[1:] {
		conn := b.connect(t, connectors.Config{Settings: connectors.Settings{"host": value.Text("127.0.0.1"), "port": value.Int(1), "database": value.Text("x"), "user": value.Text("u")}})
		if _, err := conn.Objects(t.Context()); class(err) != connectors.Retry {
			t.Errorf("%s: no server: %v", b.name, err)
		}
	}
}

// A missing SQLite file is an error and is not made, unless the project says how.
func TestSQLiteFile(t *testing.T) {
	dir := t.TempDir()
	config := connectors.Config{Dir: dir, Settings: connectors.Settings{"path": value.Text("a.db")}}
	if _, err := sql.SQLite().Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), "no database file") {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.db")); err == nil {
		t.Error("the missing file was made")
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("schema.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER; ")
	config.Settings["create"] = value.Text("schema.sql")
	if _, err := sql.SQLite().Open(t.Context(), config); err == nil {
		t.Error("a script with a mistake makes a database")
	}
	write("schema.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY);")
	conn, err := sql.SQLite().Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if list, err := conn.Objects(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("the objects are %v, %v", list, err)
	}
	write("text.db", strings.Repeat("this is no database\n", 100))
	other, err := sql.SQLite().Open(t.Context(), connectors.Config{Dir: dir, Settings: connectors.Settings{"path": value.Text("text.db")}})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Objects(t.Context()); class(err) != connectors.Permanent {
		t.Errorf("a file that is no database: %v", err)
	}
}

// locked tells whether another transaction holds the row that a query would lock.
func locked(ctx context.Context, t *testing.T, db *stdsql.DB, lock string) bool {
	t.Helper()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	var v int
	return tx.QueryRowContext(ctx, lock).Scan(&v) != nil
}

// Two transactions that lock each other: the one that the database ends may be tried again, and wrote nothing.
func TestDeadlock(t *testing.T) {
	for _, b := range backends[1:] {
		t.Run(b.name, func(t *testing.T) {
			s, config := b.open(t, "CREATE TABLE z (id INTEGER PRIMARY KEY, v INTEGER)")
			s.exec(t, "INSERT INTO z VALUES (1, 0), (2, 0)")
			conn := b.connect(t, config)
			o := describe(t, conn, "z")
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			tx, err := s.db.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			if _, err := tx.ExecContext(ctx, "UPDATE z SET v = 1 WHERE id = 2"); err != nil {
				t.Fatal(err)
			}
			set := []connectors.Field{{Name: "v", Value: value.Int(9)}}
			done := make(chan error, 1)
			go func() {
				// One call after the other: 1 is locked, and then 2 is waited for.
				_, err := conn.(connectors.Grouper).Group(ctx, []connectors.Action{
					{Ref: "a", Object: o, Op: connectors.Update, ID: "1", Fields: set}, {Ref: "b", Object: o, Op: connectors.Update, ID: "2", Fields: set}})
				done <- err
			}()
			for !locked(ctx, t, s.db, "SELECT v FROM z WHERE id = 1 FOR UPDATE NOWAIT") {
				time.Sleep(5 * time.Millisecond)
			}
			_, theirs := tx.ExecContext(ctx, "UPDATE z SET v = 1 WHERE id = 1")
			if theirs != nil {
				_ = tx.Rollback()
			} else if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			ours := <-done
			if ours == nil && theirs == nil {
				t.Fatal("neither transaction was ended")
			}
			if ours != nil && class(ours) != connectors.Retry {
				t.Errorf("our transaction was ended with %v", ours)
			}
		})
	}
}

// A table was altered since the plan was compiled: values come as the kinds that the plan knows, or as bad rows.
func TestPlannedKinds(t *testing.T) {
	onAll(t, "CREATE TABLE a (id INTEGER PRIMARY KEY, n VARCHAR(10), f INTEGER, b INTEGER)", func(t *testing.T, b backend, s server, config connectors.Config) {
		s.exec(t, "INSERT INTO a VALUES (1, '5', 7, NULL), (2, 'x', 8, NULL), (3, NULL, NULL, 1)")
		planned := &schema.Object{Name: "a", Fields: []*schema.Field{{Name: "n", Kind: schema.Integer}, {Name: "f", Kind: schema.Number}, {Name: "b", Kind: schema.Date}}}
		rows, err := b.connect(t, config).(connectors.Reader).Read(t.Context(), query.Read{Object: "a", Schema: planned, Layout: value.NewLayout("n", "f", "b")})
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		batch := value.NewBatch(value.NewLayout("n", "f", "b"), 4)
		if err := rows.Next(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		bad := rows.(connectors.BadRows).Bad()
		if batch.Len() != 1 || len(bad) != 2 || batch.Record(0)[0].Kind() != value.KindInt || batch.Record(0)[1].Kind() != value.KindFloat {
			t.Errorf("%d records, the bad rows %v", batch.Len(), bad)
		}
	})
}
