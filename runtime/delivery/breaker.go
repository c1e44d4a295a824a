package delivery

import (
	"sync"

	"github.com/syncline/syncline/connectors"
)

// breakAfter is how many whole calls in a row must fail before the target counts as dead.
const breakAfter = 8

// breaker notices that a target does not answer at all, so that the other batches of a run need not each find
// out for themselves.
type breaker struct {
	mu    sync.Mutex
	row   int
	cause *connectors.Error
}

func (b *breaker) failed(err *connectors.Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.row++
	b.cause = err
}

func (b *breaker) answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.row, b.cause = 0, nil
}

// open gives the failure that opened the breaker, nil while it is closed.
func (b *breaker) open() *connectors.Error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.row >= breakAfter {
		return b.cause
	}
	return nil
}
