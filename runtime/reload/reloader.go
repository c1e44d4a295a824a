package reload

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/syncline/syncline/lang/diag"
)

// Attempt is one try to bring a change in.
type Attempt struct {
	At   time.Time
	Took time.Duration
	// OK: the running set is what the files say.
	OK          bool
	Diagnostics diag.List
	// Err says why the files could not be checked at all; nil when they could.
	Err error
}

// Reloader brings changes into a running server. F is what is read, T what is made of it.
type Reloader[F, T any] struct {
	// Read reads the files, with a digest of all that matters in them.
	Read func(ctx context.Context) (files F, digest string, err error)
	// Compile makes the new set. It may be given up before it returns, and then its result is dropped.
	Compile func(ctx context.Context, files F) (T, diag.List, error)
	// Swap puts a set without errors in place. It does not fail, and it does not wait for others.
	Swap func(ctx context.Context, files F, set T)
	// Tried is told of each attempt that was not one without a change.
	Tried func(Attempt)
	// Deadline ends an attempt, whatever hangs; 0: 30 s.
	Deadline time.Duration
	// Retry is how soon an attempt that could not check the files is made again; it doubles up to a minute. 0: 5 s.
	Retry time.Duration
	Log   *slog.Logger

	mu     sync.Mutex
	digest string // of the files tried last
}

// Begin notes what the server started with, so that the same files are no change.
func (r *Reloader[F, T]) Begin(digest string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.digest = digest
}

// Run makes attempts until ctx ends: when changes tells of a change, and when force asks for one whether or not files
// changed. failed says that the server began without the files being checked.
func (r *Reloader[F, T]) Run(ctx context.Context, changes, force <-chan struct{}, failed bool) {
	if r.Deadline == 0 {
		r.Deadline = 30 * time.Second
	}
	if r.Retry == 0 {
		r.Retry = 5 * time.Second
	}
	wait := r.Retry
	// Files may have changed between the server's first look and the begin of the watch.
	first := make(chan struct{}, 1)
	first <- struct{}{}
	for {
		var again <-chan time.Time
		if failed {
			again = time.After(wait)
			wait = min(2*wait, time.Minute)
		}
		forced := failed
		select {
		case <-ctx.Done():
			return
		case <-first:
			forced = false
		case <-changes:
		case <-force:
			forced = true
		case <-again:
		}
		a, tried := r.attempt(ctx, forced, changes)
		if ctx.Err() != nil {
			return
		}
		if failed = tried && a.Err != nil || failed && !tried; !failed {
			wait = r.Retry
		}
		if tried && r.Tried != nil {
			r.Tried(a)
		}
	}
}

// patience is how many times in a row an attempt is given up for newer files, before one is finished: files that
// change for ever must not keep the server from ever taking them.
const patience = 20

// attempt tries once, and again when the files change while it is under way.
func (r *Reloader[F, T]) attempt(ctx context.Context, forced bool, changes <-chan struct{}) (Attempt, bool) {
	for n := 0; ; n++ {
		if n == patience {
			changes = nil
		}
		a, tried, overtaken := r.once(ctx, forced, changes)
		if !overtaken {
			return a, tried
		}
		forced = true
	}
}

func (r *Reloader[F, T]) once(ctx context.Context, forced bool, changes <-chan struct{}) (a Attempt, tried, overtaken bool) {
	began := time.Now()
	a.At = began
	defer func() { a.Took = time.Since(began) }()
	limited, cancel := context.WithTimeoutCause(ctx, r.Deadline, fmt.Errorf("it took longer than %s", r.Deadline))
	defer cancel()
	files, digest, err := r.Read(limited)
	if err != nil {
		a.Err = err
		return a, true, false
	}
	r.mu.Lock()
	same := digest == r.digest
	r.digest = digest
	r.mu.Unlock()
	if same && !forced {
		return a, false, false
	}
	type result struct {
		set   T
		diags diag.List
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var got result
		defer func() {
			if p := recover(); p != nil {
				got.err = fmt.Errorf("the compiler failed: %v; please report it", p)
			}
			done <- got
		}()
		got.set, got.diags, got.err = r.Compile(limited, files)
	}()
	select {
	case got := <-done:
		a.Diagnostics, a.Err = got.diags, got.err
		if a.Err == nil && !a.Diagnostics.HasErrors() {
			r.Swap(ctx, files, got.set)
			a.OK = true
		}
	case <-changes:
		return a, true, true
	case <-limited.Done():
		a.Err = fmt.Errorf("the files could not be checked: %w", context.Cause(limited))
	}
	return a, true, false
}
