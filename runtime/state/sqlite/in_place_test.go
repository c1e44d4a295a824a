package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncline/syncline/runtime/state"
)

// A state that is moved away under a writer takes nothing more until it is back: two writers with a memory each would
// do everything twice.
func TestNothingIsWrittenToAFileThatIsNotInPlace(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "p", "state.db")
	s, err := Open(ctx, path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pause := func(rule string) error { return s.SetHold(ctx, state.Hold{Rule: rule}) }
	move := func(from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	refuses := func(why string) {
		t.Helper()
		if err := pause("sync.lost"); err == nil || !strings.Contains(err.Error(), why) {
			t.Fatalf("%v, want %q", err, why)
		}
	}
	dir, away := filepath.Dir(path), filepath.Dir(path)+"~"

	move(dir, away)
	refuses("was moved or deleted")
	other, err := Open(ctx, path, Options{Holder: "second"})
	if err != nil {
		t.Fatal(err)
	}
	refuses("was replaced by another file")
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	move(away, dir)
	if err := pause("sync.kept"); err != nil {
		t.Fatal(err)
	}
	holds, err := s.Holds(ctx)
	if err != nil || len(holds) != 1 || holds[0].Rule != "sync.kept" {
		t.Fatalf("%v %v", holds, err)
	}
}
