//go:build unix

package main

import (
	"path/filepath"

	"github.com/syncline/syncline/spec/bench/company"
)

// w2 is the crossing of a threshold between two snapshots.
func (b *bench) w2() error {
	want, err := b.expected()
	if err != nil {
		return err
	}
	previous, err := b.data("previous", "jsonl")
	if err != nil {
		return err
	}
	current, err := b.data("current", "jsonl")
	if err != nil {
		return err
	}
	dir, err := b.project("w2", "w2", map[string]string{"previous.jsonl": previous, "current.jsonl": current})
	if err != nil {
		return err
	}
	out := func(system string) string {
		if system == "syncline" {
			return filepath.Join(dir, "fallen.jsonl")
		}
		return b.path("w2-" + system + ".jsonl")
	}
	systems := []system{
		{name: "syncline", run: func(int) (usage, error) { return b.syncline(dir, nil, nil) }},
		{name: "hand", run: func(int) (usage, error) {
			return measure(command{name: b.path("hand"), args: []string{"w2", previous, current, out("hand")}})
		}},
	}
	systems = b.withDuck(systems, "duckdb-1", 1, "w2.sql", ":memory:", map[string]string{"in": current, "previous": previous, "out": out("duckdb-1")})
	systems = b.withDuck(systems, "duckdb-2", 2, "w2.sql", ":memory:", map[string]string{"in": current, "previous": previous, "out": out("duckdb-2")})
	systems = b.withNode(systems, "node", "w2.mjs", previous, current, out("node"))
	for i := range systems {
		path := out(systems[i].name)
		systems[i].check = func() error { return b.verify(path, company.W2Fields, want.W2) }
	}
	b.compare("w2", b.o.rows, append(systems, again(systems[1])))
	return nil
}
