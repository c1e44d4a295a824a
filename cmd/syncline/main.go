// Command syncline keeps business systems in step: it lints, plans and runs projects of .sync.hcl files.
//
// main only wires: each subcommand stands in a file of its own and calls the runtime, which calls
// the compiler and the connectors.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
)

// Exit codes, the same for every command.
const (
	exitOK          = 0
	exitProblems    = 1   // the command ran, and what it looked at is not all right
	exitCannot      = 2   // the command could not run
	exitInterrupted = 130 // Ctrl-C: the batch in hand was finished and stored
)

// exitError carries an exit code; err nil: everything is said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// errProblems ends a command with exit 1 after it has printed what is wrong.
var errProblems = &exitError{code: exitProblems}

func main() {
	bound()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// bound lets the heap grow to some 8 MB before it is collected for the first time, after which it may grow by what is in use,
// as is Go's default: most commands end before, and collecting what they make to begin with costs a third of their time.
func bound() {
	if os.Getenv("GOGC") != "" {
		return
	}
	const early, late = 200, 100
	debug.SetGCPercent(early)
	runtime.AddCleanup(new([64]byte), func(late int) {
		if now := debug.SetGCPercent(late); now != early {
			debug.SetGCPercent(now) // the command knows better
		}
	}, late)
}

// run is the whole program; tests call it with their own arguments and streams.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := interruptible(context.Background(), errOut)
	defer stop()
	a := &app{in: in, out: out, err: errOut}
	root := newRoot(a)
	root.SetArgs(longFlags(args))
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	switch e := (*exitError)(nil); {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), errInterrupted):
		a.complain(errInterrupted)
		return exitInterrupted
	case errors.As(err, &e):
		if e.err != nil {
			a.complain(e.err)
		}
		return e.code
	default:
		a.complain(err)
		return exitCannot
	}
}

// longFlags takes `fmt -check`, as Go's and Terraform's formatters spell it, for --check.
func longFlags(args []string) []string {
	if len(args) == 0 || args[0] != "fmt" {
		return args
	}
	out := slices.Clone(args)
	for i, arg := range out {
		if arg == "-check" {
			out[i] = "--check"
		}
	}
	return out
}

// errInterrupted is the cause of a context that Ctrl-C or SIGTERM cancelled.
var errInterrupted = errors.New("interrupted")

// interruptible cancels the context at the first Ctrl-C or SIGTERM, for an orderly end, and leaves the
// process to the second.
func interruptible(ctx context.Context, errOut io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			if isTerminal(errOut) { // a service's log holds lines of its own
				fmt.Fprintln(errOut, "\nstopping: what is in hand is finished and stored; once more to stop at once")
			}
			cancel(errInterrupted)
			signal.Stop(signals)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}
