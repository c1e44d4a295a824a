//go:build unix

package main

import (
	"fmt"
	"path/filepath"

	"github.com/syncline/syncline/spec/bench/company"
)

// w1 is filter and map: 28 % of the companies pass, twelve fields each.
func (b *bench) w1() error {
	want, err := b.expected()
	if err != nil {
		return err
	}
	for _, format := range []string{"jsonl", "csv"} {
		in, err := b.data("previous", format)
		if err != nil {
			return err
		}
		name := "w1"
		if format == "csv" {
			name = "w1-csv"
		}
		systems, err := b.w1Systems(name, format, in)
		if err != nil {
			return err
		}
		for i := range systems {
			out := b.path(name + "-" + systems[i].name + "." + format)
			if systems[i].check == nil {
				systems[i].check = func() error { return b.verify(out, company.W1Fields, want.W1[company.Previous]) }
			}
		}
		b.compare(name, b.o.rows, append(systems, again(systems[1])))
	}
	return nil
}

func (b *bench) w1Systems(name, format, in string) ([]system, error) {
	dir, err := b.project("w1-"+format, name, map[string]string{"companies." + format: in})
	if err != nil {
		return nil, err
	}
	want, err := b.expected()
	if err != nil {
		return nil, err
	}
	out := func(system string) string { return b.path(name + "-" + system + "." + format) }
	hand := func(threads int) func(int) (usage, error) {
		system := "hand"
		if threads > 1 {
			system = fmt.Sprintf("hand-%d", threads)
		}
		return func(int) (usage, error) {
			return measure(command{name: b.path("hand"), args: []string{"w1", "-threads", fmt.Sprint(threads), in, out(system)},
				env: []string{fmt.Sprintf("GOMAXPROCS=%d", threads)}})
		}
	}
	systems := []system{
		{name: "syncline", run: func(int) (usage, error) { return b.syncline(dir, nil, nil) },
			check: func() error {
				return b.verify(filepath.Join(dir, "reviews."+format), company.W1Fields, want.W1[company.Previous])
			}},
		{name: "hand", run: hand(1)},
		{name: "hand-2", run: hand(2)},
	}
	for _, threads := range []int{1, 2} {
		system := fmt.Sprintf("duckdb-%d", threads)
		systems = b.withDuck(systems, system, threads, "w1.sql", ":memory:", map[string]string{"in": in, "out": out(system)})
	}
	if format == "csv" {
		return systems, nil
	}
	systems = b.withNode(systems, "node", "w1.mjs", in, out("node"))
	systems = b.withProgram(systems, "bento", []string{"run", b.peer("w1.benthos.yaml")}, "IN="+in, "OUT="+out("bento"), "MAP="+b.peer("w1.blobl"))
	systems = b.withProgram(systems, "redpanda-connect", []string{"run", b.peer("w1.benthos.yaml")}, "IN="+in, "OUT="+out("redpanda-connect"), "MAP="+b.peer("w1.blobl"))
	return b.withJQ(systems, in, out("jq")), nil
}
