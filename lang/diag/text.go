package diag

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/syncline/syncline/lang/span"
)

// TextOptions say how diagnostics are written for people.
type TextOptions struct {
	// Color uses ANSI colours.
	Color bool
	// Width is the number of columns that prose is wrapped to; 0: 100.
	Width int
}

// WriteText writes a list for people: for each diagnostic a line that editors can parse, the source with the subject
// underlined, the detail, the other places and the suggestion.
func WriteText(w io.Writer, l List, o TextOptions) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	t := &textWriter{w: bufio.NewWriter(w), o: o}
	for _, d := range l {
		if !d.Secret.IsZero() {
			t.secrets = append(t.secrets, d.Secret)
		}
	}
	for i, d := range l {
		if i > 0 {
			t.line("")
		}
		t.diagnostic(d)
	}
	return t.w.Flush()
}

// Tally is the closing line: "2 errors, 1 warning".
func Tally(l List) string {
	return fmt.Sprintf("%s, %s", count(l.Errors(), "error"), count(l.Warnings(), "warning"))
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// textWriter writes; errors stay in the bufio.Writer and show at the end.
type textWriter struct {
	w *bufio.Writer
	o TextOptions
	// secrets are shown nowhere: another mistake can stand in the same line.
	secrets []span.Range
}

const (
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	blue   = "\x1b[34m"
	green  = "\x1b[32m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

func (t *textWriter) color(code, text string) string {
	if !t.o.Color || text == "" {
		return text
	}
	return code + text + reset
}

func (t *textWriter) line(s string) {
	t.w.WriteString(strings.TrimRight(s, " "))
	t.w.WriteByte('\n')
}

func (t *textWriter) diagnostic(d *Diagnostic) {
	tint := red
	if d.Severity == Warning {
		tint = yellow
	}
	where := ""
	if !d.Subject.IsZero() {
		where = place(d.Subject) + ": "
	}
	t.line(t.color(bold, where) + t.color(tint, d.Severity.String()+" "+d.Code) + t.color(bold, ": "+printable(d.Summary)))
	t.excerpt(d.Subject, tint)
	for _, s := range wrap(d.Detail, t.o.Width) {
		t.line(printable(s))
	}
	for _, r := range d.Related {
		if r.Range.IsZero() {
			t.line("  " + printable(r.Message))
			continue
		}
		t.line("  " + printable(r.Message) + ": " + t.color(bold, place(r.Range)))
		t.excerpt(r.Range, blue)
	}
	// A suggestion that the detail shows already need not be said twice.
	if d.Suggestion != "" && !strings.Contains(d.Detail, d.Suggestion) {
		t.line("  write instead: " + t.color(green, printable(d.Suggestion)))
	}
}

func place(r span.Range) string {
	p := r.StartPos()
	return fmt.Sprintf("%s:%d:%d", printable(r.Name()), p.Line, p.Column)
}

// wrap breaks lines at spaces. Lines that are indented are code and stay as they are.
func wrap(text string, width int) (out []string) {
	if text == "" {
		return nil
	}
	for _, para := range strings.Split(text, "\n") {
		if strings.HasPrefix(para, " ") || uniseg.StringWidth(para) <= width {
			out = append(out, para)
			continue
		}
		line, used := "", 0
		for _, word := range strings.Fields(para) {
			n := uniseg.StringWidth(word)
			if used > 0 && used+1+n > width {
				out = append(out, line)
				line, used = "", 0
			}
			if used > 0 {
				line, used = line+" ", used+1
			}
			line, used = line+word, used+n
		}
		out = append(out, line)
	}
	return out
}

// printable replaces what a terminal would obey instead of show. Messages quote the source.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c >= 0x7f && c < 0xa0 || isBidi(c) {
			return '\uFFFD'
		}
		return c
	}, s)
}

// isBidi tells the characters that turn the direction of text, with which source can lie about itself.
func isBidi(c rune) bool {
	return c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069
}
