// Package spec is the reference of the language as users read it, and the corpus of cases that holds the compiler to
// it. The pages are in the program, for `syncline lint --explain`.
package spec

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed diagnostics/*.md *.md
var pages embed.FS

// Page is the page on a diagnostic's code, such as "SYN402"; false when there is no such code.
func Page(code string) (string, bool) {
	text, err := pages.ReadFile("diagnostics/" + strings.ToUpper(strings.TrimSpace(code)) + ".md")
	return string(text), err == nil
}

// Codes lists all codes that have a page, in order.
func Codes() []string {
	names, err := fs.Glob(pages, "diagnostics/*.md")
	if err != nil {
		return nil
	}
	for i, n := range names {
		names[i] = strings.TrimSuffix(strings.TrimPrefix(n, "diagnostics/"), ".md")
	}
	slices.Sort(names)
	return names
}

// Title is the summary on a code's page.
func Title(code string) string {
	page, _ := Page(code)
	first, _, _ := strings.Cut(page, "\n")
	_, title, _ := strings.Cut(first, ": ")
	return title
}

// Reference is a page of the reference, such as "language.md".
func Reference(name string) (string, bool) {
	text, err := pages.ReadFile(name)
	return string(text), err == nil
}
