package main

import (
	"bufio"
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
	cmd := s.program("run", s.dir)
	if text, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(text), fmt.Sprintf("read %d", records)) {
		t.Fatalf("%v: %s", err, text)
	}
	return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}
