package runtime

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/value"
)

// lines is a log that is read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Runs that find nothing to do are no news: a summary tells how many they were.
func TestIdleRunsAreNotToldOneByOne(t *testing.T) {
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelDebug} {
		p := newPlant(t, 1, 4)
		log := &lines{}
		logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level}))
		p.options = func(o *Options) { o.Log = logger }
		p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", manual))
		p.cs.Put("From0", memory.Map{"Id": value.Text("r"), "F1": value.Text("key r"), "F2": value.Text("v")})
		s, stop := p.serve(func(o *ServeOptions) { o.Log = logger })
		for range 4 { // the first one writes
			p.runs(s, "sync.a")
		}
		stop()
		told := strings.Count(log.String(), "run ended")
		if want := map[slog.Level]int{slog.LevelInfo: 1, slog.LevelDebug: 4}[level]; told != want {
			t.Errorf("at %s %d runs are told, want %d:\n%s", level, told, want, log)
		}
		if !strings.Contains(log.String(), `msg="runs since the last summary" runs=4 idle=3 rules=1`) {
			t.Errorf("the summary is missing:\n%s", log)
		}
	}
}
