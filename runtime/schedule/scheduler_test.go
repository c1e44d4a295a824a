package schedule

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// memory is a store that can fail.
type memory struct {
	mu    sync.Mutex
	at    map[[2]string]time.Time
	holds map[string]state.Hold
	fail  error
}

func newMemory() *memory {
	return &memory{at: map[[2]string]time.Time{}, holds: map[string]state.Hold{}}
}

func (m *memory) Ticks(context.Context) (out []state.Tick, _ error) {
	for k, t := range m.at {
		out = append(out, state.Tick{Rule: k[0], Schedule: k[1], Done: t})
	}
	return out, nil
}

func (m *memory) SaveTicks(_ context.Context, ticks []state.Tick) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for _, t := range ticks {
		m.at[[2]string{t.Rule, t.Schedule}] = t.Done
	}
	return nil
}

func (m *memory) Holds(context.Context) (out []state.Hold, _ error) {
	for _, h := range m.holds {
		out = append(out, h)
	}
	return out, nil
}

func (m *memory) SetHold(_ context.Context, h state.Hold) error {
	m.holds[h.Rule] = h
	return nil
}

func (m *memory) Release(_ context.Context, rule string) error {
	delete(m.holds, rule)
	return nil
}

func started(t *testing.T, store Store, rules ...Rule) (*Scheduler, func()) {
	t.Helper()
	s, err := New(context.Background(), Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	s.Update(rules)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	return s, func() { cancel(); <-done }
}

func TestRulesRunWhenTheyAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		r := rule(t, "a", "@every 1s")
		r.Run = func(context.Context, Turn) End { n.Add(1); time.Sleep(100 * time.Millisecond); return End{} }
		_, stop := started(t, newMemory(), r)
		time.Sleep(time.Hour)
		stop()
		if got := n.Load(); got < 3599 || got > 3600 {
			t.Fatalf("%d runs in an hour of seconds", got)
		}
	})
}

func TestStopWaitsForRunsAndTheyGoOnAtTheNextStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		var turns []Turn
		r := rule(t, "a", "0 * * * *")
		r.Run = func(ctx context.Context, turn Turn) End {
			turns = append(turns, turn)
			if len(turns) > 1 {
				return End{}
			}
			<-ctx.Done()
			time.Sleep(time.Second) // what is in hand
			if !errors.Is(context.Cause(ctx), errStopping) {
				t.Error(context.Cause(ctx))
			}
			return End{Result: Interrupted}
		}
		_, stop := started(t, store, r)
		time.Sleep(2 * time.Hour)
		stop()
		_, stop = started(t, store, r)
		time.Sleep(time.Second)
		stop()
		if len(turns) != 2 || turns[1].At.Before(turns[0].At) {
			t.Fatalf("%+v", turns)
		}
	})
}

func TestAPanicAndAStoreThatFailsStopNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.fail = errors.New("the disk is full")
		var good, bad atomic.Int64
		a, b := rule(t, "a", "* * * * *"), rule(t, "b", "* * * * *")
		a.Run = func(context.Context, Turn) End { bad.Add(1); panic("oh") }
		b.Run = func(context.Context, Turn) End { good.Add(1); return End{} }
		_, stop := started(t, store, a, b)
		time.Sleep(10*time.Minute + time.Second)
		if good.Load() != 10 || bad.Load() != 10 {
			t.Fatalf("%d and %d runs", good.Load(), bad.Load())
		}
		store.mu.Lock()
		store.fail = nil
		store.mu.Unlock()
		time.Sleep(30 * time.Second)
		stop()
		if store.at[[2]string{"b", ""}].IsZero() {
			t.Fatal("what could not be stored was not stored later")
		}
	})
}

func TestAHoldOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		var n atomic.Int64
		r := rule(t, "a", "* * * * *")
		r.Run = func(context.Context, Turn) End { n.Add(1); return End{} }
		s, stop := started(t, store, r)
		if err := s.Hold(t.Context(), "", "me"); err != nil {
			t.Fatal(err)
		}
		if err := s.Hold(t.Context(), "nobody", "me"); !errors.Is(err, ErrUnknown) {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		stop()
		s, stop = started(t, store, r)
		time.Sleep(time.Hour)
		if n.Load() != 0 {
			t.Fatal("it ran though it is paused")
		}
		if err := s.Release(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		stop()
		if n.Load() != 1 {
			t.Fatalf("%d runs for what was missed, want 1", n.Load())
		}
	})
}

// Updates, pauses and requests from all sides at once: for the race detector, and one run of a rule at a time.
func TestManyAtOnce(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), sqlite.Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var running [4]atomic.Int32
	var rules []Rule
	for i := range running {
		r := rule(t, string(rune('a'+i)), "@every 1s")
		r.Run = func(ctx context.Context, _ Turn) End {
			if running[i].Add(1) > 1 {
				t.Error("two runs of a rule at once")
			}
			defer running[i].Add(-1)
			select {
			case <-time.After(time.Millisecond):
				return End{}
			case <-ctx.Done():
				return End{Result: Interrupted}
			}
		}
		rules = append(rules, r)
	}
	s, stop := started(t, store, rules...)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 60 {
				id := rules[i%len(rules)].ID
				switch g {
				case 0:
					changed := append([]Rule(nil), rules[i%2:]...)
					changed[0].Fingerprint = string(rune('0' + i%10))
					s.Update(changed)
				case 1:
					_ = s.Start(id, i%2 == 0) // may be gone or paused
				case 2:
					_ = s.Hold(context.Background(), id, "test")
					_ = s.Release(context.Background(), id)
				case 3:
					s.Status()
					_ = s.Event(id, 1)
				}
			}
		})
	}
	all.Wait()
	stop()
}
