package runtime

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang"
)

// Options say where a project is and what it runs with.
type Options struct {
	Dir      string
	Registry connectors.Registry
	Env      Environment
	// VarsFile is a file with values for variables; "": none. It belongs to the project: a server takes a changed one in as
	// it takes rules in. Vars are values that go before those.
	VarsFile  string
	Vars      map[string]string
	Stdin     io.Reader
	Stdout    io.Writer
	Transport http.RoundTripper // nil: the default
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
}

// Runtime is a project with its connections, each opened once, when it is first needed.
type Runtime struct {
	o      Options
	pool   pool
	parsed lang.Cache // of a server's files
	memo   lang.Memo
	owners owners
}

// New makes a runtime. It reads and opens nothing yet.
func New(o Options) *Runtime {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Runtime{o: o, pool: pool{slots: map[string]*poolSlot{}}}
}
