//go:build linux

package crash

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// disk is a small disk for the state, that others fill and empty. Where nothing can be mounted, the processes' files are
// bounded in its place, which fails their writes likewise.
type disk struct {
	w       *world
	dir     string
	mounted bool
}

const diskSize = 8 << 20

func newDisk(w *world) *disk {
	w.t.Helper()
	d := &disk{w: w, dir: filepath.Dir(w.state())}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	err := syscall.Mount("tmpfs", d.dir, "tmpfs", 0, text("size=%d", diskSize))
	switch {
	case err == nil:
		d.mounted = true
		w.t.Cleanup(func() {
			if w.live != nil {
				w.live.kill()
			}
			if err := syscall.Unmount(d.dir, syscall.MNT_DETACH); err != nil {
				w.t.Errorf("unmounting %s: %v", d.dir, err)
			}
		})
	case !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.EACCES):
		w.t.Fatalf("mounting %s: %v", d.dir, err)
	}
	return d
}

func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill leaves so many bytes free.
func (d *disk) fill(free int64) {
	d.w.t.Helper()
	if !d.mounted {
		info, err := os.Stat(d.w.state() + "-wal")
		if err == nil {
			free += info.Size()
		}
		if info, err := os.Stat(d.w.state()); err == nil {
			free = max(free, info.Size()-info.Size()/8)
		}
		d.w.bound = free
		return
	}
	_ = os.Remove(d.ballast())
	var st syscall.Statfs_t
	if err := syscall.Statfs(d.dir, &st); err != nil {
		d.w.t.Fatal(err)
	}
	if n := int64(st.Bavail)*st.Bsize - free; n > 0 {
		if err := os.WriteFile(d.ballast(), make([]byte, n), 0o600); err != nil {
			d.w.t.Fatal(err)
		}
	}
}

func (d *disk) empty() {
	d.w.bound = 0
	_ = os.Remove(d.ballast())
}

// TestFullDisk lets the disk of the state fill up while processes run, die and serve.
func TestFullDisk(t *testing.T) {
	each(t, 4, func(t *testing.T, seed uint64) {
		var w *world
		var s scenario
		if seed%2 == 0 {
			x := newSyncs(t, seed)
			w, s = x.world, x
		} else {
			x := newFalls(t, seed)
			w, s = x.world, x
		}
		d := newDisk(w)
		s.begin()
		full := 0
		for range 3 + w.rnd.IntN(3) {
			s.faults()
			s.change()
			d.fill(int64(w.rnd.IntN(160)) << 10)
			var p *proc
			if w.rnd.IntN(3) > 0 {
				p = w.start("", "run", w.dir)
				w.killAfter(p, time.Duration(50+w.rnd.IntN(1000))*time.Millisecond)
			} else {
				p = w.serve("")
				if !p.ended(time.Duration(w.rnd.IntN(600)) * time.Millisecond) {
					s.change()
				}
				if w.rnd.IntN(2) == 0 { // it goes on when there is room again
					d.empty()
				}
				w.killAfter(p, time.Duration(300+w.rnd.IntN(700))*time.Millisecond)
			}
			if saysFull(p.said()) {
				full++
				counts.fault("full disk")
			}
			if w.rnd.IntN(2) == 0 {
				d.empty()
			}
		}
		d.empty()
		t.Logf("%d processes met a full disk", full)
		w.end(s)
	})
}
