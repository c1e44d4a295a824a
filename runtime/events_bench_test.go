package runtime

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
)

// BenchmarkEventToWrite sends 50 events a second, each of another of 200 records, over HTTP, to a rule whose target takes 20 ms
// for each call. It measures from before the event is sent until the target has the write; state is on the disk.
//
//	go test ./runtime -run '^$' -bench EventToWrite -benchtime 1500x
func BenchmarkEventToWrite(b *testing.B) {
	const records, perSecond, latency = 200, 50, 20 * time.Millisecond
	p := eventPlant(b)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", onEvent, never))
	for i := range records {
		p.change(strconv.Itoa(i), "start")
	}
	s, _ := p.serve()
	url := hooked(b, s)
	p.runs(s, "sync.a")

	var mu sync.Mutex
	sent := make([]time.Time, b.N)
	took := make([]time.Duration, 0, b.N)
	p.crm.SetHooks(memory.Hooks{
		BeforeRead:  func(string) error { time.Sleep(latency); return nil },
		BeforeWrite: func(connectors.Write) error { time.Sleep(latency); return nil },
		AfterWrite: func(w connectors.Write, _ []connectors.Result) error {
			now := time.Now()
			mu.Lock()
			defer mu.Unlock()
			for _, r := range w.Records {
				for _, f := range r.Fields {
					if n, err := strconv.Atoi(f.Value.AsText()); f.Name == "F2" && err == nil {
						took = append(took, now.Sub(sent[n]))
					}
				}
			}
			return nil
		},
	})
	b.ResetTimer()
	var senders sync.WaitGroup
	pace := time.NewTicker(time.Second / perSecond)
	defer pace.Stop()
	for n := range b.N {
		<-pace.C
		senders.Go(func() {
			id := strconv.Itoa(n % records)
			mu.Lock()
			sent[n] = time.Now()
			mu.Unlock()
			p.change(id, strconv.Itoa(n))
			if code, err := tell(url, fmt.Sprintf(`{"object":"From0","id":%q,"event":"e%d"}`, id, n)); err != nil || code != 200 {
				b.Errorf("event %d is answered %d, %v", n, code, err)
			}
		})
	}
	senders.Wait()
	p.eventually("all are written", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(took) == b.N
	})
	b.StopTimer()
	slices.Sort(took)
	at := func(q float64) float64 {
		return float64(took[min(int(q*float64(len(took))), len(took)-1)].Microseconds()) / 1000
	}
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(at(1), "max-ms")
	b.ReportMetric(0, "ns/op") // the pace is given
}
