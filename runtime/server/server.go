package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// Options are what a server is made of.
type Options struct {
	Backend Backend
	Dead    state.DeadStore
	Runs    state.RunStore
	Metrics *Metrics
	// Hooks takes in what systems tell of changes; nil: nothing does. It sees by itself who may.
	Hooks http.Handler
	// Tokens that requests need; empty: none do, and requests must name this machine.
	Tokens *Tokens
	// Alive says why the process is not well, nil when it is.
	Alive   func() error
	Log     *slog.Logger
	Now     func() time.Time
	Version string
	// TLS: the server is reached by https, so that browsers may be told to stay with it.
	TLS bool
}

// Server answers HTTP requests about a running project.
type Server struct {
	o    Options
	http *http.Server
}

// Limits of a request: a client that is slow or sends much costs little.
const (
	maxBody    = 64 << 10
	maxHeaders = 32 << 10
	readTime   = 10 * time.Second
	writeTime  = 30 * time.Second
	idleTime   = 2 * time.Minute
)

// New makes a server.
func New(o Options) *Server {
	if o.Tokens == nil {
		o.Tokens = &Tokens{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Alive == nil {
		o.Alive = func() error { return nil }
	}
	s := &Server{o: o}
	s.http = &http.Server{Handler: s.Handler(), ReadTimeout: readTime, ReadHeaderTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHeaders, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)}
	return s
}

// Handler is the server without its listener.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	look := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, s.need(Viewer, h)) }
	act := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, s.need(Operator, h)) }
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	look("GET /metrics", s.o.Metrics.handler().ServeHTTP)
	look("GET /api/v1/status", s.status)
	look("GET /api/v1/runs", s.runs)
	look("GET /api/v1/dead", s.deadLetters)
	act("POST /api/v1/run", s.runAll)
	act("POST /api/v1/pause", s.pauseAll)
	act("POST /api/v1/resume", s.resumeAll)
	act("POST /api/v1/reload", s.reloadNow)
	act("POST /api/v1/rules/{rule}/run", s.runRule)
	act("POST /api/v1/rules/{rule}/pause", s.pauseRule)
	act("POST /api/v1/rules/{rule}/resume", s.resumeRule)
	act("POST /api/v1/dead/{id}/retry", s.retryDead)
	act("POST /api/v1/dead/{id}/drop", s.dropDead)
	look("GET /{$}", s.home)
	look("GET /dead", s.deadPage)
	act("POST /do", s.do)
	// A page of another site must not press our buttons in the name of whoever looks at it.
	rest := s.local(http.NewCrossOriginProtection().Handler(http.MaxBytesHandler(mux, maxBody)))
	if s.o.Hooks == nil {
		return s.headers(rest)
	}
	// Systems call under whatever name they know us by, and prove themselves by a signature instead of a token.
	top := http.NewServeMux()
	top.Handle("POST /hooks/{connection}", s.o.Hooks)
	top.Handle("POST /hooks/{connection}/{object}", s.o.Hooks)
	top.Handle("/", rest)
	return s.headers(top)
}

// Serve answers requests until ctx ends, and then finishes those under way.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if s.http.Shutdown(limited) != nil {
			s.http.Close()
		}
	})
	defer stop()
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// need lets requests through whose token has the role.
func (s *Server) need(role Role, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.o.Tokens.Empty() {
			h(w, r)
			return
		}
		switch have := s.o.Tokens.role(r); {
		case have >= role:
			h(w, r)
		case have == Nobody:
			w.Header().Set("WWW-Authenticate", `Basic realm="syncline: any name, the token as password", charset="UTF-8"`)
			fail(w, r, http.StatusUnauthorized, "this needs a token: send Authorization: Bearer TOKEN, or in a browser any name and the token as password")
		default:
			fail(w, r, http.StatusForbidden, "a token of an operator is needed for this, yours is a viewer's")
		}
	})
}

// local turns away requests that reach loopback under a foreign name.
func (s *Server) local(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.o.Tokens.Empty() && !localHost(r) {
			fail(w, r, http.StatusMisdirectedRequest, "without tokens this server answers only under localhost or a loopback address")
			return
		}
		h.ServeHTTP(w, r)
	})
}

// headers tells browsers to keep the page to itself.
func (s *Server) headers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		if s.o.TLS {
			head.Set("Strict-Transport-Security", "max-age=31536000")
		}
		h.ServeHTTP(w, r)
	})
}
