package diag

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Nearest gives the names that a misspelt one may stand for, the likeliest first, three at most. Another
// letter case is the nearest of all; then fewest edits, a swap of neighbours being one edit.
func Nearest(name string, among []string) []string {
	type candidate struct {
		name string
		dist int
	}
	folded := strings.ToLower(name)
	limit := max(1, utf8.RuneCountInString(name)/3)
	var found []candidate
	for _, other := range among {
		if other == name || other == "" {
			continue
		}
		d := distance(folded, strings.ToLower(other), limit)
		if d > limit && bareName(folded) != "" && bareName(folded) == bareName(strings.ToLower(other)) {
			d = limit // the same letters but for _, - and custom-field suffixes
		}
		if d <= limit {
			found = append(found, candidate{other, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		if a.dist != b.dist {
			return a.dist - b.dist
		}
		return strings.Compare(a.name, b.name)
	})
	var out []string
	for _, c := range found {
		if len(out) < 3 && !slices.Contains(out, c.name) {
			out = append(out, c.name)
		}
	}
	return out
}

// DidYouMean is the sentence that offers names, with a space in front, or "" for none.
func DidYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " Did you mean " + Or(names) + "?"
}

// Or lists names for a sentence: `"a", "b" or "c"`.
func Or(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = `"` + n + `"`
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// First is the first name, or "": what a diagnostic suggests when there are nearest names.
func First(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// bareName drops what people forget in names of fields: separators and the suffixes of custom fields.
func bareName(s string) string {
	for _, suffix := range []string{"__c", "__gc", "__r", "__gr"} {
		s = strings.TrimSuffix(s, suffix)
	}
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(s)
}

// distance is the optimal string alignment distance, given up above the limit.
func distance(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if len(s)-len(t) > limit || len(t)-len(s) > limit {
		return limit + 1
	}
	before, prev, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit + 1
		}
		before, prev, row = prev, row, before
	}
	return prev[len(t)]
}
