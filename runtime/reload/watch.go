package reload

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watch tells of changes of the files in a folder.
type Watch struct {
	Dir string
	// Concerns tells whether a file of this name belongs to the project.
	Concerns func(name string) bool
	// Settle is how long the folder has to be quiet before a change is told; Longest how long that is waited for
	// at most; Poll how often the files are looked at whatever the file system tells. Zero: 50 ms, 1 s, 2 s.
	Settle, Longest, Poll time.Duration
	Log                   *slog.Logger // nil: silent
}

// watcher is a Watch under way.
type watcher struct {
	Watch
	fs *fsnotify.Watcher // nil: the file system does not tell
	// dirs are the folders that are watched, as they were: one that was swapped for another is watched anew.
	dirs map[string]os.FileInfo
	// seen is how the files looked when a change was last told.
	seen uint64
	out  chan struct{}
}

// Changes sends when files may have changed, until ctx ends. What is not received is not sent twice.
func (w Watch) Changes(ctx context.Context) <-chan struct{} {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&w.Settle, 50*time.Millisecond)
	set(&w.Longest, time.Second)
	set(&w.Poll, 2*time.Second)
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	if abs, err := filepath.Abs(w.Dir); err == nil {
		w.Dir = abs
	}
	r := &watcher{Watch: w, dirs: map[string]os.FileInfo{}, out: make(chan struct{}, 1)}
	var err error
	if r.fs, err = fsnotify.NewWatcher(); err != nil {
		w.Log.Warn("the file system cannot be watched; changes are looked for instead", "every", w.Poll, "error", err)
	}
	r.rewatch()
	r.seen = r.look()
	go r.run(ctx)
	return r.out
}

func (r *watcher) run(ctx context.Context) {
	var events chan fsnotify.Event
	var errs chan error
	if r.fs != nil {
		defer r.fs.Close()
		events, errs = r.fs.Events, r.fs.Errors
	}
	poll := time.NewTicker(r.Poll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-events:
			certain := r.settle(ctx, r.certain(e))
			r.rewatch()
			r.tell(certain)
		case <-errs:
			// Events were lost, or a watch is broken: what the folder looks like decides.
			r.rewatch()
			r.tell(false)
		case <-poll.C:
			r.rewatch()
			r.tell(false)
		}
	}
}

// certain tells whether an event is a change of one of the project's files, or of a link that leads to them; of others
// the look decides.
func (r *watcher) certain(e fsnotify.Event) bool {
	name := filepath.Base(e.Name)
	switch {
	case e.Op == fsnotify.Chmod:
		return false
	case e.Name == r.Dir:
		return true
	}
	return filepath.Dir(e.Name) == r.Dir && (r.Concerns(name) || strings.HasPrefix(name, ".."))
}

// settle waits until the folder is quiet.
func (r *watcher) settle(ctx context.Context, certain bool) bool {
	end := time.After(r.Longest)
	quiet := time.NewTimer(r.Settle)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return certain
		case e := <-r.fs.Events:
			certain = certain || r.certain(e)
			quiet.Reset(r.Settle)
		case <-quiet.C:
			return certain
		case <-end:
			return certain
		}
	}
}

func (r *watcher) tell(certain bool) {
	now := r.look()
	if !certain && now == r.seen {
		return
	}
	r.seen = now
	select {
	case r.out <- struct{}{}:
	default:
	}
}

// look is a fingerprint of how the files look from outside: names, identities, sizes, times.
func (r *watcher) look() uint64 {
	h := fnv.New64a()
	entries, err := os.ReadDir(r.Dir)
	if err != nil {
		return 1
	}
	for _, e := range entries {
		if !r.Concerns(e.Name()) {
			continue
		}
		info, err := os.Stat(filepath.Join(r.Dir, e.Name()))
		if err != nil {
			fmt.Fprintf(h, "%q gone\n", e.Name())
			continue
		}
		fmt.Fprintf(h, "%q %d %d %d %o\n", e.Name(), identity(info), info.Size(), info.ModTime().UnixNano(), info.Mode())
	}
	return h.Sum64()
}

// rewatch watches the folders in which a change can show: the project's, the one above it (for a folder that vanishes
// and returns, or is a link), and those that the files are links into.
func (r *watcher) rewatch() {
	if r.fs == nil {
		return
	}
	want := map[string]bool{r.Dir: true, filepath.Dir(r.Dir): true}
	r.linked(r.Dir, want)
	entries, _ := os.ReadDir(r.Dir)
	for _, e := range entries {
		if e.Type()&os.ModeSymlink != 0 && (r.Concerns(e.Name()) || strings.HasPrefix(e.Name(), "..")) {
			r.linked(filepath.Join(r.Dir, e.Name()), want)
		}
	}
	for dir := range r.dirs {
		if !want[dir] {
			r.fs.Remove(dir)
			delete(r.dirs, dir)
		}
	}
	for dir := range want {
		r.add(dir)
	}
}

func (r *watcher) add(dir string) {
	info, err := os.Stat(dir)
	if err != nil {
		delete(r.dirs, dir)
		return
	}
	if had := r.dirs[dir]; had != nil && os.SameFile(had, info) {
		return
	}
	r.fs.Remove(dir)
	if err := r.fs.Add(dir); err != nil {
		if _, warned := r.dirs["!"]; !warned {
			r.dirs["!"] = nil
			r.Log.Warn("a folder cannot be watched; its changes are looked for instead", "folder", dir, "every", r.Poll, "error", err)
		}
		return
	}
	r.dirs[dir] = info
}

// linked adds the folders that a link leads through.
func (r *watcher) linked(path string, want map[string]bool) {
	for range 10 {
		to, err := os.Readlink(path)
		if err != nil {
			return
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		want[filepath.Dir(to)] = true
		path = to
	}
}
