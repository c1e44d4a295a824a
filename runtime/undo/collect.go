package undo

import (
	"context"
	"fmt"
	"slices"

	"github.com/syncline/syncline/runtime/state"
)

// Verdict is what is done about a record. The set is closed.
type Verdict string

const (
	Write    Verdict = "update"   // some fields are put back
	Delete   Verdict = "delete"   // a record that was created is deleted
	Keep     Verdict = "keep"     // a record that was created stays, because nobody asked for its deletion
	Conflict Verdict = "conflict" // somebody changed it since: nothing is done
	Settled  Verdict = "settled"  // it is as it was already
	Lost     Verdict = "lost"     // it cannot be put back; Why says why
)

// Record is one record that the entries wrote, and what is done about it.
type Record struct {
	Connection string          `json:"connection"`
	Object     string          `json:"object"`
	ID         string          `json:"id"`
	Source     state.SourceRef `json:"source"`
	Verdict    Verdict         `json:"verdict"`
	Why        string          `json:"why,omitempty"`
	Fields     []Field         `json:"fields"`

	created, deleted, blind bool
}

// Field is one field that the entries wrote. Values are in JSON form.
type Field struct {
	Name string `json:"name"`
	// Before is what it held before the entries, After what they left, Now what it holds.
	Before any `json:"before"`
	After  any `json:"after"`
	Now    any `json:"now"`
	// Verdict is Write, Conflict, Settled or Lost.
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"`
}

// Plan is what taking back would do.
type Plan struct {
	// Rule and Run are those of the entries; Run is "" when there are several.
	Rule    string    `json:"rule"`
	Run     string    `json:"run,omitempty"`
	Records []*Record `json:"records"`
	// Links counts links that moved or were dropped. They are left as they are: the next run matches.
	Links int `json:"links,omitempty"`
	// Messages counts what was sent: it stays sent.
	Messages int `json:"messages,omitempty"`
	// Doubts counts creates of which it is not known whether they were carried out, nor as what record.
	Doubts int `json:"in_doubt,omitempty"`
	// Entries counts the entries of the ledger that it was made from.
	Entries int `json:"entries"`
}

// collectPage is how many entries are read at a time.
const collectPage = 1000

// Collect gathers the entries of a filter.
func Collect(ctx context.Context, store state.LedgerStore, f state.LedgerFilter) (*Plan, error) {
	p := &Plan{Rule: f.Rule, Run: f.Run}
	at := map[[3]string]*Record{}
	f.Limit = collectPage
	for {
		entries, err := store.Ledger(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		if len(entries) == 0 {
			break
		}
		for i := range entries {
			p.add(at, &entries[i])
		}
		f.Before = entries[len(entries)-1].ID
	}
	return p, nil
}

func (p *Plan) add(at map[[3]string]*Record, e *state.Entry) {
	p.Entries++
	if p.Rule == "" {
		p.Rule = e.Rule
	}
	switch e.Action {
	case "relink", "unlink":
		p.Links++
		return
	case "send", "call":
		p.Messages++
		return
	}
	if e.Target == "" {
		p.Doubts++
		return
	}
	key := [3]string{e.Connection, e.Object, e.Target}
	r := at[key]
	if r == nil {
		r = &Record{Connection: e.Connection, Object: e.Object, ID: e.Target, Source: e.Source}
		at[key] = r
		p.Records = append(p.Records, r)
		r.deleted = e.Action == "delete"
	}
	// Entries come newest first: the last one seen is where it began.
	r.created, r.blind = e.Action == "create", r.blind || e.Blind
	for _, f := range e.Fields {
		i := slices.IndexFunc(r.Fields, func(x Field) bool { return x.Name == f.Name })
		if i < 0 {
			r.Fields = append(r.Fields, Field{Name: f.Name, Before: f.Before, After: f.After})
			continue
		}
		r.Fields[i].Before = f.Before
	}
}
