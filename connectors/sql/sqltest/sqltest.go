// Package sqltest gives tests a database server: one that runs, or a throw-away one of its own.
//
// Each test has a schema or database to itself, which is dropped at its end. Where no server can be
// had the test is skipped with the reason, or fails when SYNCLINE_TEST_REQUIRE names the server
// ("postgres,mysql"): so that a machine which is meant to have one does not skip in silence.
//
// SYNCLINE_TEST_POSTGRES and SYNCLINE_TEST_MYSQL are the URLs of running servers, by default those on
// the usual ports of 127.0.0.1 with a database named test.
package sqltest

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// missing skips the test, or fails it where the server is required.
func missing(t testing.TB, server string, why error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SYNCLINE_TEST_REQUIRE"), ","), server) {
		t.Fatalf("SYNCLINE_TEST_REQUIRE names %s, but there is none: %v", server, why)
	}
	t.Skipf("there is no %s to test with: %v", server, why)
}

// fresh is a name that no other test uses.
func fresh() string { return fmt.Sprintf("syncline_test_%08x", rand.Uint32()) }

// ping opens a database and tries it.
func ping(driver, dsn string) (*stdsql.DB, error) {
	db, err := stdsql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// Postgres gives the URL of an empty schema, which is the search path of its connections, and an open database on it.
func Postgres(t testing.TB) (string, *stdsql.DB) {
	t.Helper()
	base := os.Getenv("SYNCLINE_TEST_POSTGRES")
	if base == "" {
		base = "postgres://postgres@127.0.0.1:5432/test"
	}
	admin, err := ping("pgx", base)
	if err != nil {
		if base, err = ownCluster(err); err == nil {
			admin, err = ping("pgx", base)
		}
	}
	if err != nil {
		missing(t, "postgres", err)
	}
	name := fresh()
	if _, err := admin.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	db, err := ping("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = db.Close()
		_, err := admin.ExecContext(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		if err != nil {
			t.Error(err)
		}
		_ = admin.Close()
	})
	return u.String(), db
}

// MySQL gives the URL of an empty database, and an open database on it.
func MySQL(t testing.TB) (string, *stdsql.DB) {
	t.Helper()
	base := os.Getenv("SYNCLINE_TEST_MYSQL")
	if base == "" {
		base = "mysql://root@127.0.0.1:3306/test"
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := ping("mysql", mysqlDSN(u))
	if err != nil {
		missing(t, "mysql", err)
	}
	name := fresh()
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	db, err := ping("mysql", mysqlDSN(u))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = db.Close()
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name); err != nil {
			t.Error(err)
		}
		_ = admin.Close()
	})
	return u.String(), db
}

func mysqlDSN(u *url.URL) string {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	return c.FormatDSN()
}
