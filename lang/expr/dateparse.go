package expr

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/value"
)

func parseDate(f *Frame, n *Node, a value.Value) value.Value {
	s := strings.TrimSpace(a.AsText())
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		if us, ok := parseInstant(s, f.work.zone); ok {
			return f.makeDay(n, microsDay(us, f.work.zone))
		}
		return f.fail(n, "%q is not a date (2026-01-31)", clip(a.AsText()))
	}
	return f.makeDay(n, floorDiv(t.Unix(), 86400))
}

// toDatetime are the forms of datetime().
func toDatetime() []*overload {
	return []*overload{
		takes(pTime).gives(value.KindTime).do1(func(_ *Frame, _ *Node, a value.Value) value.Value { return a }),
		takes(pDate).gives(value.KindTime).do1(func(f *Frame, n *Node, a value.Value) value.Value {
			return f.makeMicros(n, f.startOfDay(a.AsDay()))
		}),
		takes(pText).gives(value.KindTime).do1(func(f *Frame, n *Node, a value.Value) value.Value {
			us, ok := parseInstant(strings.TrimSpace(a.AsText()), f.work.zone)
			if !ok {
				return f.fail(n, "%q is not a datetime (2026-01-31T09:30:00Z)", clip(a.AsText()))
			}
			return f.makeMicros(n, us)
		}),
	}
}

func parseTimestamp(f *Frame, n *Node, a value.Value) value.Value {
	t, err := time.Parse(time.RFC3339, a.AsText())
	if err != nil {
		return f.fail(n, "%q is not a datetime with a zone (2026-01-31T09:30:00Z)", clip(a.AsText()))
	}
	return f.makeMicros(n, t.UnixMicro())
}

// instantLayouts are the forms of a datetime that systems write; those without a zone are in the rule's.
var instantLayouts = []string{time.RFC3339, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly}

func parseInstant(s string, zone *time.Location) (int64, bool) {
	for _, layout := range instantLayouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.UnixMicro(), true
		}
	}
	return 0, false
}

func parseDuration(f *Frame, n *Node, a value.Value) value.Value {
	d, err := time.ParseDuration(a.AsText())
	if err != nil {
		return f.fail(n, "%q is not a duration (90m, 36h)", clip(a.AsText()))
	}
	return value.Span(d.Microseconds())
}

// clip shortens a value for a message.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= 40 {
		return s
	}
	return string([]rune(s)[:40]) + "…"
}

// namedZone finds a zone: a name of the zone database, or an offset "+02:00".
func (f *Frame) namedZone(n *Node, name string) (*time.Location, bool) {
	if zone, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
		return zone, true
	}
	text := strings.TrimPrefix(name, "+")
	hours, minutes, ok := strings.Cut(text, ":")
	h, err1 := strconv.Atoi(hours)
	m, err2 := strconv.Atoi(minutes)
	if !ok || err1 != nil || err2 != nil || h < -18 || h > 18 || m < 0 || m > 59 {
		f.fail(n, "there is no time zone %q", clip(name))
		return nil, false
	}
	if strings.HasPrefix(hours, "-") {
		m = -m
	}
	return time.FixedZone(name, h*3600+m*60), true
}

// datePattern maps the letters of format_date to Go's layouts, the longest first.
var datePattern = []struct{ letters, layout string }{
	{"yyyy", "2006"}, {"yy", "06"}, {"MMMM", "January"}, {"MMM", "Jan"}, {"MM", "01"}, {"M", "1"}, {"dd", "02"}, {"d", "2"},
	{"EEEE", "Monday"}, {"EEE", "Mon"}, {"HH", "15"}, {"hh", "03"}, {"h", "3"}, {"mm", "04"}, {"ss", "05"}, {"a", "PM"},
}

func opFormatDate(f *Frame, n *Node, a, b value.Value) value.Value {
	t := instant(a)
	if a.Kind() == value.KindTime {
		t = t.In(f.work.zone)
	}
	s, bad := formatDate(t, b.AsText())
	if bad != "" {
		return f.fail(n, "format_date does not know %q; put text between single quotes", bad)
	}
	return value.Text(s)
}

// formatDate gives the text, or the letters that mean nothing.
func formatDate(t time.Time, pattern string) (text, bad string) {
	var out []byte
next:
	for i := 0; i < len(pattern); {
		if pattern[i] == '\'' {
			shut := strings.IndexByte(pattern[i+1:], '\'')
			if shut < 0 {
				return "", pattern[i:]
			}
			if shut == 0 {
				out = append(out, '\'')
			}
			out = append(out, pattern[i+1:i+1+shut]...)
			i += shut + 2
			continue
		}
		for _, p := range datePattern {
			if strings.HasPrefix(pattern[i:], p.letters) {
				out = t.AppendFormat(out, p.layout)
				i += len(p.letters)
				continue next
			}
		}
		if isLetter(pattern[i]) && pattern[i] != '_' {
			return "", pattern[i : i+1]
		}
		out = append(out, pattern[i])
		i++
	}
	return string(out), ""
}
