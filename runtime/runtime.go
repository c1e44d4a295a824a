package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
)

// Options say where a project is and what it runs with.
type Options struct {
	Dir      string
	Registry connectors.Registry
	Env      Environment
	// Vars are the values given for variables.
	Vars      map[string]string
	Stdin     io.Reader
	Stdout    io.Writer
	Transport http.RoundTripper // nil: the default
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
}

// Runtime is a project with its connections, each opened once, when it is first needed.
type Runtime struct {
	o Options

	mu   sync.Mutex
	open map[string]connectors.Connection
}

// New makes a runtime. It reads and opens nothing yet.
func New(o Options) *Runtime {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Runtime{o: o, open: map[string]connectors.Connection{}}
}

// Connect opens a connection, or gives the one that is open.
func (r *Runtime) Connect(ctx context.Context, c *plan.Connection) (connectors.Connection, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if conn, ok := r.open[c.Name]; ok {
		return conn, nil
	}
	typ, ok := r.o.Registry[c.System]
	if !ok {
		return nil, fmt.Errorf("connection %s: this program does not know systems of type %s", c.Name, c.System)
	}
	config, err := resolve(c, r.o.Env)
	if err != nil {
		return nil, err
	}
	config.Dir, config.Stdin, config.Stdout = r.o.Dir, r.o.Stdin, r.o.Stdout
	config.Transport, config.Now = r.o.Transport, r.o.Now
	config.Log = r.o.Log.With("connection", c.Name)
	conn, err := typ.Open(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connection %s: %w", c.Name, err)
	}
	r.open[c.Name] = conn
	return conn, nil
}

// Close closes all connections.
func (r *Runtime) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, c := range r.open {
		errs = append(errs, c.Close())
	}
	clear(r.open)
	return errors.Join(errs...)
}
