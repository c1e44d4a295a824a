package cron

import (
	"errors"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestParseRefusesWhatWouldNotRun(t *testing.T) {
	tests := []struct {
		text string
		want Problem
	}{
		{"", Invalid},
		{"TZ=0", Invalid},
		{"CRON_TZ=UTC", Invalid},
		{"CRON_TZ=UTC 0 3 * * *", Invalid},
		{"* * * *", Invalid},
		{"0 0 3 * * *", Invalid},
		{"61 * * * *", Invalid},
		{"@sometimes", Invalid},
		{"@every", Invalid},
		{"@every soon", Invalid},
		{"@every 500ms", TooOften},
		{"@every -1s", TooOften},
		{"0 0 30 2 *", Never},
		{"0 0 31 4,6,9,11 *", Never},
	}
	for _, tt := range tests {
		_, err := Parse(tt.text, nil)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("Parse(%q) = %v, want an *Error", tt.text, err)
			continue
		}
		if e.Problem != tt.want {
			t.Errorf("Parse(%q): problem %d (%s), want %d", tt.text, e.Problem, e.Reason, tt.want)
		}
	}
}

func TestNextWhenClocksChange(t *testing.T) {
	zone, err := Zone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ text, after, want string }{
		// 2026-03-08: 02:00 EST is followed by 03:00 EDT.
		{"30 2 * * *", "2026-03-08T00:00:00-05:00", "2026-03-08T03:00:00-04:00"},
		{"30 2 * * *", "2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"},
		{"*/30 * * * *", "2026-03-08T01:30:00-05:00", "2026-03-08T03:00:00-04:00"},
		// 2026-11-01: 01:59 EDT is followed by 01:00 EST.
		{"30 1 * * *", "2026-11-01T00:00:00-04:00", "2026-11-01T01:30:00-04:00"},
		{"30 1 * * *", "2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"},
		{"*/30 * * * *", "2026-11-01T01:30:00-04:00", "2026-11-01T01:00:00-05:00"},
		{"*/30 * * * *", "2026-11-01T01:30:00-05:00", "2026-11-01T02:00:00-05:00"},
		{"@every 90s", "2026-11-01T00:00:00Z", "2026-11-01T00:01:30Z"},
		{"0 3 29 2 *", "2026-01-01T00:00:00-05:00", "2028-02-29T03:00:00-05:00"},
	}
	for _, tt := range tests {
		s, err := Parse(tt.text, zone)
		if err != nil {
			t.Fatal(err)
		}
		after, _ := time.Parse(time.RFC3339, tt.after)
		want, _ := time.Parse(time.RFC3339, tt.want)
		if got := s.Next(after); !got.Equal(want) {
			t.Errorf("%q after %s: %s, want %s", tt.text, tt.after, got.Format(time.RFC3339), tt.want)
		}
	}
}

func TestNextMovesForward(t *testing.T) {
	zones := []string{"UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"}
	texts := []string{"*/5 * * * *", "0 3 * * *", "30 1,2 * * *", "59 23 28-31 * *", "0 9 * * 1-5", "@every 7s", "@hourly", "15 */2 * * *"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := Zone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(rapid.SampledFrom(texts).Draw(t, "cron"), zone)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(1_700_000_000, 2_000_000_000).Draw(t, "at"), 0)
		for range 30 {
			next := s.Next(at)
			if !next.After(at) {
				t.Fatalf("Next(%s) = %s", at, next)
			}
			at = next
		}
	})
}

// A tick is the same one wherever the search for it begins; a scheduler that wakes late depends on it.
func TestNextDoesNotDependOnWhereItBegins(t *testing.T) {
	zones := []string{"America/New_York", "Australia/Lord_Howe", "Europe/Berlin", "America/Santiago"}
	texts := []string{"*/5 * * * *", "30 2 * * *", "15,45 1,2,3 * * *", "30 */2 * * *", "0 0 * * *", "@every 11m"}
	changes := []string{"2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z", "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z", "2026-09-06T04:00:00Z", "2026-04-05T03:00:00Z"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := Zone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(rapid.SampledFrom(texts).Draw(t, "cron"), zone)
		if err != nil {
			t.Fatal(err)
		}
		change, _ := time.Parse(time.RFC3339, rapid.SampledFrom(changes).Draw(t, "change"))
		at := change.Add(time.Duration(rapid.IntRange(-4*3600, 4*3600).Draw(t, "seconds")) * time.Second)
		next := s.Next(at)
		between := at.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(at))-1).Draw(t, "between")))
		if got := s.Next(between); !got.Equal(next) {
			t.Fatalf("Next(%s) = %s, but Next(%s) = %s", at.In(zone), next.In(zone), between.In(zone), got.In(zone))
		}
	})
}

func TestPerDay(t *testing.T) {
	for text, want := range map[string]float64{
		"* * * * *": 1440, "*/5 * * * *": 288, "0 3 * * *": 1, "@hourly": 24, "@every 1s": 86400,
		"0 9 * * 1-5": 5.0 / 7, "0 0 1 * *": 48.0 / 1461,
	} {
		s, err := Parse(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.PerDay(); got < want*0.99 || got > want*1.01 {
			t.Errorf("%q is due %v times a day, want %v", text, got, want)
		}
	}
}

func TestZoneRefusesTheMachinesOwn(t *testing.T) {
	for _, name := range []string{"", "Local", "local", "Mars/Olympus", "../etc/passwd"} {
		if _, err := Zone(name); err == nil {
			t.Errorf("Zone(%q) was taken", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"* * * * *", "TZ=0", "@every 1h", "0 0 30 2 *", "1-5/2 * L * ?"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text, nil)
		if err != nil || !utf8.ValidString(text) {
			return
		}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if next := s.Next(at); !next.After(at) {
			t.Errorf("%q: Next = %v", text, next)
		}
	})
}
