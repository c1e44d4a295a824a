package reload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/lang/diag"
)

// set is what tests compile: the files' contents by name. A file with the word "broken" has an error.
type set map[string]string

// server takes sets in, as a running server does.
type server struct {
	t   *testing.T
	dir string

	mu       sync.Mutex
	now      set
	attempts []Attempt
	swaps    int
	compile  func(context.Context) // before each compilation
}

func concerns(name string) bool { return strings.HasSuffix(name, ".sync.hcl") }

func (s *server) read(context.Context) (set, string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, "", err
	}
	files, digest := set{}, ""
	for _, e := range entries {
		if !concerns(e.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(s.dir, e.Name()))
		if err != nil {
			return nil, "", err
		}
		files[e.Name()] = string(data)
		digest += fmt.Sprintf("%q %q ", e.Name(), data)
	}
	if len(files) == 0 {
		return nil, "", errors.New("there are no files")
	}
	return files, digest, nil
}

func start(t *testing.T, dir string) *server {
	s := &server{t: t, dir: dir, compile: func(context.Context) {}}
	r := &Reloader[set, set]{
		Read: s.read,
		Compile: func(ctx context.Context, files set) (set, diag.List, error) {
			s.mu.Lock()
			before := s.compile
			s.mu.Unlock()
			before(ctx)
			for name, text := range files {
				if strings.Contains(text, "broken") {
					return nil, diag.List{{Severity: diag.Error, Summary: name}}, nil
				}
			}
			return files, nil, nil
		},
		Swap: func(_ context.Context, _, now set) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.now = now
			s.swaps++
		},
		Tried: func(a Attempt) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.attempts = append(s.attempts, a)
		},
		Deadline: 300 * time.Millisecond, Retry: 50 * time.Millisecond,
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := Watch{Dir: dir, Concerns: concerns, Settle: 20 * time.Millisecond, Longest: 200 * time.Millisecond, Poll: 150 * time.Millisecond}
	done := make(chan struct{})
	changes := w.Changes(ctx)
	go func() { r.Run(ctx, changes, nil, true); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

// eventually waits until the server has what the test wants.
func (s *server) eventually(what string, ok func() bool) {
	s.t.Helper()
	for range 500 {
		s.mu.Lock()
		good := ok()
		s.mu.Unlock()
		if good {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.t.Fatalf("never: %s; it has %v after %+v", what, s.now, s.attempts)
}

func (s *server) has(want set) {
	s.t.Helper()
	s.eventually(fmt.Sprint(want), func() bool { return fmt.Sprint(s.now) == fmt.Sprint(want) })
}

func (s *server) last() Attempt {
	if len(s.attempts) == 0 {
		return Attempt{}
	}
	return s.attempts[len(s.attempts)-1]
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEditors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.sync.hcl")
	write(t, file, "1")
	s := start(t, dir)
	s.has(set{"a.sync.hcl": "1"})

	write(t, file, "2") // in place
	s.has(set{"a.sync.hcl": "2"})

	write(t, filepath.Join(dir, ".a.swp"), "3") // a new file that takes its place
	must(t, os.Rename(filepath.Join(dir, ".a.swp"), file))
	s.has(set{"a.sync.hcl": "3"})

	must(t, os.Rename(file, file+"~")) // the old file out of the way, then a new one
	write(t, file, "4")
	s.has(set{"a.sync.hcl": "4"})

	write(t, filepath.Join(dir, "b.sync.hcl"), "new")
	s.has(set{"a.sync.hcl": "4", "b.sync.hcl": "new"})
	must(t, os.Remove(file))
	s.has(set{"b.sync.hcl": "new"})

	s.mu.Lock()
	tried := len(s.attempts)
	s.mu.Unlock()
	write(t, filepath.Join(dir, "b.sync.hcl"), "new") // saved without a change
	write(t, filepath.Join(dir, "notes.txt"), "not ours")
	time.Sleep(300 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.attempts) != tried {
		t.Fatalf("a save without a change was tried: %+v", s.attempts[tried:])
	}
}

func TestBrokenFilesChangeNothing(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.sync.hcl")
	write(t, file, "1")
	s := start(t, dir)
	s.has(set{"a.sync.hcl": "1"})
	write(t, file, "broken")
	write(t, filepath.Join(dir, "b.sync.hcl"), "fine")
	s.eventually("an attempt that failed", func() bool { return s.last().Diagnostics.HasErrors() && !s.last().OK })
	s.has(set{"a.sync.hcl": "1"})
	write(t, file, "2")
	s.has(set{"a.sync.hcl": "2", "b.sync.hcl": "fine"})
}

// A Kubernetes mount: the files are links into ..data, a link that is swapped for another folder.
func TestLinksThatAreSwapped(t *testing.T) {
	dir := t.TempDir()
	version := func(name, text string) {
		t.Helper()
		must(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		write(t, filepath.Join(dir, name, "a.sync.hcl"), text)
		write(t, filepath.Join(dir, name, "b.sync.hcl"), text)
		must(t, os.Symlink(name, filepath.Join(dir, "..data_tmp")))
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	version("..2026_1", "1")
	for _, name := range []string{"a.sync.hcl", "b.sync.hcl"} {
		must(t, os.Symlink("..data/"+name, filepath.Join(dir, name)))
	}
	s := start(t, dir)
	s.has(set{"a.sync.hcl": "1", "b.sync.hcl": "1"})
	for i := 2; i < 6; i++ {
		version(fmt.Sprintf("..2026_%d", i), fmt.Sprint(i))
		must(t, os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..2026_%d", i-1))))
		s.has(set{"a.sync.hcl": fmt.Sprint(i), "b.sync.hcl": fmt.Sprint(i)})
	}
}

func TestAFolderThatIsALinkOrVanishes(t *testing.T) {
	root := t.TempDir()
	for i := range 3 {
		must(t, os.Mkdir(filepath.Join(root, fmt.Sprint(i)), 0o755))
		write(t, filepath.Join(root, fmt.Sprint(i), "a.sync.hcl"), fmt.Sprint(i))
	}
	current := filepath.Join(root, "current")
	must(t, os.Symlink("0", current))
	s := start(t, current)
	s.has(set{"a.sync.hcl": "0"})
	must(t, os.Symlink("1", current+".new"))
	must(t, os.Rename(current+".new", current))
	s.has(set{"a.sync.hcl": "1"})
	write(t, filepath.Join(root, "1", "a.sync.hcl"), "edited")
	s.has(set{"a.sync.hcl": "edited"})

	must(t, os.Remove(current))
	s.eventually("the folder is missed", func() bool { return s.last().Err != nil })
	s.has(set{"a.sync.hcl": "edited"})
	must(t, os.Rename(filepath.Join(root, "2"), current))
	s.has(set{"a.sync.hcl": "2"})
	write(t, filepath.Join(current, "a.sync.hcl"), "3")
	s.has(set{"a.sync.hcl": "3"})
}

func TestAHundredChangesInASecond(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	for i := range 100 {
		text := fmt.Sprint(i)
		if rand.IntN(3) == 0 {
			text = "broken"
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%d.sync.hcl", i%7)), text)
		time.Sleep(10 * time.Millisecond)
	}
	want := set{}
	for i := range 7 {
		want[fmt.Sprintf("%d.sync.hcl", i)] = "end"
		write(t, filepath.Join(dir, fmt.Sprintf("%d.sync.hcl", i)), "end")
	}
	s.has(want)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.attempts) > 60 {
		t.Fatalf("%d attempts for a hundred changes", len(s.attempts))
	}
}

// All files of a set belong together: what is swapped in is what one look at the folder gave.
func TestManyFilesAtOnce(t *testing.T) {
	dir := t.TempDir()
	all := func(text string) set {
		want := set{}
		for i := range 200 {
			name := fmt.Sprintf("%03d.sync.hcl", i)
			want[name] = text
			write(t, filepath.Join(dir, name), text)
		}
		return want
	}
	want := all("1")
	s := start(t, dir)
	s.has(want)
	s.has(all("2"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.swaps > 3 {
		t.Fatalf("%d swaps for one save of 200 files", s.swaps)
	}
}

func TestAnAttemptHasADeadline(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.sync.hcl")
	write(t, file, "1")
	s := start(t, dir)
	s.has(set{"a.sync.hcl": "1"})
	hang := make(chan struct{})
	defer close(hang)
	s.mu.Lock()
	s.compile = func(context.Context) { <-hang } // does not heed its context
	s.mu.Unlock()
	write(t, file, "2")
	s.eventually("the attempt is given up", func() bool { return s.last().Err != nil })
	s.mu.Lock()
	if took := s.last().Took; took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	s.compile = func(context.Context) {}
	s.mu.Unlock()
	s.has(set{"a.sync.hcl": "2"}) // tried again by itself
}

func TestNewerFilesOvertake(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.sync.hcl")
	write(t, file, "1")
	s := start(t, dir)
	s.has(set{"a.sync.hcl": "1"})
	began := make(chan struct{}, 10)
	s.mu.Lock()
	s.compile = func(ctx context.Context) { began <- struct{}{}; <-ctx.Done() }
	s.mu.Unlock()
	write(t, file, "2")
	<-began
	s.mu.Lock()
	s.compile = func(context.Context) {}
	s.mu.Unlock()
	write(t, file, "3")
	s.has(set{"a.sync.hcl": "3"})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.attempts {
		if a.Err != nil {
			t.Fatalf("an overtaken attempt counts as failed: %v", a.Err)
		}
	}
}

func TestACompilerThatPanics(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.sync.hcl")
	write(t, file, "1")
	s := start(t, dir)
	s.has(set{"a.sync.hcl": "1"})
	s.mu.Lock()
	s.compile = func(context.Context) { panic("oh") }
	s.mu.Unlock()
	write(t, file, "2")
	s.eventually("the panic is told", func() bool { return s.last().Err != nil && strings.Contains(s.last().Err.Error(), "oh") })
	s.mu.Lock()
	s.compile = func(context.Context) {}
	s.mu.Unlock()
	s.has(set{"a.sync.hcl": "2"})
}
