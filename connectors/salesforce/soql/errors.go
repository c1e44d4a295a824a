package soql

import (
	"fmt"
	"strings"
)

// MalformedQuery is the code of statements that do not parse.
const MalformedQuery = "MALFORMED_QUERY"

// Error says what is wrong with a statement, and where.
type Error struct {
	Code    string
	Pos     Position
	Message string
	// Text is the statement.
	Text string
}

// Error gives the message as Salesforce words it: an excerpt, a caret, the place, and what is wrong.
func (e *Error) Error() string { return Locate(e.Text, e.Pos, e.Message) }

func malformed(pos Position, message string) *Error {
	return &Error{Code: MalformedQuery, Pos: pos, Message: message}
}

// excerptBefore and excerptAfter are how much of the line stands around the place.
const excerptBefore, excerptAfter = 40, 40

// Locate puts the excerpt that Salesforce's messages begin with before a message.
func Locate(text string, pos Position, message string) string {
	line := text
	for range pos.Line - 1 {
		_, line, _ = strings.Cut(line, "\n")
	}
	line, _, _ = strings.Cut(line, "\n")
	chars := []rune(strings.ReplaceAll(line, "\t", " "))
	at := min(max(pos.Column-1, 0), len(chars))
	from, to := max(0, at-excerptBefore), min(len(chars), at+excerptAfter)
	return fmt.Sprintf("\n%s\n%s^\nERROR at Row:%d:Column:%d\n%s", string(chars[from:to]), strings.Repeat(" ", at-from), pos.Line, pos.Column, message)
}
