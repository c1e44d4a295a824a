//go:build unix

package crash

import (
	"database/sql"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to look into the state as another program would

	"github.com/syncline/syncline/runtime/crashpoint"
)

// scenario is a project with what happens to it.
type scenario interface {
	// files writes the project's files anew, with another remark or with another rule.
	files(rule bool)
	// faults lets its systems misbehave.
	faults()
	// begin is what a trial begins with, when it is not about beginnings.
	begin()
	// change lets happen what every rule has to act on; churn so much that there is much to be forgotten.
	change()
	churn()
	// swell lets happen more than the guards let pass.
	swell()
	// rest brings all to rest: the systems are well, and the program runs until nothing is left to do.
	rest()
	// judge compares what the targets hold with what they have to hold.
	judge()
}

// way is how a process is started that has to die at a point.
type way int

const (
	byRun     way = iota // run, or serve
	byServe              // serve, of which the files change
	byMigrate            // run on a state of an older version
	byCompact            // state compact
	byGuard              // run, with more to do than its guard lets pass
	byApprove            // approve, of such a run
)

var syncPoints = map[crashpoint.Point]way{
	crashpoint.ClaimBefore: byRun, crashpoint.ClaimAfter: byRun,
}

var triggerPoints = map[crashpoint.Point]way{
	crashpoint.StepStored: byRun, crashpoint.StepAnswered: byRun,
	crashpoint.FiringBefore: byRun, crashpoint.FiringAfter: byRun,
	crashpoint.LetGo: byApprove,
}

func init() {
	for p, how := range map[crashpoint.Point]way{
		crashpoint.SendBefore: byRun, crashpoint.SendUnanswered: byRun, crashpoint.SendAnswered: byRun,
		crashpoint.CommitBefore: byRun, crashpoint.CommitWithin: byRun, crashpoint.CommitAfter: byRun,
		crashpoint.CheckpointBefore: byRun, crashpoint.CheckpointAfter: byRun, crashpoint.RunBegin: byRun, crashpoint.RunEnd: byRun,
		crashpoint.TickBefore: byServe, crashpoint.TickAfter: byServe,
		crashpoint.ReloadBefore: byServe, crashpoint.ReloadAfter: byServe, crashpoint.ReloadStored: byServe,
		crashpoint.MigrateWithin: byMigrate, crashpoint.MigrateAfter: byMigrate,
		crashpoint.CompactWithin: byCompact, crashpoint.CompactAfter: byCompact,
		crashpoint.Staged: byGuard, crashpoint.Approved: byApprove, crashpoint.Carried: byApprove,
		crashpoint.VacuumBefore: byCompact, crashpoint.VacuumAfter: byCompact,
	} {
		syncPoints[p], triggerPoints[p] = how, how
	}
}

// disturb lets processes run and die, and change goes on meanwhile.
func (w *world) disturb(s scenario, points map[crashpoint.Point]way) {
	for range 1 + w.rnd.IntN(3) {
		s.faults()
		s.change()
		s.files(w.rnd.IntN(3) == 0)
		at := ""
		life := time.Duration(20+w.rnd.IntN(260)) * time.Millisecond
		if w.rnd.IntN(2) == 0 {
			at, life = w.pick(points), 2*time.Second
		}
		if w.rnd.IntN(2) == 0 {
			w.killAfter(w.start(at, "run", w.dir), life)
			if w.rnd.IntN(3) == 0 {
				w.approve(w.pick(points))
			}
			continue
		}
		w.serveWhile(s, at, time.Duration(100+w.rnd.IntN(1300))*time.Millisecond)
	}
}

// serveWhile serves for some time at most; half way the files change, and more does.
func (w *world) serveWhile(s scenario, at string, life time.Duration) {
	p := w.serve(at)
	if !p.ended(life / 2) {
		s.change()
		s.files(w.rnd.IntN(2) == 0)
	}
	w.killAfter(p, life/2)
}

// pick names one of the points that a run or server can reach, at one of its first times.
func (w *world) pick(points map[crashpoint.Point]way) string {
	var names []string
	for p, how := range points {
		if how == byRun || how == byServe || how == byGuard || how == byApprove {
			names = append(names, string(p))
		}
	}
	return text("%s:%d", sorted(names)[w.rnd.IntN(len(names))], 1+w.rnd.IntN(3))
}

// end ends a trial.
func (w *world) end(s scenario) {
	if w.live != nil {
		w.live.kill()
	}
	w.calm()
	s.rest()
	if !w.t.Failed() {
		s.judge()
	}
	if w.t.Failed() {
		w.report()
	}
}

// eachPoint has a trial for each point, which fails where the point is not reached.
func eachPoint(t *testing.T, points map[crashpoint.Point]way, open func(*testing.T, uint64) (*world, scenario)) {
	seed := firstSeed()
	slots := make(chan struct{}, workers)
	for p, how := range points {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			counts.trials.Add(1)
			w, s := open(t, seed+uint64(crc32.ChecksumIEEE([]byte(p))))
			s.begin()
			s.faults()
			if !w.dieAt(s, string(p), how) {
				t.Errorf("%s is never reached", p)
			}
			w.end(s)
			if t.Failed() {
				counts.repeat(t, seed, "^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$")
			}
		})
	}
}

// dieAt lets a process die at a point.
func (w *world) dieAt(s scenario, point string, how way) bool {
	var said string
	most := 2
	if point == string(crashpoint.MigrateWithin) {
		most = 7 // one for each version
	}
	for times := 1 + w.rnd.IntN(most); times > 0; times-- {
		at := fmt.Sprintf("%s:%d", point, times)
		s.change()
		var p *proc
		switch {
		case how == byApprove:
			w.calm()
			s.swell()
			w.run("run", w.dir)
			if w.approve(at) {
				return true
			}
			continue
		case how == byGuard:
			s.swell()
			p = w.start(at, "run", w.dir)
		case how == byServe, how == byRun && w.rnd.IntN(4) == 0:
			p = w.serve(at)
			if !p.ended(500 * time.Millisecond) {
				s.files(true)
				s.change()
			}
		case how == byMigrate:
			w.calm()
			s.rest()
			s.change()
			w.age()
			p = w.start(at, "run", w.dir)
		case how == byCompact:
			w.calm()
			s.churn()
			w.loosen()
			p = w.start(at, "state", "compact", "--keep", "1ms", w.dir)
		default:
			p = w.start(at, "run", w.dir)
		}
		if w.killAfter(p, 10*time.Second) {
			return true
		}
		said = p.said()
	}
	w.t.Logf("%s was not reached: %s", point, said)
	return false
}

// age makes the state one that its fourth version has written, but for the ledger, which is empty.
func (w *world) age() {
	w.t.Helper()
	w.forgot = true
	schema, err := os.ReadFile("testdata/state-4.sql")
	if err != nil {
		w.t.Fatal(err)
	}
	aged := w.state() + ".aged"
	db, err := sql.Open("sqlite", "file:"+aged)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	do := func(stmt string) {
		w.t.Helper()
		if _, err := db.Exec(stmt); err != nil {
			w.t.Fatalf("%s: %v", stmt, err)
		}
	}
	do(string(schema))
	do("ATTACH '" + w.state() + "' AS now")
	for _, table := range names(w.t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'ledger'") {
		have := names(w.t, db, "SELECT name FROM pragma_table_info('"+table+"', 'now')")
		columns := names(w.t, db, "SELECT name FROM pragma_table_info('"+table+"', 'main')")
		from := slices.Clone(columns)
		for i, name := range columns {
			if name == "rule" && !slices.Contains(have, name) {
				from[i] = "source_key >> 40" // keys begin with the rule by now
			}
		}
		do(text("INSERT INTO main.%[1]s (%[2]s) SELECT %[3]s FROM now.%[1]s", table, strings.Join(columns, ", "), strings.Join(from, ", ")))
	}
	do("PRAGMA user_version = 4")
	do("DETACH now")
	db.Close()
	for _, end := range []string{"-wal", "-shm"} {
		_ = os.Remove(w.state() + end)
	}
	if err := os.Rename(aged, w.state()); err != nil {
		w.t.Fatal(err)
	}
}

// names gives the only column of a query.
func names(t *testing.T, db *sql.DB, query string) (out []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		out = append(out, name)
	}
	return out
}

func (w *world) db() *sql.DB {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.state()+"?_pragma=busy_timeout(5000)")
	if err != nil {
		w.t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

// loosen leaves much of the state's file free, as when much was forgotten.
func (w *world) loosen() {
	w.t.Helper()
	w.forgot = true
	db := w.db()
	defer db.Close()
	for _, stmt := range []string{"CREATE TABLE much (x BLOB)", "INSERT INTO much VALUES (randomblob(2000000))", "DROP TABLE much"} {
		if _, err := db.Exec(stmt); err != nil {
			w.t.Fatalf("%s: %v", stmt, err)
		}
	}
}

// settled sees that the state is whole, and that nothing of what is for a while only is left in it.
func (w *world) settled() {
	w.t.Helper()
	db := w.db()
	defer db.Close()
	for what, query := range map[string]string{
		"claims":               "SELECT count(*) FROM claim",
		"staged changes":       "SELECT count(*) FROM stage",
		"firings on their way": "SELECT count(*) FROM firing WHERE status IN ('pending', 'held')",
		"waiting events":       "SELECT count(*) FROM wake",
		"runs under way":       "SELECT count(*) FROM run WHERE status = 'running'",
	} {
		var n int
		if err := db.QueryRow(query).Scan(&n); err != nil {
			w.t.Fatalf("%s: %v", what, err)
		}
		if n > 0 {
			w.t.Errorf("%d %s are left in the state", n, what)
		}
	}
	var sound string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		w.t.Errorf("the state is not whole: %s %v", sound, err)
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
