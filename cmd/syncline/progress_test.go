package main

import (
	"bytes"
	"testing"

	"github.com/syncline/syncline/runtime/engine"
)

// A source that has more records than it said is not told as "83 of about 30".
func TestProgressBeyondWhatWasExpected(t *testing.T) {
	for read, want := range map[int]string{20: "sync.a: read 20 of about 30\n", 30: "sync.a: read 30 of about 30\n", 83: "sync.a: read 83\n"} {
		var said bytes.Buffer
		p := progress{a: &app{err: &said}, rule: "sync.a"}
		p.update(engine.Progress{Phase: "read", Read: read, Total: 30})
		if said.String() != want {
			t.Errorf("%q, want %q", said.String(), want)
		}
	}
}
