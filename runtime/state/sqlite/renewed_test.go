package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/statetest"
)

// Whatever changes records, near together or far apart, by place or by name, with another target or gone for good, and
// wherever the process dies: they are what they were last made, and are found, however the store keeps them.
func TestRecordsModel(t *testing.T) {
	defer func(many, merge, most, move int) { manyChanges, mergeMost, newMost, moveSome = many, merge, most, move }(manyChanges, mergeMost, newMost, moveSome)
	manyChanges, mergeMost, newMost, moveSome = 20, 7, 40, 6
	apart := 0
	rapid.Check(t, func(rt *rapid.T) {
		m := newRecordModel(rt, filepath.Join(t.TempDir(), fmt.Sprint(time.Now().UnixNano())))
		defer m.close()
		m.renew(0, 1, recordsOfModel, 0)
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			from := rapid.IntRange(0, 60).Draw(rt, "from")
			step := rapid.SampledFrom([]int{1, 3, 9, 9}).Draw(rt, "step")
			n := min(rapid.SampledFrom([]int{1, 10, 25}).Draw(rt, "n"), (recordsOfModel-from-1)/step)
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				m.forget(from, step, n)
			case 1:
				m.do(m.s.mergeRenewed(m.ctx, 0, math.MaxInt64))
			case 2:
				_, err := m.s.Compact(m.ctx, time.Now())
				m.do(err)
			case 3:
				m.reopen()
			case 4:
				m.kill()
			case 5:
				m.giveUp(from, step, n)
			default:
				m.renew(from, step, n, rapid.IntRange(0, 20).Draw(rt, "moved"))
			}
			apart += m.count("SELECT count(*) FROM renewed")
			m.compare()
		}
		m.check()
	})
	if apart == 0 {
		t.Fatal("no record was ever renewed apart")
	}
}

const recordsOfModel = 300

// recordModel is a state beside what its records should be.
type recordModel struct {
	*rapid.T
	ctx  context.Context
	path string
	s    *Store
	want map[string]state.Record
	seen int64
}

func newRecordModel(t *rapid.T, path string) *recordModel {
	m := &recordModel{T: t, ctx: context.Background(), path: path, want: map[string]state.Record{}}
	m.reopen()
	return m
}

func (m *recordModel) do(err error) {
	if err != nil {
		m.Fatal(err)
	}
}

func (m *recordModel) close() { m.do(m.s.Close()) }

func (m *recordModel) reopen() {
	if m.s != nil {
		m.close()
	}
	var err error
	m.s, err = Open(m.ctx, m.path, Options{Holder: "test", Volatile: true})
	m.do(err)
}

func (m *recordModel) count(query string) (n int) {
	m.do(m.s.read.QueryRow(query).Scan(&n))
	return n
}

// kill goes on from the files as they are when a process dies.
func (m *recordModel) kill() {
	path := fmt.Sprint(m.path, "-", m.seen)
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(m.path + suffix)
		m.do(err)
		m.do(os.WriteFile(path+suffix, b, 0o600))
	}
	m.close()
	m.s, m.path = nil, path
	m.reopen()
}

// giveUp changes n records and forgets others in a transaction that fails.
func (m *recordModel) giveUp(from, step, n int) {
	failed := errors.New("the disk is full")
	err := m.s.tx(m.ctx, func(tx *sql.Tx) error {
		var records []state.Record
		for i := range n {
			records = append(records, state.Record{Source: fmt.Sprint(from + i*step), Target: "t"}, state.Record{Source: fmt.Sprint("new", i)})
		}
		m.do(m.s.putRecords(m.ctx, tx, "sync.a", records, []string{fmt.Sprint(from + 1)}))
		return failed
	})
	if !errors.Is(err, failed) {
		m.Fatal(err)
	}
}

// renew gives n records new values, every moved-th another target as well, every fifth without saying where it is. Of the
// targets every third is the record's own id, and every seventh record has none.
func (m *recordModel) renew(from, step, n, moved int) {
	m.seen++
	o := state.Outcome{Rule: "sync.a"}
	for i := range n {
		source := fmt.Sprint(from + i*step)
		r := m.want[source]
		r.Source, r.Keys, r.Hash, r.Shadow, r.Fields, r.Seen = source, []byte{byte(m.seen)}, uint64(m.seen)<<32+uint64(i), []byte(fmt.Sprint("s", m.seen)), nil, m.seen
		if i%2 == 0 {
			r.Shadow, r.Fields = nil, []byte{}
		}
		if r.Target == "" || moved > 0 && i%moved == 0 {
			switch at := from + i*step; {
			case at%3 == 0 && r.Target != source:
				r.Target = source
			case at%7 == 0 && r.Target != "":
				r.Target = ""
			default:
				r.Target = fmt.Sprint(m.seen, "-", source)
			}
		}
		if i%5 == 0 {
			r.Place = 0
		}
		o.Records = append(o.Records, r)
		m.want[source] = r
	}
	m.do(m.s.Commit(m.ctx, o))
}

func (m *recordModel) forget(from, step, n int) {
	o := state.Outcome{Rule: "sync.a"}
	for i := range n {
		source := fmt.Sprint(from + i*step)
		o.Forget = append(o.Forget, source)
		delete(m.want, source)
	}
	m.do(m.s.Commit(m.ctx, o))
}

// compare verifies what is scanned, found by source and by target, and digested.
func (m *recordModel) compare() {
	scanned, _, err := m.s.Scan(m.ctx, "sync.a", 0, 2*recordsOfModel)
	m.do(err)
	if len(scanned) != len(m.want) {
		m.Fatalf("%d records, want %d", len(scanned), len(m.want))
	}
	sources, targets := make([]string, len(scanned)), make([]string, len(scanned))
	var wantHolders []string
	linked := 0
	for i, r := range scanned {
		sources[i], targets[i] = r.Source, r.Target
		wantHolders = append(wantHolders, r.Source)
		if r.Target == "" {
			wantHolders[i] = ""
		} else {
			linked++
		}
		want := m.want[r.Source]
		want.Place = r.Place
		m.want[r.Source] = want
		if !same(r, want) {
			m.Fatalf("scanned %+v, want %+v", r, want)
		}
	}
	found, err := m.s.Records(m.ctx, "sync.a", sources)
	m.do(err)
	if !reflect.DeepEqual(found, scanned) {
		m.Fatal("what is found is not what is scanned")
	}
	holders, err := m.s.Holders(m.ctx, "sync.a", targets)
	m.do(err)
	if !slices.Equal(holders, wantHolders) {
		m.Fatal("the targets are held by others")
	}
	n, err := m.s.Linked(m.ctx, "sync.a")
	m.do(err)
	if n != linked {
		m.Fatalf("%d links, want %d", n, linked)
	}
	if n := m.count("SELECT count(*) FROM record_new"); n > newMost {
		m.Fatalf("%d rows are new, of at most %d", n, newMost)
	}
	digests, err := statetest.Digests(m.ctx, m.s, "sync.a")
	m.do(err)
	hashes := map[uint64]uint64{}
	for _, r := range m.want {
		if r.Target != "" {
			hashes[state.SourceHash(r.Source)] = r.Hash
		}
	}
	for _, d := range digests {
		if hashes[d.Source] != d.Hash {
			m.Fatalf("a digest is of %x, want %x", d.Hash, hashes[d.Source])
		}
	}
	if len(digests) != len(hashes) {
		m.Fatalf("%d digests of %d links", len(digests), len(hashes))
	}
}

// check verifies what is exported, and that nothing is wrong with the file.
func (m *recordModel) check() {
	var out strings.Builder
	m.do(m.s.Export(m.ctx, &out))
	for line := range strings.Lines(out.String()) {
		var row struct {
			Table string
			Row   struct {
				Source string
				Seen   int64
			}
		}
		m.do(json.Unmarshal([]byte(line), &row))
		if row.Table == "record" && row.Row.Seen != m.want[row.Row.Source].Seen || row.Table == "renewed" {
			m.Fatalf("exported %s", line)
		}
	}
	if report, err := m.s.Check(m.ctx); err != nil || len(report.Problems) > 0 {
		m.Fatal(err, report.Problems)
	}
}

// same compares records; the store keeps no difference between no keys and empty ones.
func same(a, b state.Record) bool {
	return a.Source == b.Source && a.Target == b.Target && string(a.Keys) == string(b.Keys) && a.Hash == b.Hash && string(a.Shadow) == string(b.Shadow) &&
		(a.Shadow == nil) == (b.Shadow == nil) && string(a.Fields) == string(b.Fields) && a.Seen == b.Seen
}

// What damage leaves in renewed of a record that is gone belongs to no other record, and is told of and left out.
func TestRenewedRowsOfNoRecordAreDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(t.Context(), path, Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	var records []state.Record
	for i := range 3000 {
		records = append(records, state.Record{Source: fmt.Sprint(i), Target: fmt.Sprint(i), Hash: 1})
	}
	put := func(records []state.Record) {
		t.Helper()
		if err := s.Commit(t.Context(), state.Outcome{Rule: "sync.a", Records: records}); err != nil {
			t.Fatal(err)
		}
	}
	put(records)
	there, _, err := s.Scan(t.Context(), "sync.a", 0, len(records))
	if err != nil {
		t.Fatal(err)
	}
	var changed []state.Record
	for i := 0; i < len(there); i += 10 {
		r := there[i]
		r.Hash = 2
		changed = append(changed, r)
	}
	put(changed)
	if _, err := s.write.Exec("UPDATE record SET source = 'other' WHERE id = ?", changed[3].Place); err != nil {
		t.Fatal(err)
	}
	if report, err := s.Check(t.Context()); err != nil || len(report.Problems) != 1 {
		t.Fatal(err, report.Problems)
	}
	s.Close()
	damageHeader(t, path)
	if _, _, _, err := Repair(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), path, Options{Holder: "test"}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var left int
	if err := s.read.QueryRow("SELECT count(*) FROM renewed").Scan(&left); err != nil || left != len(changed)-1 {
		t.Fatalf("%v: %d later states are left of %d", err, left, len(changed))
	}
	if report, err := s.Check(t.Context()); err != nil || len(report.Problems) > 0 {
		t.Fatal(err, report.Problems)
	}
}
