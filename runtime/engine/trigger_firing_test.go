package engine

import (
	"testing"
	"time"
)

func TestKeysTellActionsApart(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for _, rule := range []string{"a", "ab"} {
		for _, label := range []string{"x", "bx"} {
			for _, source := range []string{"1", "x1"} {
				for _, at := range []time.Time{now, now.Add(time.Microsecond)} {
					key := actionKey(rule, label, source, at)
					if seen[key] || key != actionKey(rule, label, source, at.In(time.FixedZone("x", 3600))) {
						t.Fatal(rule, label, source, at)
					}
					seen[key] = true
				}
			}
		}
	}
}
