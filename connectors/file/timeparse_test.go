package file

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/value"
)

// Dates and times are read as package time reads them.
func TestScanTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(-62135596800e6, 253402300799e6).Draw(t, "us")).UTC()
		zone := time.FixedZone("", rapid.IntRange(-14*60, 14*60).Draw(t, "minutes")*60)
		layout := rapid.SampledFrom([]string{time.RFC3339Nano, "2006-01-02 15:04:05.999999Z07:00", "2006-01-02T15:04:05.000000-0700"}).Draw(t, "layout")
		if y := at.In(zone).Year(); y < 0 || y > 9999 {
			return
		}
		text := at.In(zone).Format(layout)
		us, zoned, ok := scanTime([]byte(text))
		if !ok || !zoned || us != at.UnixMicro() {
			t.Fatalf("%s: %d %v %v, want %d", text, us, zoned, ok, at.UnixMicro())
		}
		days, ok := scanDate([]byte(text[:10]))
		want, err := time.Parse(time.DateOnly, text[:10])
		if !ok || err != nil || days != floorDays(want) {
			t.Fatalf("%s: day %d %v, want %d", text[:10], days, ok, floorDays(want))
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		us := rapid.Int64Range(-62135596800e6, 253402300799e6).Draw(t, "us")
		us -= us % rapid.SampledFrom([]int64{1, 10, 1e3, 1e6}).Draw(t, "step")
		for _, v := range []value.Value{value.Micros(us), value.Day(us / 86400e6)} {
			if got := string(appendMoment(nil, v)); got != v.String() {
				t.Fatalf("%s is written as %s", v, got)
			}
		}
	})
	for _, s := range []string{"", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-32", "26-01-01", "2026/01/01", "2026-01-0x"} {
		if _, ok := scanDate([]byte(s)); ok {
			t.Errorf("%q is read as a date", s)
		}
	}
	for _, s := range []string{"2026-01-01T24:00:00Z", "2026-01-01T10:60:00Z", "2026-01-01T10:00:60Z", "2026-01-01T10:00:00.Z", "2026-01-01T10:00:00+25:00", "2026-01-01T10:00:00 X", "2026-01-01T10", "2026-02-30T10:00:00Z"} {
		if _, _, ok := scanTime([]byte(s)); ok {
			t.Errorf("%q is read as a datetime", s)
		}
	}
}

func floorDays(t time.Time) int64 {
	s := t.Unix()
	if s < 0 {
		return -((-s + 86399) / 86400)
	}
	return s / 86400
}
