package harness

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBody is the most bytes of a request body.
const maxBody = 128 << 20

// Options are the settings of a server.
type Options struct {
	// Latency is added to each call of the system's own API.
	Latency time.Duration
	// Faults are armed at the start and after each reset.
	Faults []Fault
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Server is a simulated system that listens.
type Server struct {
	system  System
	options Options
	faults  faults
	calls   calls
	// subscriptions are those who are told of changes.
	subscriptions subscriptions
	control       *http.ServeMux
	http          *http.Server
	ln            net.Listener
	done          chan struct{}
}

// Listen opens the port that a server will use; ":0" takes a free one. It is apart from Serve because a
// system must know its own address before it can answer.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox: cannot listen on %s: %w", addr, err)
	}
	return ln, nil
}

// URL is the address of a listener, as clients write it.
func URL(ln net.Listener) string { return "http://" + ln.Addr().String() }

// Serve answers on the listener until Close.
func Serve(ln net.Listener, system System, options Options) *Server {
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{system: system, options: options, ln: ln, done: make(chan struct{})}
	s.faults.add(options.Faults)
	s.control = s.controlMux()
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 30 * time.Second,
		MaxHeaderBytes:    64 << 10,
		// Aborted connections are a feature here, not news.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(ln)
	}()
	return s
}

// URL is the server's address.
func (s *Server) URL() string { return URL(s.ln) }

// Close ends the server; calls in hand get a moment to finish. A system that is an io.Closer is closed first.
func (s *Server) Close() error {
	s.subscriptions.clear()
	var own error
	if c, ok := s.system.(io.Closer); ok {
		own = c.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	<-s.done
	return errors.Join(own, err)
}

// ServeHTTP serves the control endpoints and, with the faults played, the system's own API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := readable(w, r); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		s.control.ServeHTTP(w, r)
		return
	}
	x := &exchange{}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	call := s.calls.begin(r, s.options.Now().UTC())
	sw := &statusWriter{ResponseWriter: w}
	// Also when the handler aborts: the log then says status 0.
	defer func() { s.calls.end(call, sw.status, x.records) }()
	s.play(sw, r, s.faults.take(r))
}

// play answers the request with the fault, if there is one.
func (s *Server) play(w *statusWriter, r *http.Request, f *Fault) {
	wait := s.options.Latency
	if f != nil {
		wait += time.Duration(f.Delay)
	}
	if !pause(r.Context(), wait) {
		panic(http.ErrAbortHandler)
	}
	answer := http.ResponseWriter(w)
	if f != nil && f.DropResponse {
		answer = discard{header: http.Header{}}
	}
	if f != nil && f.RetryAfter > 0 {
		answer.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	if f != nil && f.answers() {
		if f.Status == 0 && f.ErrorCode == "" && !f.ExpireSession {
			f.Status = http.StatusTooManyRequests
		}
		s.system.Fail(answer, r, *f)
	} else {
		s.system.ServeHTTP(answer, r)
	}
	if f != nil && (!pause(r.Context(), time.Duration(f.Late)) || f.DropResponse) {
		panic(http.ErrAbortHandler)
	}
}

// pause waits; false when the client gave up meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// readable bounds the body and undoes its compression.
func readable(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if r.Header.Get("Content-Encoding") != "gzip" {
		return nil
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return fmt.Errorf("the body is not gzip: %w", err)
	}
	r.Header.Del("Content-Encoding")
	r.Body = http.MaxBytesReader(w, z, maxBody)
	return nil
}
