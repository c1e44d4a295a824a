package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/syncline/syncline/connectors"
)

// A database that is not there yet, but whose `create` says what it will be, is made by the first write. Until then
// its schema and its records are those of a likeness in memory, so that lint and plan leave nothing behind.

// missingSQLite gives the SQL that makes the database file where it is not there, "" where it is.
func missingSQLite(path string, c connectors.Config) (string, error) {
	_, err := os.Stat(path)
	if err == nil {
		return "", nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", setting("path", fmt.Sprintf("%q cannot be opened: %v", path, err))
	}
	script := c.Settings.Text("create")
	if script == "" {
		return "", &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("there is no database file %s", path),
			Hint: `check path; or name a file of SQL that makes the tables: create = "schema.sql"`}
	}
	if dir := filepath.Dir(path); !isFolder(dir) {
		return "", setting("path", fmt.Sprintf("cannot be made: there is no folder %s", dir))
	}
	if !filepath.IsAbs(script) {
		script = filepath.Join(c.Dir, script)
	}
	text, err := os.ReadFile(script)
	if err != nil {
		return "", setting("create", fmt.Sprintf("cannot be read: %v", err))
	}
	return string(text) + "\n;", nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// likenesses numbers the databases in memory of this process.
var likenesses atomic.Int64

// likeness makes what the script makes, in memory.
func likeness(ctx context.Context, script string, c connectors.Config) (*stdsql.DB, error) {
	dsn := fmt.Sprintf("file:/likeness%d?vfs=memdb&_pragma=foreign_keys(1)&_pragma=busy_timeout(10000)", likenesses.Add(1))
	db, err := stdsql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	// The database lives as long as somebody is connected to it.
	keep, err := db.Conn(ctx)
	if err == nil {
		_, err = keep.ExecContext(ctx, script)
	}
	if err != nil {
		_ = db.Close()
		return nil, badScript(c, err)
	}
	return db, nil
}

func badScript(c connectors.Config, err error) error {
	return setting("create", fmt.Sprintf("= %q: %v", c.Settings.Text("create"), err))
}

// createSQLite makes the database file, unless somebody else has by now.
func createSQLite(ctx context.Context, path, script string, c connectors.Config) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	// Made beside, and named when it is whole: a script with a mistake leaves nothing behind.
	temp := path + ".new"
	_ = os.Remove(temp)
	db, err := stdsql.Open("sqlite", sqliteDSN(temp, "rwc")+"&_pragma=journal_mode(wal)")
	if err == nil {
		_, err = db.ExecContext(ctx, script)
		err = errors.Join(err, db.Close())
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		for _, end := range []string{"", "-wal", "-shm", "-journal"} {
			_ = os.Remove(temp + end)
		}
		return badScript(c, err)
	}
	return nil
}

// database is the one to read.
func (c *connection) database() *stdsql.DB {
	c.dbs.Lock()
	defer c.dbs.Unlock()
	return c.db
}

// built is the one to write; the first time it is made.
func (c *connection) built(ctx context.Context) (*stdsql.DB, error) {
	c.dbs.Lock()
	defer c.dbs.Unlock()
	if c.build == nil {
		return c.db, nil
	}
	db, err := c.build(ctx)
	if err != nil {
		return nil, err
	}
	c.pool(db)
	c.likeness, c.db, c.build = c.db, db, nil // reads may still be at the likeness
	return db, nil
}

func (c *connection) unbuilt() bool {
	c.dbs.Lock()
	defer c.dbs.Unlock()
	return c.build != nil
}
