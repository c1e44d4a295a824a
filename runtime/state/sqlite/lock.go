package sqlite

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// lock is the lock file of the one writer. The operating system lets go of it when the process ends,
// however it ends; the text in it only says who.
type lock struct{ file *os.File }

func acquire(path, holder string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the state's lock file cannot be made: %w", err)
	}
	if err := lockFile(f); err != nil {
		who, _ := os.ReadFile(path)
		f.Close()
		text := strings.TrimSpace(string(who))
		if text == "" {
			text = "another process"
		}
		return nil, &state.HeldError{By: text}
	}
	host, _ := os.Hostname()
	text := fmt.Sprintf("%s (process %d on %s) since %s\n", holder, os.Getpid(), host, time.Now().Format(time.RFC3339))
	if err := f.Truncate(0); err == nil {
		f.WriteAt([]byte(text), 0)
	}
	return &lock{f}, nil
}

func (l *lock) release() error {
	// The file stays: removing it would let a waiting process lock a name that is gone.
	l.file.Truncate(0)
	return l.file.Close()
}
