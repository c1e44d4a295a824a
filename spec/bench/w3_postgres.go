//go:build unix

package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/syncline/syncline/spec/bench/company"
)

// postgresTarget makes databases with the previous snapshot in them, on the server that BENCH_POSTGRES names or on one
// of its own. The server's CPU is not in the figures: it is another process's.
func (b *bench) postgresTarget(previous string) (target, error) {
	t := target{name: "w3-postgres", peers: postgresPeers}
	if _, err := exec.LookPath("psql"); err != nil {
		return t, fmt.Errorf("psql is not on the path")
	}
	admin := os.Getenv("BENCH_POSTGRES")
	if admin == "" {
		var err error
		if admin, err = b.startPostgres(); err != nil {
			return t, err
		}
	}
	at := func(database string) string {
		u, _ := url.Parse(admin)
		u.Path = "/" + database
		return u.String()
	}
	drop := func(database string) { _ = psql(admin, "DROP DATABASE IF EXISTS "+database) }
	const base = "syncline_bench"
	drop(base)
	if err := psql(admin, "CREATE DATABASE "+base); err != nil {
		return t, err
	}
	b.onClose(func() { drop(base) })
	b.say("loading PostgreSQL")
	if err := sh("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", b.peer("schema.sql"), at(base)); err != nil {
		return t, err
	}
	if err := b.sqlScript("psql", at(base), "w3.postgres.sql", previous); err != nil {
		return t, err
	}
	t.fresh = func(system string) (string, error) {
		database := base + "_" + strings.Map(letters, system)
		drop(database)
		b.onClose(func() { drop(database) })
		return at(database), psql(admin, "CREATE DATABASE "+database+" TEMPLATE "+base)
	}
	t.export = func(address, to string) error {
		return psql(address, `\copy company TO '`+to+`' WITH (FORMAT csv, HEADER)`)
	}
	return t, nil
}

func letters(c rune) rune {
	if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
		return c
	}
	return -1
}

func psql(address, statement string) error {
	return sh("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", statement, address)
}

func postgresPeers(systems []system, u *upserts) []system {
	s, err := u.add("psql", func(address, file string, _ company.Snapshot) (usage, error) {
		return measure(u.sqlCommand("psql", address, "w3.postgres.sql", file))
	})
	if err != nil {
		u.absent["psql"] = err.Error()
		return systems
	}
	s.rare = true
	return u.withSling(append(systems, s), "postgres://")
}

// startPostgres starts a server in the benchmark's folder, as another user where this one is root.
func (b *bench) startPostgres() (string, error) {
	initdb, err := postgresProgram("initdb")
	if err != nil {
		return "", err
	}
	ctl, err := postgresProgram("pg_ctl")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "syncline-bench-pg-")
	if err != nil {
		return "", err
	}
	b.onClose(func() { os.RemoveAll(dir) })
	as, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	run := func(name string, args ...string) error {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.SysProcAttr = dir, as
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, out)
		}
		return nil
	}
	data := filepath.Join(dir, "data")
	if err := run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"); err != nil {
		return "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	options := fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s -c shared_buffers=512MB -c autovacuum=off -c jit=off", port, dir)
	if err := run(ctl, "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", options, "start"); err != nil {
		return "", err
	}
	b.onClose(func() { _ = run(ctl, "-D", data, "-m", "immediate", "stop") })
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", port), nil
}

func postgresProgram(name string) (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is not installed", name)
	}
	return path, nil
}

// unprivileged gives the folder to a user that PostgreSQL agrees to run as.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, err
		}
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}
