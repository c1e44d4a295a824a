package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A deployment that swaps a link is taken in also by a server that was started inside of the folder: its "." is the
// name of the link, not what the link led to at the start.
func TestServeFollowsALinkThatItWasStartedIn(t *testing.T) {
	s := newService(t)
	first, second := s.dir, t.TempDir()
	current := filepath.Join(t.TempDir(), "current")
	link := func(to string) {
		next := current + ".next"
		if err := os.Symlink(to, next); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, current); err != nil {
			t.Fatal(err)
		}
	}
	link(first)
	s.dir = second
	s.write("connections.sync.hcl", connections)
	s.write("two.sync.hcl", syncRule("two", "Health_Score__c", "source.Health_Score__gc"))
	s.from, s.dir = current, "."
	s.env = append(s.env, "PWD="+current)
	s.start("--state", filepath.Join(t.TempDir(), "state.db"))
	s.eventually("the first rule runs", func(st statusJSON) bool { return !st.ran("sync.one").IsZero() })
	link(second)
	s.eventually("the rule of the second folder runs", func(st statusJSON) bool { return !st.ran("sync.two").IsZero() })
}
