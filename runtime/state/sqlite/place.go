package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/syncline/syncline/runtime/state"
)

// Rows that are kept for each record of a rule have ids and keys that begin with the number of the rule, so that those of
// one rule lie together. An id goes on with a running number, a key with the leading bits of a hash of a text; two texts
// may share a key, so whoever finds a row by it compares the text.

const ruleShift = 40

// firstID is below all ids of a rule, and firstID of the next rule above them.
func firstID(rule int64) int64 { return rule << ruleShift }

func placeKey(rule int64, text string) int64 {
	return rule<<ruleShift | int64(state.SourceHash(text)>>(64-ruleShift))
}

// targetKey is the key of a target, 0 for none.
func targetKey(rule int64, target string) int64 {
	if target == "" {
		return 0
	}
	return placeKey(rule, target)
}

// lastID is the highest id of a rule in a table, or what comes before its first.
func lastID(ctx context.Context, tx *sql.Tx, table string, rule int64) (id int64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT coalesce(max(id), ?1) FROM "+table+" WHERE id > ?1 AND id < ?2",
		firstID(rule), firstID(rule+1)).Scan(&id)
	return id, err
}

// wanted is a list of texts to be looked up by their keys: sorted, for neighbours in the index are then asked for one
// after the other.
type wanted struct {
	keys  []int64
	at    []int // of the text in the list given
	texts []string
}

// wants leaves out what newcomers tells cannot be there.
func (s *Store) wants(rule int64, texts []string) *wanted {
	w := &wanted{texts: texts}
	all := make([]int64, len(texts))
	for i, text := range texts {
		all[i] = placeKey(rule, text)
	}
	s.mu.Lock()
	for i, key := range all {
		if s.newcomers == nil || s.newcomers.rule != rule || s.newcomers.has(key) {
			w.at = append(w.at, i)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(w.at, func(a, b int) int { return cmp.Compare(all[a], all[b]) })
	w.keys = make([]int64, len(w.at))
	for n, i := range w.at {
		w.keys[n] = all[i]
	}
	return w
}

// list is the argument for json_each, whose keys answers give back.
func (w *wanted) list() string { return jsonNumbers(w.keys) }

// is tells whether a row that answers the n-th question is of the text that was asked for, and where that stands.
func (w *wanted) is(n int, text []byte) (int, bool) {
	i := w.at[n]
	return i, w.texts[i] == string(text)
}

// addRows adds n rows to a table, of so many columns, whose values row appends. One statement adds some: half of what a
// statement of its own costs is not the row.
func addRows(ctx context.Context, tx *sql.Tx, into string, columns, n int, row func(args []any, i int) []any) error {
	const some = 32
	one := "(?" + strings.Repeat(", ?", columns-1) + ")"
	args := make([]any, 0, some*columns)
	add := func(from, to, rows int) error {
		if from == to {
			return nil
		}
		put, err := tx.PrepareContext(ctx, "INSERT INTO "+into+" VALUES "+one+strings.Repeat(", "+one, rows-1))
		if err != nil {
			return err
		}
		defer put.Close()
		for ; from < to; from += rows {
			args = args[:0]
			for i := range rows {
				args = row(args, from+i)
			}
			if _, err := put.ExecContext(ctx, args...); err != nil {
				return err
			}
		}
		return nil
	}
	if err := add(0, n/some*some, some); err != nil {
		return err
	}
	return add(n/some*some, n, 1)
}
