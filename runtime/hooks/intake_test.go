package hooks

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/syncline/syncline/runtime/state"
)

// What comes at the same time is stored together, and each sender learns of its own.
func TestIntake(t *testing.T) {
	var stores, taken, events atomic.Int64
	gate := make(chan struct{})
	in := &Intake{Store: func(_ context.Context, list []state.Event) ([]bool, error) {
		taken.Add(int64(len(list)))
		<-gate
		stores.Add(1)
		events.Add(int64(len(list)))
		fresh := make([]bool, len(list))
		for i, e := range list {
			fresh[i] = e.Record[len(e.Record)-1]%2 == 0
		}
		return fresh, nil
	}}
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			var mine []state.Event
			for j := range 1 + i%3 {
				mine = append(mine, state.Event{Record: fmt.Sprint(i, j)})
			}
			fresh, err := in.Add(t.Context(), mine)
			if err != nil || len(fresh) != len(mine) {
				t.Errorf("%v, %v", fresh, err)
				return
			}
			for j, e := range mine {
				if want := e.Record[len(e.Record)-1]%2 == 0; fresh[j] != want {
					t.Errorf("%s is %v", e.Record, fresh[j])
				}
			}
		})
	}
	for come := 0; come < 1999; runtime.Gosched() {
		in.mu.Lock()
		come = in.events + int(taken.Load())
		in.mu.Unlock()
	}
	close(gate)
	all.Wait()
	if events.Load() != 1999 || stores.Load() > 3 {
		t.Errorf("%d events in %d transactions", events.Load(), stores.Load())
	}
}

func TestIntakeIsBounded(t *testing.T) {
	gate, began := make(chan struct{}), make(chan struct{}, 10)
	in := &Intake{Most: 2, Store: func(_ context.Context, list []state.Event) ([]bool, error) {
		began <- struct{}{}
		<-gate
		return nil, errors.New("the disk is full")
	}}
	results := make(chan error, 10)
	add := func() { _, err := in.Add(context.Background(), make([]state.Event, 2)); results <- err }
	go add()
	<-began
	go add() // waits
	for ; ; runtime.Gosched() {
		in.mu.Lock()
		n := in.events
		in.mu.Unlock()
		if n == 2 {
			break
		}
	}
	if _, err := in.Add(t.Context(), make([]state.Event, 1)); !errors.Is(err, ErrBusy) {
		t.Errorf("a third gets %v", err)
	}
	close(gate)
	for range 2 {
		if err := <-results; err == nil || errors.Is(err, ErrBusy) {
			t.Errorf("the others get %v", err)
		}
	}
	if fresh, err := in.Add(t.Context(), nil); fresh != nil || err != nil {
		t.Error("nothing is stored for nothing")
	}
}
