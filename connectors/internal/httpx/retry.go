package httpx

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
)

const (
	backoffBase = 500 * time.Millisecond
	backoffMost = 30 * time.Second
)

// RetryAfter reads the Retry-After header, in seconds or as a date; 0: there is none.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		if s > 0 && s < 1e7 {
			return time.Duration(s * float64(time.Second))
		}
		return 0
	}
	if t, err := http.ParseTime(text); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// Backoff is how long to wait before the attempt after attempt n (from 1): it doubles, with jitter around it,
// and is never less than what the system asked for.
func Backoff(n int, asked time.Duration) time.Duration {
	d := backoffMost
	if n < 7 {
		d = min(backoffBase<<(n-1), backoffMost)
	}
	d = d/2 + rand.N(d)
	if asked > 0 {
		// Callers that were all told the same time come back spread over a tenth of it.
		return max(d, asked+rand.N(asked/10+1))
	}
	return d
}

// Where a person waits, an answer is waited for so long, and a failed request is tried once more, unless it was for the wait that it failed.
const (
	hastyTimeout  = 30 * time.Second
	hastyAttempts = 2
)

// A person who waits is told of an answer that does not come for so long, and of waits from so long on.
const (
	slowAnswer   = 30 * time.Second
	worthTelling = 5 * time.Second
)

// final is the error of a request that is not tried again. It says so where it was this client's to try.
func (c *Client) final(ctx context.Context, p *prepared, e *connectors.Error) *connectors.Error {
	if !p.safe || connectors.IsOnce(ctx) || e.Class != connectors.Retry && e.Class != connectors.InDoubt {
		return e
	}
	done := *e
	done.Exhausted = true
	return &done
}

// again tells whether a safe request that failed so, tried for so long, is worth another attempt, and after how long.
func (c *Client) again(ctx context.Context, e *connectors.Error, attempt int, tried time.Duration) (time.Duration, bool) {
	if attempt >= c.opts.Attempts || e.Code == codeNoHost || connectors.IsOnce(ctx) {
		return 0, false
	}
	if connectors.IsHasty(ctx) && (attempt >= hastyAttempts || isTimeout(e.Err)) {
		return 0, false
	}
	switch e.Class {
	case connectors.Retry, connectors.InDoubt:
	case connectors.Limit:
		// Without a time, waiting is a guess that costs calls of a quota that is used up.
		if e.RetryAfter == 0 && e.Code != codeTooMany {
			return 0, false
		}
	default:
		return 0, false
	}
	d := Backoff(attempt, e.RetryAfter)
	if e.Class != connectors.Limit && tried+d > c.opts.Patience {
		return 0, false
	}
	return d, e.RetryAfter <= c.opts.MaxWait
}
