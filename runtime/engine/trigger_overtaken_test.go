package engine_test

import (
	"context"
	"sync"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/engine"
)

// slowPages is a source whose pages arrive late: read is closed when one was read, and it is given once late is closed.
type slowPages struct {
	*memory.System
	once       sync.Once
	read, late chan struct{}
}

func (s *slowPages) Read(ctx context.Context, q query.Read) (connectors.Rows, error) {
	rows, err := s.System.Read(ctx, q)
	if err != nil || q.Where != nil { // a look at single records
		return rows, err
	}
	return slowRows{rows, s}, nil
}

type slowRows struct {
	connectors.Rows
	s *slowPages
}

func (r slowRows) Next(ctx context.Context, b *value.Batch) error {
	err := r.Rows.Next(ctx, b)
	r.s.once.Do(func() { close(r.s.read) })
	<-r.s.late
	return err
}

// overtaken has the next run read a page with a record, and an event bring up the record as edit leaves it, before the
// page is looked at.
func (w *triggers) overtaken(id string, edit func()) func(*engine.TriggerJob) {
	return func(j *engine.TriggerJob) {
		slow := &slowPages{System: w.cs, read: make(chan struct{}), late: make(chan struct{})}
		j.Connections = func(name string) connectors.Connection {
			if name == "cs" {
				return slow
			}
			return w.connection(name)
		}
		told := false
		j.Incoming = func() ([]engine.Event, func()) {
			select {
			case <-slow.read:
			default:
				return nil, nil
			}
			if told {
				return nil, nil
			}
			told = true
			edit()
			return []engine.Event{{Source: id}}, func() { close(slow.late) }
		}
	}
}

// What a page says of a record is older than what was seen for an event that came while the page was under way.
func TestAPageDoesNotTakeBackWhatAnEventBrought(t *testing.T) {
	t.Run("it fell", func(t *testing.T) {
		w := newTriggers(t, dropping)
		w.put("a", "Score", 90.0)
		w.fires(0)
		w.put("a", "Score", 80.0)
		w.fires(1, w.overtaken("a", func() { w.put("a", "Score", 5.0) }))
		w.fires(0)
		w.wantTasks("a 90>5")
	})
	t.Run("it rose", func(t *testing.T) {
		w := newTriggers(t, dropping)
		w.put("a", "Score", 90.0)
		w.fires(0)
		w.put("a", "Score", 5.0)
		w.fires(1)
		w.put("a", "Score", 4.0)
		w.fires(0, w.overtaken("a", func() { w.put("a", "Score", 90.0) }))
		w.fires(0)
		w.put("a", "Score", 3.0)
		w.fires(1)
		w.wantTasks("a 90>3, a 90>5")
	})
	t.Run("it is gone", func(t *testing.T) {
		w := newTriggers(t, dropping)
		w.put("a", "Score", 90.0)
		w.fires(0)
		w.put("a", "Score", 4.0)
		w.fires(0, w.overtaken("a", func() { w.cs.Remove("Company", "a") }))
		w.wantTasks("")
	})
	t.Run("others go on", func(t *testing.T) {
		w := newTriggers(t, dropping)
		w.put("a", "Score", 90.0)
		w.put("b", "Score", 90.0)
		w.fires(0)
		w.put("a", "Score", 80.0)
		w.put("b", "Score", 7.0)
		w.fires(2, w.overtaken("a", func() { w.put("a", "Score", 5.0) }))
		w.fires(0)
		w.wantTasks("a 90>5, b 90>7")
	})
}
