package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
)

// pool holds open connections by name. A connection whose settings changed, in the files or in the environment, is
// opened anew for those who ask from then on; the old one is closed when nobody uses it any more.
type pool struct {
	mu     sync.Mutex
	slots  map[string]*poolSlot
	closed bool
}

// poolSlot is one name. Its lock is held while a connection is opened, so that others are not kept waiting.
type poolSlot struct {
	mu   sync.Mutex
	conn *pooled
}

// pooled is an open connection with the number of its users.
type pooled struct {
	connectors.Connection
	key   [sha256.Size]byte
	users int
	stale bool
}

func (p *pool) slot(name string) (*poolSlot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("the connections are closed")
	}
	s := p.slots[name]
	if s == nil {
		s = &poolSlot{}
		p.slots[name] = s
	}
	return s, nil
}

// use gives the connection that is open with this key, or opens it. The caller calls release when it is done.
func (p *pool) use(name string, key [sha256.Size]byte, open func() (connectors.Connection, error)) (connectors.Connection, func(), error) {
	s, err := p.slot(name)
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil || s.conn.key != key {
		conn, err := open()
		if err != nil {
			return nil, nil, err
		}
		p.retire(s.conn)
		s.conn = &pooled{Connection: conn, key: key}
	}
	c := s.conn
	p.mu.Lock()
	c.users++
	p.mu.Unlock()
	return c.Connection, sync.OnceFunc(func() { p.release(c) }), nil
}

// retire closes a connection now or when its last user is done.
func (p *pool) retire(c *pooled) {
	if c == nil {
		return
	}
	p.mu.Lock()
	c.stale = true
	idle := c.users == 0
	p.mu.Unlock()
	if idle {
		c.Close()
	}
}

func (p *pool) release(c *pooled) {
	p.mu.Lock()
	c.users--
	last := c.stale && c.users == 0
	p.mu.Unlock()
	if last {
		c.Close()
	}
}

// close closes everything, also what is in use.
func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	slots := p.slots
	p.slots = map[string]*poolSlot{}
	p.mu.Unlock()
	var errs []error
	for _, s := range slots {
		s.mu.Lock()
		if s.conn != nil {
			errs = append(errs, s.conn.Close())
		}
		s.mu.Unlock()
	}
	return errors.Join(errs...)
}

// Use gives an open connection as it is configured now, and what to call when it is done with.
func (r *Runtime) Use(ctx context.Context, c *plan.Connection) (connectors.Connection, func(), error) {
	typ, ok := r.o.Registry[c.System]
	if !ok {
		return nil, nil, fmt.Errorf("connection %s: this program does not know systems of type %s", c.Name, c.System)
	}
	config, err := configure(c, typ.System, r.o.Env)
	if err != nil {
		return nil, nil, err
	}
	return r.pool.use(c.Name, configKey(c.System, config), func() (connectors.Connection, error) {
		config.Dir, config.Stdin, config.Stdout = r.o.Dir, r.o.Stdin, r.o.Stdout
		config.Transport, config.Now = r.o.Transport, r.o.Now
		config.Log = r.o.Log.With("connection", c.Name)
		conn, err := typ.Open(ctx, config)
		if err != nil {
			return nil, fmt.Errorf("connection %s: %w", c.Name, err)
		}
		return conn, nil
	})
}

// Connect gives an open connection that stays open until Close.
func (r *Runtime) Connect(ctx context.Context, c *plan.Connection) (connectors.Connection, error) {
	conn, _, err := r.Use(ctx, c)
	return conn, err
}

// Close closes all connections.
func (r *Runtime) Close() error { return r.pool.close() }

// configKey is a fingerprint of all that a connection is made of, secrets included; it never leaves the process.
func configKey(system string, c connectors.Config) [sha256.Size]byte {
	type object struct {
		Name     string
		Settings map[string][]byte
		Columns  []connectors.Column
	}
	flat := func(s connectors.Settings) map[string][]byte {
		out := map[string][]byte{}
		for name, v := range s {
			out[name] = v.AppendBinary(nil)
		}
		return out
	}
	var objects []object
	for _, o := range c.Objects {
		objects = append(objects, object{o.Name, flat(o.Settings), o.Columns})
	}
	data, err := json.Marshal([]any{system, flat(c.Settings), objects, c.CallsPerDay, c.CallsPerMinute, c.Concurrent})
	if err != nil {
		panic(err) // texts and numbers can always be encoded
	}
	return sha256.Sum256(data)
}

// planKey is a fingerprint of a connection as the files have it.
func planKey(c *plan.Connection) string {
	h := sha256.New()
	var settings func(m map[string]plan.Setting) map[string]any
	settings = func(m map[string]plan.Setting) map[string]any {
		out := map[string]any{}
		for name, s := range m {
			list := map[string]plan.Setting{}
			for i, item := range s.List {
				list[strconv.Itoa(i)] = item
			}
			out[name] = []any{s.Value.AppendBinary(nil), s.List == nil, settings(list), settings(s.Map), s.Env, s.Secret}
		}
		return out
	}
	enc := json.NewEncoder(h)
	parts := []any{c.System, settings(c.Settings), c.Limits, c.Allow, c.Allow == nil}
	for _, o := range c.Objects {
		parts = append(parts, o.Name, settings(o.Settings), o.Columns)
	}
	for _, p := range c.Pauses {
		parts = append(parts, p.Name, p.Cron, p.For, p.Zone.String())
	}
	if err := enc.Encode(parts); err != nil {
		panic(err) // texts and numbers can always be encoded
	}
	return string(h.Sum(nil))
}

// objectKey is a fingerprint of an object's schema as far as plans depend on it.
func objectKey(o *schema.Object) string {
	plain := *o
	plain.Count, plain.Version = 0, ""
	data, err := json.Marshal(&plain)
	if err != nil {
		panic(err) // plain data can always be encoded
	}
	sum := sha256.Sum256(data)
	return string(sum[:])
}
