//go:build crashpoints

package crashpoint

import (
	"context"
	"net/http/httptrace"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// The environment says where to die: SYNCLINE_CRASHPOINT=POINT:N is the N-th time that POINT is reached.
var (
	die  Point
	left atomic.Int64
)

func init() {
	name, times, _ := strings.Cut(os.Getenv("SYNCLINE_CRASHPOINT"), ":")
	die = Point(name)
	n, _ := strconv.ParseInt(times, 10, 64)
	left.Store(max(n, 1))
}

// Reach ends the process, without letting anything of it go on, when this is where it has to die.
func Reach(p Point) {
	if p != die || left.Add(-1) != 0 {
		return
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {} // the signal is on its way
}

// Sending makes calls under the context reach SendUnanswered when their request has left.
func Sending(ctx context.Context) context.Context {
	if die != SendUnanswered {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) {
		if i.Err == nil {
			Reach(SendUnanswered)
		}
	}})
}
