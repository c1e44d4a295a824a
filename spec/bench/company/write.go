package company

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Fields are the fields of a company, in the order in which they are written.
var Fields = []string{"gsid", "name", "sfdc_account_id", "health_score", "risk", "arr", "renewal_date", "csm_email", "dau", "wau", "nps",
	"lifecycle_stage", "updated_at", "tags"}

// Write writes a snapshot as CSV (RFC 4180, a header, quotes where they are needed, an empty cell for null) or as
// JSON lines (keys in the order of Fields, nulls written).
func Write(w io.Writer, format string, rows int, seed uint64, at Snapshot) error {
	out := bufio.NewWriterSize(w, 1<<20)
	var line func([]byte, *Company) []byte
	switch format {
	case "csv":
		line = appendCSV
		fmt.Fprintln(out, strings.Join(Fields, ","))
	case "jsonl":
		line = appendJSON
	default:
		return fmt.Errorf("unknown format %q: csv or jsonl", format)
	}
	var b []byte
	for i := range rows {
		c := Make(seed, At(i, rows, at), at)
		b = line(b[:0], &c)
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	return out.Flush()
}

// texts and numbers of a company, as they are written in both formats.
type cell struct {
	text   string
	bare   bool // a number or null
	absent bool
}

func cells(c *Company) [14]cell {
	whole := func(m Maybe) cell { return cell{text: strconv.FormatInt(m.N, 10), bare: true, absent: m.Empty} }
	return [14]cell{
		{text: c.GSID}, {text: c.Name}, {text: c.AccountID},
		{text: decimal(c.Score.N, 3), bare: true, absent: c.Score.Empty},
		{text: string(c.Risk)}, {text: decimal(c.ARR, 4), bare: true},
		{text: day(c.Renewal)}, {text: c.Email}, whole(c.DAU), whole(c.WAU), whole(c.NPS),
		{text: Stages[c.Stage]}, {text: instant(c.Updated)}, {text: c.Tags},
	}
}

func appendJSON(b []byte, c *Company) []byte {
	for i, x := range cells(c) {
		b = append(b, ",{"[boolInt(i == 0)], '"')
		b = append(append(b, Fields[i]...), '"', ':')
		switch {
		case x.absent:
			b = append(b, "null"...)
		case x.bare:
			b = append(b, x.text...)
		default:
			b = append(b, '"')
			b = append(b, escaper.Replace(x.text)...)
			b = append(b, '"')
		}
	}
	return append(b, '}', '\n')
}

var escaper = strings.NewReplacer(`"`, `\"`, `\`, `\\`)

func appendCSV(b []byte, c *Company) []byte {
	for i, x := range cells(c) {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case x.absent:
		case strings.ContainsAny(x.text, ",\"\r\n"):
			b = append(b, '"')
			b = append(b, strings.ReplaceAll(x.text, `"`, `""`)...)
			b = append(b, '"')
		default:
			b = append(b, x.text...)
		}
	}
	return append(b, '\n')
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// decimal writes n / 10^digits without trailing zeros.
func decimal(n int64, digits int) string {
	s := strconv.FormatInt(n, 10)
	for len(s) <= digits {
		s = "0" + s
	}
	s = s[:len(s)-digits] + "." + s[len(s)-digits:]
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

func day(days int64) string        { return time.Unix(days*86400, 0).UTC().Format(time.DateOnly) }
func instant(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
