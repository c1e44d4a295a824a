//go:build unix

package crash

import (
	"context"
	"slices"
	"strings"

	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// book is what the ledger says of one target record, and what is wrong with it.
type book struct {
	there  bool
	values record
}

// records that the rules write, by object.
var written = []string{"Account", "Task", "Case", "FeedItem"}

// shelf gives the records of the target by object and id.
func (w *world) shelf() map[string]*book {
	w.t.Helper()
	out := map[string]*book{}
	for _, object := range written {
		for _, r := range w.records("SALESFORCE", object) {
			out[object+" "+r["Id"].(string)] = &book{there: true, values: r}
		}
	}
	return out
}

// accounted follows the ledger from what the target held at first, entry by entry: each has to find what the one before it
// left, and the last has to leave what the target holds now. A write without an entry breaks the chain, as does an entry
// that is there twice. Nobody but the program writes there.
func (w *world) accounted() {
	w.t.Helper()
	store, err := sqlite.Open(context.Background(), w.state(), sqlite.Options{MustExist: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer store.Close()
	entries, err := store.Ledger(context.Background(), state.LedgerFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Reverse(entries)
	told := map[string]map[string]bool{} // fields by record
	unnamed := map[string]int{}          // creates by object, of which it is not known what they made
	for _, e := range entries {
		key := e.Object + " " + e.Target
		switch {
		case e.InDoubt:
			w.t.Errorf("run %s of %s is in doubt about %s", e.Run, e.Rule, key)
			continue
		case e.Connection != "crm" || e.Action == "relink" || e.Action == "unlink":
			continue
		case e.Action == "create" && e.Target == "":
			unnamed[e.Object]++
			continue
		case w.first[key] == nil:
			w.first[key] = &book{values: record{}}
		}
		b := w.first[key]
		if there := e.Action != "create"; there != b.there && !w.forgot {
			w.t.Errorf("the ledger has %s by run %s of %s when the record is there: %v", e.Action+" "+key, e.Run, e.Rule, b.there)
		}
		b.there = e.Action != "delete"
		if told[key] == nil {
			told[key] = map[string]bool{}
		}
		for _, f := range e.Fields {
			if !equal(f.Before, b.values[f.Name]) && !e.Blind && e.Action != "create" && !w.forgot {
				w.t.Errorf("a write of %s of %s is not in the ledger, or one is there twice: %v before run %s of %s, and left as %v", f.Name, key, f.Before, e.Run, e.Rule, b.values[f.Name])
			}
			b.values[f.Name], told[key][f.Name] = f.After, true
		}
	}
	now := w.shelf()
	for key, b := range w.first {
		r := now[key]
		if r == nil {
			if b.there {
				w.t.Errorf("the ledger does not say that %s was deleted", key)
			}
			continue
		}
		for name := range told[key] {
			if !equal(b.values[name], r.values[name]) {
				w.t.Errorf("the last entry of %s of %s says %v, and it is %v", name, key, b.values[name], r.values[name])
			}
		}
	}
	for key := range now {
		if w.first[key] == nil && !w.forgot {
			object, _, _ := strings.Cut(key, " ")
			if unnamed[object]--; unnamed[object] < 0 {
				w.t.Errorf("the ledger does not say that %s was created", key)
			}
		}
	}
	for object, n := range unnamed {
		if n > 0 && !w.forgot {
			w.t.Errorf("the ledger says that %d more records of %s were created than there are", n, object)
		}
	}
}

// equal compares a value of the ledger with one of the target.
func equal(a, b any) bool { return plain(a) == plain(b) }

func plain(v any) any {
	switch v := v.(type) {
	case nil:
		return ""
	case int64:
		return float64(v)
	case string:
		return strings.TrimSuffix(v, "Z")
	}
	return v
}
