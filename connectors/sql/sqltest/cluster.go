package sqltest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// cluster is a PostgreSQL of this process's own.
type cluster struct {
	once sync.Once
	dir  string
	url  string
	stop func()
	err  error
}

var own cluster

// Run runs a package's tests and then ends the cluster that they may have started. TestMain calls it.
func Run(m *testing.M) int {
	code := m.Run()
	if own.stop != nil {
		own.stop()
	}
	return code
}

// ownCluster starts a cluster in a temporary folder, once. why is what kept us from the server that should run.
func ownCluster(why error) (string, error) {
	own.once.Do(func() {
		if own.err = own.start(); own.err != nil {
			own.err = fmt.Errorf("%w; and none could be started: %w", why, own.err)
		}
	})
	return own.url, own.err
}

// binary finds a program of PostgreSQL.
func binary(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return "", fmt.Errorf("%s is not installed", name)
	}
	return found[len(found)-1], nil
}

func (c *cluster) start() error {
	initdb, err := binary("initdb")
	if err != nil {
		return err
	}
	pgctl, err := binary("pg_ctl")
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	if c.dir, err = os.MkdirTemp("", "syncline-postgres-"); err != nil {
		return err
	}
	as, err := unprivileged(c.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(c.dir, "data")
	if err := run(as, c.dir, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		_ = os.RemoveAll(c.dir)
		return err
	}
	options := fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s -c fsync=off", port, c.dir)
	if err := run(as, c.dir, pgctl, "-D", data, "-w", "-l", filepath.Join(c.dir, "log"), "-o", options, "start"); err != nil {
		_ = os.RemoveAll(c.dir)
		return err
	}
	c.stop = func() {
		_ = run(as, c.dir, pgctl, "-D", data, "-m", "immediate", "stop")
		_ = os.RemoveAll(c.dir)
	}
	c.url = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", port)
	return nil
}

func run(as func(*exec.Cmd), dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	as(cmd)
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, out.String())
	}
	return nil
}
