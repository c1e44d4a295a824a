//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/syncline/syncline/spec/bench/company"
)

// sqliteTarget makes SQLite files with the previous snapshot in them.
func (b *bench) sqliteTarget(previous string) (target, error) {
	t := target{name: "w3-sqlite", peers: sqlitePeers}
	if _, err := exec.LookPath("sqlite3"); err != nil {
		return t, fmt.Errorf("sqlite3 is not on the path")
	}
	base := b.path("w3-base.db")
	if err := b.loadSQLite(base, previous); err != nil {
		return t, err
	}
	t.fresh = func(system string) (string, error) {
		path := b.path("w3-" + strings.ReplaceAll(system, " ", "") + ".db")
		for _, left := range []string{path, path + "-wal", path + "-shm"} {
			os.Remove(left)
		}
		return "sqlite:" + path, sh("cp", base, path)
	}
	t.export = func(address, to string) error {
		return sh("sh", "-c", `sqlite3 -csv -header "$0" "SELECT * FROM company" > "$1"`, sqlitePath(address), to)
	}
	return t, nil
}

func sqlitePath(address string) string { return strings.TrimPrefix(address, "sqlite:") }

func (b *bench) loadSQLite(path, csv string) error {
	b.say("loading %s", path)
	os.Remove(path)
	if err := sh("sh", "-c", `sqlite3 "$0" "PRAGMA journal_mode = wal" && sqlite3 "$0" < "$1"`, path, b.peer("schema.sql")); err != nil {
		return err
	}
	if err := b.sqlScript("sqlite3", path, "w3.sqlite.sql", csv); err != nil {
		return err
	}
	return sh("sqlite3", path, "PRAGMA wal_checkpoint(truncate)")
}

// sqlScript runs a script of a shell with the path of a CSV put into it.
func (b *bench) sqlScript(shell, database, script, csv string) error {
	_, err := measure(b.sqlCommand(shell, database, script, csv))
	return err
}

func (b *bench) sqlCommand(shell, database, script, csv string) command {
	return command{name: "sh", args: []string{"-c", `sed "s#SOURCE#$3#" "$2" | "$0" "$1"`, shell, database, b.peer(script), csv}}
}

// sqlitePeers is the shell itself: everything is staged, and what differs is written, in SQL.
func sqlitePeers(systems []system, u *upserts) []system {
	s, err := u.add("sqlite3", func(address, file string, _ company.Snapshot) (usage, error) {
		return measure(u.sqlCommand("sqlite3", sqlitePath(address), "w3.sqlite.sql", file))
	})
	if err != nil {
		u.absent["sqlite3"] = err.Error()
		return systems
	}
	s.rare = true
	return u.withSling(append(systems, s), "sqlite://")
}

// withSling adds Sling where it is on the path. It upserts every row.
func (u *upserts) withSling(systems []system, scheme string) []system {
	sling, err := exec.LookPath("sling")
	if err != nil {
		u.absent["sling"] = "not on the path"
		return systems
	}
	s, err := u.add("sling", func(address, file string, _ company.Snapshot) (usage, error) {
		if scheme == "sqlite://" {
			address = scheme + sqlitePath(address)
		}
		return measure(command{name: sling, env: []string{"WAREHOUSE=" + address}, args: []string{"run", "--src-stream", "file://" + file,
			"--tgt-conn", "WAREHOUSE", "--tgt-object", "company", "--mode", "incremental", "--primary-key", "gsid",
			"--columns", "{renewal_date: text, updated_at: text, tags: text}"}})
	})
	if err != nil {
		u.absent["sling"] = err.Error()
		return systems
	}
	s.rare = true
	return append(systems, s)
}
