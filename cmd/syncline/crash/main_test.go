//go:build unix

// Package crash kills the real program, at named points and at random moments, while the systems that it works with
// misbehave and its files change. Whatever happened, in the end the targets hold what an undisturbed run leaves, and each
// crossing of a trigger has fired exactly once.
//
//	SYNCLINE_CRASH_TRIALS  random trials of each kind; 12 when not set
//	SYNCLINE_CRASH_FOR     go on with random trials for so long instead, all kinds together, such as 8h for a night
//	SYNCLINE_CRASH_SEED    seed of the first trial; a failure names that of its own. When not set, it is 1, and a random one
//	                       where trials go on for a time
//
// A seed decides what happens in a trial and when it is meant to, and so it repeats most failures, if not at the first
// try: what runs first at an instant is for the machine to say. CI takes its seeds from the commit, so that another try of
// it has the same trials, and other commits have others.
package crash

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	// What the program is made of: the results of these tests are not those of other code.
	_ "github.com/syncline/syncline/connectors/builtin"
	_ "github.com/syncline/syncline/runtime"
)

// program is the program under test, which can die at named points.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "syncline-crash")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "syncline")
	build := exec.Command("go", "build", "-tags", "crashpoints", "-o", program, "github.com/syncline/syncline/cmd/syncline")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %s\n", err, out)
		return 1
	}
	defer counts.print()
	return m.Run()
}

// tally counts what all trials did.
type tally struct {
	trials, processes, killed, timed, crossings, acknowledged, faults atomic.Int64

	mu     sync.Mutex
	points map[string]int // by kind and point
	play   map[string]int // faults by what they do
	failed []string       // how to repeat the trials that failed
}

var counts = tally{points: map[string]int{}, play: map[string]int{}}

func (c *tally) at(kind, point string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.points[kind+" "+point]++
}

func (c *tally) fault(what string) {
	c.faults.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.play[what]++
}

// repeat tells, beside a trial that failed and at the very end, how to have it once more.
func (c *tally) repeat(t *testing.T, seed uint64, run string) {
	line := fmt.Sprintf("SYNCLINE_CRASH_SEED=%d SYNCLINE_CRASH_TRIALS=1 go test -count=20 ./cmd/syncline/crash -run '%s'", seed, run)
	t.Logf("to repeat it: %s", line)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = append(c.failed, t.Name()+" failed; to repeat it: "+line)
}

func (c *tally) print() {
	fmt.Printf("crash: %d trials, %d processes, %d killed (%d at random moments), %d crossings, %d events acknowledged, %d faults armed\n",
		c.trials.Load(), c.processes.Load(), c.killed.Load(), c.timed.Load(), c.crossings.Load(), c.acknowledged.Load(), c.faults.Load())
	for _, list := range []map[string]int{c.points, c.play} {
		var words []string
		for _, k := range slices.Sorted(maps.Keys(list)) {
			words = append(words, fmt.Sprintf("%s ×%d", k, list[k]))
		}
		fmt.Println("crash:", strings.Join(words, ", "))
	}
	for _, line := range c.failed {
		fmt.Println("crash:", line)
	}
}

// kinds is how many kinds of random trials there are: syncs, triggers, events, full disks.
const kinds = 4

// workers is how many trials run at a time: each waits most of the time.
const workers = 8

// firstSeed is that of the first trial.
func firstSeed() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("SYNCLINE_CRASH_SEED"), 10, 64); err == nil {
		return n
	}
	if os.Getenv("SYNCLINE_CRASH_FOR") != "" {
		return rand.Uint64N(1_000_000)
	}
	return 1
}

// each runs random trials, as many as were asked for, beside each other.
func each(t *testing.T, few int, trial func(t *testing.T, seed uint64)) {
	seed := firstSeed()
	trials := 12
	if n, err := strconv.Atoi(os.Getenv("SYNCLINE_CRASH_TRIALS")); err == nil {
		trials = n
	}
	if testing.Short() {
		trials = min(trials, few)
	}
	var end time.Time
	if d, err := time.ParseDuration(os.Getenv("SYNCLINE_CRASH_FOR")); err == nil {
		end = time.Now().Add(d / kinds)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for {
				n := next.Add(1) - 1
				if end.IsZero() && n >= int64(trials) || !end.IsZero() && time.Now().After(end) || t.Failed() {
					return
				}
				seed := seed + uint64(n)
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					counts.trials.Add(1)
					trial(t, seed)
					if t.Failed() {
						counts.repeat(t, seed, "^"+strings.SplitN(t.Name(), "/", 2)[0]+"$")
					}
				})
			}
		})
	}
	group.Wait()
	t.Logf("%d trials from seed %d", min(next.Load(), max(int64(trials), next.Load()-workers)), seed)
}
