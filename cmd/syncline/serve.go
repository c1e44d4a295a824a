package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/runtime/hooks"
	"github.com/syncline/syncline/runtime/server"
	"github.com/syncline/syncline/runtime/state"
)

// serving are the flags of serve.
type serving struct {
	addr, tokenFile string
	tlsCert, tlsKey string
	grace, jitter   time.Duration
	refresh         time.Duration
	workers         int
	keep            days
}

func newServe(a *app) *cobra.Command {
	var o serving
	c := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Run the project for as long as you like: schedules, hot reload, status page",
		Long: `Runs the rules when they are due, until Ctrl-C or SIGTERM. When a file changes, all files are compiled anew and take the
place of those before, or, with an error in them, change nothing: the log, the status page and the metric
syncline_last_reload_successful say so. SIGHUP reads files and schemas again.

The status page, /api/v1/status, /metrics, /healthz and /readyz are on --addr. On an address other than loopback every
request but the health checks needs a token: from --token-file, whose lines are "viewer TOKEN" or "operator TOKEN",
or from SYNCLINE_VIEWER_TOKEN and SYNCLINE_OPERATOR_TOKEN.

Systems tell of changes by POST /hooks/CONNECTION, as the connection's events block says; they prove themselves by the
signature written there, not by a token.

Exit 0: stopped in order. 1: the files have errors and no earlier version of them ran here. 2: could not start.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := projectDir(args)
			if err != nil {
				return err
			}
			// Absolute, so that a link on the way to the folder we were started in can be swapped for another.
			if dir, err = filepath.Abs(dir); err != nil {
				return err
			}
			log, err := a.logFrom(slog.LevelInfo)
			if err != nil {
				return err
			}
			r, err := a.runtimeWith(dir, log)
			if err != nil {
				return err
			}
			defer r.Close()
			return a.serve(cmd.Context(), o, log, r, func() (state.Store, error) { return a.openState(cmd, dir, "syncline serve") })
		},
	}
	f := c.Flags()
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "where the status page and the API listen; port 0 takes any")
	f.StringVar(&o.tokenFile, "token-file", "", "a `FILE` of tokens, each line \"viewer TOKEN\" or \"operator TOKEN\"")
	f.StringVar(&o.tlsCert, "tls-cert", "", "serve https with the certificate in `FILE`")
	f.StringVar(&o.tlsKey, "tls-key", "", "the certificate's private key, in `FILE`")
	f.DurationVar(&o.grace, "grace", 30*time.Second, "how long runs may go on after a signal to stop")
	f.IntVar(&o.workers, "workers", 4, "how many rules run at once")
	f.DurationVar(&o.jitter, "jitter", 0, "spread rules that are due together over so much time")
	o.keep = keepFor
	f.Var(&o.keep, "keep", "how long the ledger and the runs are kept, such as 90d; 0: for ever")
	f.DurationVar(&o.refresh, "refresh", time.Hour, "how often the schemas of the systems are read again")
	return c
}

// serve listens, takes the state, puts the first set in force and runs it until ctx ends. What can fail for a reason of
// this machine comes first: nothing has run then.
func (a *app) serve(ctx context.Context, o serving, log *slog.Logger, r *runtime.Runtime, open func() (state.Store, error)) error {
	tokens, err := o.tokens(os.LookupEnv)
	if err != nil {
		return err
	}
	listener, err := o.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	store, err := open()
	if err != nil {
		return err
	}
	defer store.Close()
	metrics := server.NewMetrics()
	s, err := runtime.NewServer(ctx, r, runtime.ServeOptions{Store: store, Metrics: metrics, Workers: o.workers, Jitter: o.jitter,
		Grace: o.grace, Refresh: o.refresh, Keep: time.Duration(o.keep), Log: log})
	if broken := (*runtime.Broken)(nil); errors.As(err, &broken) {
		if err := diag.WriteText(a.err, broken.Diagnostics, diag.TextOptions{Color: a.colours(a.err)}); err != nil {
			return err
		}
		return &exitError{exitProblems, broken}
	}
	if err != nil {
		return err
	}
	return a.runServer(ctx, o, log, s, listener, server.Options{Backend: s, Dead: store, Runs: store, Metrics: metrics,
		Hooks:  hooks.New(s, hooks.Options{Log: log}),
		Tokens: tokens, Alive: s.Well, Log: log, TLS: o.tlsCert != "", Version: version()})
}

// runServer runs the rules and the HTTP server side by side. The server stays up while runs come to their stop, so that
// their end can be watched.
func (a *app) runServer(ctx context.Context, o serving, log *slog.Logger, s *runtime.Server, listener net.Listener, options server.Options) error {
	address := a.announce(o, listener, options.Tokens)
	notify := runtime.NewNotifier(os.LookupEnv)
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
				log.Info("SIGHUP: files and schemas are read again")
				s.Reload()
			}
		}
	}()
	go notify.Watch(ctx, s.Well)
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	failed := make(chan error, 1)
	go func() { failed <- server.New(options).Serve(serving, listener) }()
	running, stopRunning := context.WithCancelCause(ctx)
	defer stopRunning(nil)
	told := make(chan struct{})
	go func() {
		defer close(told)
		select {
		case <-running.Done():
			notify.Tell("STOPPING=1")
		case err := <-failed:
			stopRunning(fmt.Errorf("the HTTP server failed: %w", err))
		}
	}()
	notify.Tell("READY=1", "STATUS=serving at "+address)
	s.Run(running)
	cause := context.Cause(running)
	stopRunning(nil)
	<-told // or the process may be gone before
	if ctx.Err() == nil {
		return &exitError{exitCannot, cause}
	}
	stopServing()
	log.Info("stopped")
	return nil
}

// announce says where the status page is, and who may see it.
func (a *app) announce(o serving, l net.Listener, tokens *server.Tokens) string {
	scheme := "http"
	if o.tlsCert != "" {
		scheme = "https"
	}
	shown := l.Addr().String()
	host, _, _ := net.SplitHostPort(o.addr)
	if _, port, err := net.SplitHostPort(shown); err == nil && host != "" {
		shown = net.JoinHostPort(host, port) // as it was asked for: "0.0.0.0" listens as "[::]"
	}
	address := scheme + "://" + shown + "/"
	fmt.Fprintf(a.out, "serving, status page at %s\n", address)
	switch {
	case tokens.Empty():
	case o.tlsCert == "" && !server.Loopback(l.Addr().String()):
		fmt.Fprintf(a.err, "%s every request needs a token, but it travels unencrypted: put a proxy with https in front, or give --tls-cert and --tls-key\n",
			a.paint(a.err, yellow, "warning:"))
	default:
		fmt.Fprintln(a.err, "every request needs a token")
	}
	return address
}

// tokens reads the tokens and sees whether the address needs some.
func (o serving) tokens(env runtime.Environment) (*server.Tokens, error) {
	t := &server.Tokens{}
	if o.tokenFile != "" {
		if err := t.ReadTokens(o.tokenFile); err != nil {
			return nil, err
		}
	}
	for name, role := range map[string]server.Role{"SYNCLINE_VIEWER_TOKEN": server.Viewer, "SYNCLINE_OPERATOR_TOKEN": server.Operator} {
		if text, ok := env(name); ok && text != "" {
			if err := t.Add(role, text); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if _, _, err := net.SplitHostPort(o.addr); err != nil {
		return nil, fmt.Errorf("--addr %s is no address: write HOST:PORT, such as 127.0.0.1:8080", o.addr)
	}
	return t, server.Allowed(o.addr, t)
}

// listen opens the port.
func (o serving) listen() (net.Listener, error) {
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return nil, errors.New("--tls-cert and --tls-key belong together")
	}
	l, err := net.Listen("tcp", o.addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the address %s is in use by another program; stop it, or give another --addr (port 0 takes any)", o.addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s; take a port above 1023", o.addr)
	case err != nil:
		return nil, fmt.Errorf("listening on --addr %s: %w", o.addr, err)
	}
	if o.tlsCert == "" {
		return l, nil
	}
	cert, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey)
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("the certificate cannot be used: %w", err)
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}), nil
}
