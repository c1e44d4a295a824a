package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/engine"
	"github.com/syncline/syncline/runtime/reload"
	"github.com/syncline/syncline/runtime/schedule"
	"github.com/syncline/syncline/runtime/server"
	"github.com/syncline/syncline/runtime/state"
)

// ServeOptions are what a Server runs with. Zero values are the defaults.
type ServeOptions struct {
	Store   state.Store
	Metrics *server.Metrics
	// Workers is how many rules run at once, Jitter over how much time rules with the same cron are spread.
	Workers int
	Jitter  time.Duration
	// Grace is how long a run may go on after Run was told to stop; 0: 30 s.
	Grace time.Duration
	// Deadline ends a reload, whatever hangs; 0: 30 s.
	Deadline time.Duration
	// Refresh is how often the schemas of the systems are read again; 0: each hour.
	Refresh time.Duration
	// Keep is how long the ledger, runs and settled dead letters are kept; 0: for ever. See state.Compacter.
	Keep time.Duration
	// Watch is how the folder is watched; its Dir and Concerns are set here.
	Watch reload.Watch
	Log   *slog.Logger
}

// Server runs a project for as long as it is told to: it schedules the rules of the set that is in force, and puts
// another in force when the files change and compile.
type Server struct {
	r       *Runtime
	o       ServeOptions
	store   state.Store
	log     *slog.Logger
	metrics *server.Metrics
	sched   *schedule.Scheduler
	reload  *reload.Reloader[Project, *Compiled]
	board   *board
	desk    *eventDesk
	alerts  *alertDesk
	quiet   quiet
	force   chan struct{}
	begun   time.Time

	mu    sync.Mutex
	set   *plan.Set
	files Project
	known known
	// fresh asks the next attempt to read all schemas anew.
	fresh bool
	last  reload.Attempt
	// seen is the hash of the files that were tried last.
	seen string

	// keys are the fingerprints of the objects of the set in force, for the next swap.
	keys map[*schema.Object]string
}

// Broken says that the files of the folder have errors, and that there is no earlier set to run instead.
type Broken struct{ Diagnostics diag.List }

func (b *Broken) Error() string {
	return fmt.Sprintf("the files have %d errors, and no earlier version of them ran here that could be run instead", b.Diagnostics.Errors())
}

// NewServer makes a server and puts the first set in force: that of the folder, or the last good one when the
// folder's is broken or cannot be checked. Nothing runs before Run.
func NewServer(ctx context.Context, r *Runtime, o ServeOptions) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = server.NewMetrics()
	}
	for _, d := range []struct {
		d  *time.Duration
		to time.Duration
	}{{&o.Grace, 30 * time.Second}, {&o.Deadline, 30 * time.Second}, {&o.Refresh, time.Hour}} {
		if *d.d == 0 {
			*d.d = d.to
		}
	}
	s := &Server{r: r, o: o, store: o.Store, log: o.Log, metrics: o.Metrics, board: newBoard(), force: make(chan struct{}, 1), begun: r.o.Now()}
	s.metrics.Collect(o.Store)
	s.desk, s.alerts = newEventDesk(s), newAlertDesk(s)
	if err := engine.StopAbandoned(ctx, o.Store); err != nil {
		// A full disk, say, is waited for; the next runs of their rules end them.
		o.Log.Warn("runs that an earlier process left open cannot be ended", "error", err)
	}
	var err error
	if s.sched, err = schedule.New(ctx, schedule.Options{Store: o.Store, Workers: o.Workers, Jitter: o.Jitter, Now: r.o.Now, Log: o.Log}); err != nil {
		return nil, err
	}
	s.reload = &reload.Reloader[Project, *Compiled]{
		Read: func(context.Context) (Project, string, error) {
			p, err := r.ReadProject()
			if err == nil {
				s.mu.Lock()
				s.seen = p.Hash
				s.mu.Unlock()
			}
			return p, p.Hash + lockDigest(r.o.Dir), err
		},
		Compile: s.compile, Swap: s.swap, Tried: s.tried, Deadline: o.Deadline, Log: o.Log,
	}
	return s, s.start(ctx)
}

// start puts the first set in force.
func (s *Server) start(ctx context.Context) error {
	began := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, s.o.Deadline, fmt.Errorf("it took longer than %s", s.o.Deadline))
	defer cancel()
	spareFiles, spare := s.lastGood(ctx)
	p, err := s.r.ReadProject()
	a := reload.Attempt{At: began, Err: err}
	if err == nil {
		s.seen = p.Hash
		s.reload.Begin(p.Hash + lockDigest(s.r.o.Dir))
		var c *Compiled
		var k known
		c, k, a.Err = s.r.recompile(limited, p, known{}, spare)
		if a.Err == nil {
			a.Diagnostics = c.Diagnostics
			if a.OK = !c.Diagnostics.HasErrors(); a.OK {
				c.known = k
				s.swap(ctx, p, c)
			}
		}
	}
	a.Took = time.Since(began)
	if !a.OK {
		if err := s.startOnLastGood(limited, a, spareFiles, spare); err != nil {
			return err
		}
	}
	s.tried(a)
	return nil
}

// startOnLastGood runs what ran before, in place of files that are broken or cannot be checked.
func (s *Server) startOnLastGood(ctx context.Context, a reload.Attempt, p Project, catalogs map[string]*schema.Catalog) error {
	give := func() error {
		if a.Err != nil {
			return a.Err
		}
		return &Broken{a.Diagnostics}
	}
	if len(p.Files) == 0 {
		return give()
	}
	keys := map[string]string{}
	module, _ := p.load(&s.r.parsed)
	for _, c := range lang.Connections(module) {
		keys[c.Name] = planKey(c)
	}
	c, k, err := s.r.recompile(ctx, p, known{catalogs: catalogs, keys: keys}, catalogs)
	if err != nil || c.Diagnostics.HasErrors() {
		s.log.Error("the last set of files that compiled does not compile any more", "error", err)
		return give()
	}
	c.known = k
	s.swap(ctx, p, c)
	s.log.Error("the files in the folder are not used: the last set that compiled runs instead", "revision", c.Set.Revision)
	return nil
}

// lastGood reads the last set that compiled; none is not an error, and one that cannot be read is as good as none.
func (s *Server) lastGood(ctx context.Context) (Project, map[string]*schema.Catalog) {
	data, err := s.store.Snapshot(ctx, snapshotName)
	if err == nil && data != nil {
		var p Project
		var catalogs map[string]*schema.Catalog
		if p, catalogs, err = decodeSnapshot(data); err == nil {
			return p, catalogs
		}
	}
	if err != nil {
		s.log.Warn("the last set that compiled cannot be read from the state", "error", err)
	}
	return Project{}, nil
}

// compile is one attempt's compilation. Errors found with schemas that are some minutes old are looked at again with
// new ones: someone may have added the field just now.
func (s *Server) compile(ctx context.Context, p Project) (*Compiled, diag.List, error) {
	s.mu.Lock()
	have, fresh := s.known, s.fresh
	s.mu.Unlock()
	spare := have.catalogs
	if fresh {
		have = have.stale()
	}
	c, k, err := s.r.recompile(ctx, p, have, spare)
	if err == nil && c.Diagnostics.HasErrors() && !fresh && s.r.o.Now().Sub(have.at) > time.Minute && ctx.Err() == nil {
		if again, k2, err2 := s.r.recompile(ctx, p, have.stale(), spare); err2 == nil && !again.Diagnostics.HasErrors() {
			c, k = again, k2
		}
	}
	if err != nil {
		return nil, nil, err
	}
	c.known = k
	if fresh && ctx.Err() == nil {
		s.mu.Lock()
		s.fresh = false
		s.mu.Unlock()
	}
	return c, c.Diagnostics, nil
}

// swap puts a set in force. The scheduler changes from one to the other between two looks, so no tick is seen by both
// or by none.
func (s *Server) swap(ctx context.Context, p Project, c *Compiled) {
	s.mu.Lock()
	s.known = c.known
	s.mu.Unlock()
	rules, err := s.rules(c.Set)
	if err != nil {
		// The checker has parsed every cron: this cannot be. The set in force stays.
		s.log.Error("a set that compiled cannot be scheduled", "error", err)
		return
	}
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.ID
	}
	if err := s.board.load(ctx, s.store, ids); err != nil {
		s.log.Warn("the rules' last runs cannot be read", "error", err)
	}
	crashpoint.Reach(crashpoint.ReloadBefore)
	changes := s.sched.Update(rules)
	s.metrics.Forget(changes.Removed)
	s.mu.Lock()
	first := s.set == nil
	s.set, s.files = c.Set, p
	s.mu.Unlock()
	if first { // later, a run of a rule that was removed may be under way
		if err := accountForRemoved(ctx, s.store, c.Set); err != nil {
			s.log.Warn("what removed rules were about to write cannot be told to the ledger", "error", err)
		}
	}
	s.desk.resume(ctx, changes.Added)
	s.startBaselines(ctx, c.Set, append(slices.Clone(changes.Added), changes.Changed...))
	s.log.Info("a set of rules is in force", "revision", c.Set.Revision, "rules", len(rules), "added", len(changes.Added),
		"changed", strings.Join(changes.Changed, " "), "removed", strings.Join(changes.Removed, " "), "untouched", len(changes.Untouched))
	s.tellLeftBehind(ctx, c.Set)
	crashpoint.Reach(crashpoint.ReloadAfter)
	s.remember(ctx, p, c)
	crashpoint.Reach(crashpoint.ReloadStored)
}

// remember stores the set for the next start.
func (s *Server) remember(ctx context.Context, p Project, c *Compiled) {
	data, err := encodeSnapshot(p, c)
	if err == nil {
		err = s.store.SaveSnapshot(context.WithoutCancel(ctx), snapshotName, data)
	}
	if err != nil {
		s.log.Warn("the set of rules cannot be stored; a start with a broken folder would not find it", "error", err)
	}
}

// tried notes an attempt to take the files in.
func (s *Server) tried(a reload.Attempt) {
	s.mu.Lock()
	before := s.last
	s.last = a
	s.mu.Unlock()
	s.metrics.Reload(a.OK, a.At, a.Took)
	switch {
	case a.OK:
		s.log.Info("the files are in force", "took", a.Took.Round(time.Millisecond), "warnings", a.Diagnostics.Warnings())
	case a.Err != nil && before.Err != nil && before.Err.Error() == a.Err.Error():
	case a.Err != nil:
		s.log.Error("the files could not be checked; what ran before goes on", "error", a.Err)
	default:
		s.log.Error("the files have errors; what ran before goes on", "errors", a.Diagnostics.Errors())
		for _, d := range a.Diagnostics {
			if d.Severity == diag.Error {
				s.log.Error(d.String())
			}
		}
	}
}

// Run runs the rules until ctx ends, and then lets what is under way come to a stop, for the grace time at most.
func (s *Server) Run(ctx context.Context) {
	watch := s.o.Watch
	watch.Dir, watch.Log = s.r.o.Dir, s.log
	watch.Concerns = func(name string) bool {
		return concerns(name) || s.r.o.VarsFile != "" && name == filepath.Base(s.r.o.VarsFile)
	}
	s.mu.Lock()
	failed := s.last.Err != nil
	s.mu.Unlock()
	var others sync.WaitGroup
	others.Go(func() { s.reload.Run(ctx, watch.Changes(ctx), s.force, failed) })
	others.Go(func() { s.refresh(ctx) })
	others.Go(func() { s.desk.tidy(ctx) })
	defer s.desk.close()
	others.Go(func() { s.prune(ctx) })
	others.Go(func() { s.watchApprovals(ctx) })
	others.Go(func() { s.alerts.run(ctx) })
	others.Go(func() { s.compact(ctx) })
	others.Go(func() { s.summarize(ctx) })
	done := make(chan struct{})
	go func() {
		s.sched.Run(ctx)
		close(done)
	}()
	<-ctx.Done()
	s.log.Info("stopping: runs under way finish what is in hand", "grace", s.o.Grace)
	select {
	case <-done:
	case <-time.After(s.o.Grace + 2*time.Second):
		s.log.Warn("a run did not stop within the grace time; the next start goes on from its checkpoint")
	}
	others.Wait()
}

// refresh reads the schemas again from time to time, and sooner while one is remembered because its system did not
// answer.
func (s *Server) refresh(ctx context.Context) {
	tick := time.NewTicker(min(s.o.Refresh, time.Minute))
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.mu.Lock()
		due := s.known.standIn || time.Since(last) >= s.o.Refresh
		s.mu.Unlock()
		if due {
			s.Reload()
			last = time.Now()
		}
	}
}

// Runs that did nothing are forgotten after a day, some at a time, so that nobody waits for the state meanwhile.
const (
	pruneAfter = 24 * time.Hour
	pruneBatch = 5000
)

// prune keeps the state from growing with runs that found nothing to do.
func (s *Server) prune(ctx context.Context) {
	p, ok := s.store.(state.Pruner)
	if !ok {
		return
	}
	wait := time.Minute
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		n, err := p.PruneRuns(ctx, s.r.o.Now().Add(-pruneAfter), pruneBatch)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("runs that did nothing cannot be forgotten", "error", err)
		}
		if wait = 10 * time.Minute; n == pruneBatch {
			wait = 10 * time.Second
		}
	}
}

// Reload asks for an attempt with the files and the schemas as they are now.
func (s *Server) Reload() {
	s.mu.Lock()
	s.fresh = true
	s.mu.Unlock()
	select {
	case s.force <- struct{}{}:
	default:
	}
}

func (s *Server) retry() delivery.Retry { return delivery.Retry{Grace: s.o.Grace} }

// concerns tells whether a file belongs to a project.
func concerns(name string) bool {
	return strings.HasSuffix(name, Suffix) && !strings.HasPrefix(name, ".") || name == LockFile
}

// lockDigest is the content of the lock file, as far as it matters whether it changed.
func lockDigest(dir string) string {
	info, err := os.Stat(dir + string(os.PathSeparator) + LockFile)
	if errors.Is(err, os.ErrNotExist) || err != nil {
		return ""
	}
	return fmt.Sprintf(" %d %d", info.Size(), info.ModTime().UnixNano())
}
