package main

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const memoryRule = `
connection "file" "drop" {
  object "people" {
    path = "people.jsonl"
    key  = "id"
  }
  object "names" {
    path = "names.csv"
  }
}
sync "people" {
  from = drop.people
  to   = drop.names
  schedule {
    cron = "@hourly"
  }
  map {
    id   = source.id
    name = "source.name.upperAscii()"
  }
}
`

// What a run takes of memory does not grow with the records: twenty times as many take as much.
func TestMemoryDoesNotGrowWithTheRecords(t *testing.T) {
	const few, many = 20_000, 400_000
	const grows, most = 32 << 10, 256 << 10 // KiB
	small, large := peak(t, few), peak(t, many)
	t.Logf("%d MiB for %d records, %d MiB for %d", small>>10, few, large>>10, many)
	if large > small+grows || large > most {
		t.Errorf("a run takes %d MiB for %d records, and %d MiB for %d", small>>10, few, large>>10, many)
	}
}

// peak gives the most memory that the real program had, in KiB, when it read and wrote so many records.
func peak(t *testing.T, records int) int64 {
	t.Helper()
	s := &service{t: t, dir: t.TempDir(), env: os.Environ()}
	s.write("project.sync.hcl", memoryRule)
	file, err := os.Create(filepath.Join(s.dir, "people.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(file)
	for i := range records {
		fmt.Fprintf(out, "{\"id\":\"P%09d\",\"name\":\"A person with the number %d, of no further interest\",\"note\":\"%0200d\"}\n", i, i, i)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return s.peakOfRun(fmt.Sprintf("read %d", records))
}

// peakOfRun makes a run, which has to say something, and gives the most memory that it had, in KiB.
func (s *service) peakOfRun(says string) int64 {
	s.t.Helper()
	cmd := s.program("run", s.dir)
	if text, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(text), says) {
		s.t.Fatalf("%v: %s, want %s", err, text, says)
	}
	return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}

const memoryTable = `
connection "file" "drop" {
  object "people" {
    path = "people.csv"
    key  = "id"
  }
}
connection "sqlite" "db" {
  path = "people.db"
}
sync "people" {
  from = drop.people
  to   = db.person
  schedule {
    cron = "@hourly"
  }
  match {
    by      = { id = source.id }
    missing = "create"
  }
  map {
    id   = source.id
    name = source.name
    note = source.note
  }
}
`

// Nor does it where records are created and remembered: a run that knows all its changes before it sends the first keeps
// most of them, the keys of what it creates, and what it read, elsewhere; and one that finds few changed does not need
// what is known of all.
func TestMemoryDoesNotGrowWithWhatIsCreated(t *testing.T) {
	const few, many = 40_000, 160_000
	const grows, most = 36 << 10, 256 << 10 // KiB
	first, later := peaksOfTable(t, few)
	firstOfMany, laterOfMany := peaksOfTable(t, many)
	t.Logf("%d and then %d MiB for %d records, %d and %d MiB for %d", first>>10, later>>10, few, firstOfMany>>10, laterOfMany>>10, many)
	if firstOfMany > first+grows || laterOfMany > later+grows || firstOfMany > most || laterOfMany > most {
		t.Errorf("a first run takes %d MiB for %d records, and %d MiB for %d; the next %d and %d MiB",
			first>>10, few, firstOfMany>>10, many, later>>10, laterOfMany>>10)
	}
}

// peaksOfTable gives the most memory that runs from a file into a table had: of one that creates so many records, and of the
// next, which finds a thousand of them changed.
func peaksOfTable(t *testing.T, records int) (first, later int64) {
	t.Helper()
	s := &service{t: t, dir: t.TempDir(), env: os.Environ()}
	s.write("project.sync.hcl", memoryTable)
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "people.db"))
	if err == nil {
		_, err = db.Exec("CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT, note TEXT)")
	}
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	people := func(note int) {
		var b strings.Builder
		b.WriteString("id,name,note\n")
		for i := range records {
			if i%(records/1000) == 7 {
				fmt.Fprintf(&b, "P%09d,Person %d,%d\n", i, i, note)
			} else {
				fmt.Fprintf(&b, "P%09d,Person %d,nothing\n", i, i)
			}
		}
		s.write("people.csv", b.String())
	}
	people(1)
	first = s.peakOfRun(fmt.Sprintf("created %d", records))
	people(2)
	later = s.peakOfRun(fmt.Sprintf("updated 1000, unchanged %d", records-1000))
	return first, later
}
