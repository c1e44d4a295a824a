package sql_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// cutter is a proxy to a database that passes a commit on and then breaks the connection.
type cutter struct {
	net.Listener
	to    string
	wg    sync.WaitGroup
	mu    sync.Mutex
	armed bool
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l, to: to}
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			c.wg.Add(1)
			go c.serve(in)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); c.wg.Wait() })
	return c
}

func (c *cutter) serve(in net.Conn) {
	defer c.wg.Done()
	defer in.Close()
	out, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer out.Close()
	back := make(chan struct{})
	go func() { defer close(back); defer in.Close(); _, _ = io.Copy(in, out) }()
	buf := make([]byte, 64<<10)
	for {
		n, err := in.Read(buf)
		if n > 0 {
			_, _ = out.Write(buf[:n])
			c.mu.Lock()
			cut := c.armed && bytes.Contains(bytes.ToLower(buf[:n]), []byte("commit"))
			c.mu.Unlock()
			if cut {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = in.Close()
	_ = out.Close()
	<-back
}

// When the connection breaks at the commit nobody knows whether it was carried out; before that, nothing was written.
func TestInDoubt(t *testing.T) {
	for _, b := range backends[1:] {
		t.Run(b.name, func(t *testing.T) {
			_, config := b.open(t, "CREATE TABLE d (id INTEGER PRIMARY KEY, v INTEGER)")
			u, err := url.Parse(config.Settings.Text("url"))
			if err != nil {
				t.Fatal(err)
			}
			proxy := newCutter(t, u.Host)
			u.Host = proxy.Addr().String()
			q := u.Query()
			if b.name == "postgres" {
				q.Set("sslmode", "disable")
			} else {
				q.Set("tls", "false")
			}
			u.RawQuery = q.Encode()
			config.Settings["url"] = value.Text(u.String())
			conn, err := b.typ.Open(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			w := connectors.Write{Object: describe(t, conn, "d"), Op: connectors.Create,
				Records: []connectors.Record{{Fields: []connectors.Field{{Name: "id", Value: value.Int(1)}}}}}
			proxy.mu.Lock()
			proxy.armed = true
			proxy.mu.Unlock()
			if _, err := conn.(connectors.Writer).Write(t.Context(), w); class(err) != connectors.InDoubt || err == nil {
				t.Errorf("a commit without an answer: %v", err)
			}
		})
	}
}
