//go:build unix

package main

import (
	"fmt"
	"os"

	"github.com/syncline/syncline/spec/bench/company"
)

// target is a kind of database that W3 writes to. Every system has a table of its own, which holds the previous
// snapshot when it begins.
type target struct {
	name string
	// fresh makes a system's table and gives its address: sqlite:PATH or a postgres:// URL.
	fresh func(system string) (string, error)
	// export writes the table as CSV with a header.
	export func(address, to string) error
	peers  func([]system, *upserts) []system
}

// upserts is W3 on one kind of database: the table is to equal a CSV by its key. 3 % of the rows differ, and only
// those may be written. Each round takes the other snapshot as its source, so that each has the same work to do.
type upserts struct {
	*bench
	target
	want  company.Expected
	files [2]string         // by snapshot
	at    map[string]string // addresses, by system
}

func (b *bench) w3() error {
	want, err := b.expected()
	if err != nil {
		return err
	}
	var files [2]string
	for at, name := range []string{"previous", "current"} {
		if files[at], err = b.data(name, "csv"); err != nil {
			return err
		}
	}
	for _, open := range []func(previous string) (target, error){b.sqliteTarget, b.postgresTarget} {
		t, err := open(files[company.Previous])
		if err != nil {
			b.absent[t.name] = err.Error()
			continue
		}
		u := &upserts{bench: b, target: t, want: want, files: files, at: map[string]string{}}
		if err := u.run(); err != nil {
			return err
		}
	}
	return nil
}

// snapshot is the source of a round.
func snapshot(round int) company.Snapshot { return company.Snapshot((round + 1) % 2) }

func (u *upserts) run() error {
	ours, err := u.ours()
	if err != nil {
		return err
	}
	hand, err := u.hand("hand")
	if err != nil {
		return err
	}
	second, err := u.hand("hand (again)")
	if err != nil {
		return err
	}
	u.compare(u.target.name, u.o.rows, u.target.peers([]system{ours, hand, second}, u))
	last := snapshot(u.o.repeat)
	u.compare(u.target.name+", nothing changed", u.o.rows, []system{{name: "syncline",
		run:   func(int) (usage, error) { return u.sync(last, 0) },
		check: func() error { return u.holds("syncline", last) }}})
	return nil
}

// add gives a system a table of its own and a check of it.
func (u *upserts) add(name string, run func(address, file string, at company.Snapshot) (usage, error)) (system, error) {
	address, err := u.fresh(name)
	if err != nil {
		return system{}, err
	}
	u.at[name] = address
	done := company.Previous
	return system{name: name,
		run: func(round int) (usage, error) {
			done = snapshot(round)
			return run(address, u.files[done], done)
		},
		check: func() error { return u.holds(name, done) }}, nil
}

// holds verifies what a system's table holds.
func (u *upserts) holds(name string, at company.Snapshot) error {
	out := u.path("w3-table.csv")
	defer os.Remove(out)
	if err := u.export(u.at[name], out); err != nil {
		return err
	}
	return u.verify(out, company.Fields, u.want.Rows[at])
}

func (u *upserts) ours() (system, error) {
	dir, err := u.project(u.target.name, u.target.name, nil)
	if err != nil {
		return system{}, err
	}
	s, err := u.add("syncline", func(_, _ string, at company.Snapshot) (usage, error) { return u.sync(at, u.want.Changed) })
	if err != nil {
		return s, err
	}
	// The first run takes the table over: it reads both sides, writes nothing, and remembers what they agree on.
	u.say("%s: the first run", u.target.name)
	cost, err := u.sync(company.Previous, 0)
	if err != nil {
		return s, err
	}
	r := summarize(u.target.name+", first run", "syncline", u.o.rows, []usage{cost})
	r.OK, r.Note = true, u.stateSize(dir)
	u.results = append(u.results, r)
	return s, nil
}

// sync runs our project on a snapshot, which has to write so many rows.
func (u *upserts) sync(at company.Snapshot, rows int) (usage, error) {
	dir := u.path(u.target.name)
	if err := relink(dir+"/companies.csv", u.files[at]); err != nil {
		return usage{}, err
	}
	return u.syncline(dir, func(r ran) error {
		if r.Updated != rows || r.Created > 0 {
			return fmt.Errorf("the run wrote %d rows, %d of them new; it should write %d", r.Updated+r.Created, r.Created, rows)
		}
		return nil
	}, nil, "WAREHOUSE="+sqlitePath(u.at["syncline"]))
}

func (u *upserts) hand(name string) (system, error) {
	state := u.path("w3-" + u.target.name + "-" + name + ".state")
	run := func(address, file string, _ company.Snapshot) (usage, error) {
		return measure(command{name: u.path("hand"), args: []string{"w3", "-target", address, "-state", state, file}})
	}
	s, err := u.add(name, run)
	if err != nil {
		return s, err
	}
	_, err = run(u.at[name], u.files[company.Previous], company.Previous)
	return s, err
}
