package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// Most of an entry is the same for every record of a rule: the expressions, the revision, where the write goes. These
// stand once in the table phrase, and a row of the ledger refers to them.

// ledgerRow is the document of a row; what has a column of its own is not in it.
type ledgerRow struct {
	Head    int64         `json:"head"` // phrase of a ledgerHead; 0: a row of the time before phrases, which is a whole Entry
	Action  string        `json:"action"`
	Version string        `json:"version,omitempty"` // of the source record
	Blind   bool          `json:"blind,omitempty"`
	InDoubt bool          `json:"in_doubt,omitempty"`
	Fields  []ledgerField `json:"fields,omitempty"`
}

// ledgerHead is what entries have in common.
type ledgerHead struct {
	Revision   string          `json:"revision"`
	Connection string          `json:"connection"`
	Object     string          `json:"object"`
	Source     state.SourceRef `json:"source"` // without id and version
}

type ledgerField struct {
	Name   string         `json:"name"`
	Before any            `json:"before"`
	After  any            `json:"after"`
	Text   int64          `json:"text,omitempty"` // phrase of the expression
	Inputs map[string]any `json:"inputs,omitempty"`
}

// phrase gives the id of a text, which is stored when it is new.
func (s *Store) phrase(ctx context.Context, tx *sql.Tx, text string) (id int64, err error) {
	s.mu.Lock()
	id, known := s.phrases[text]
	s.mu.Unlock()
	if known {
		return id, nil
	}
	if err := tx.QueryRowContext(ctx, "INSERT INTO phrase (text) VALUES (?) ON CONFLICT (text) DO UPDATE SET text = text RETURNING id", text).Scan(&id); err != nil {
		return 0, err
	}
	s.mu.Lock()
	s.phrases[text] = id
	s.mu.Unlock()
	return id, nil
}

// Ledger lists writes, newest first.
func (s *Store) Ledger(ctx context.Context, f state.LedgerFilter) ([]state.Entry, error) {
	var w where
	if f.Record != "" {
		w.add("id IN ("+inAnyPart+") AND (target = ? OR source = ?)", ledgerKey(f.Record), f.Record, f.Record)
	}
	if f.Rule != "" {
		w.add("rule = ?", f.Rule)
	}
	if f.Run != "" {
		w.add("run = ?", f.Run)
	}
	if !f.Since.IsZero() {
		w.add("at >= ?", f.Since.UnixMicro())
	}
	if f.Before > 0 {
		w.add("id < ?", f.Before)
	}
	if f.Field != "" {
		w.add("EXISTS (SELECT 1 FROM json_each(data, '$.fields') x WHERE json_extract(x.value, '$.name') = ?)", f.Field)
	}
	rows, err := s.read.QueryContext(ctx, "SELECT id, run, rule, at, target, source, data FROM ledger"+w.String()+" ORDER BY id DESC LIMIT ?",
		append(w.args, limit(f.Limit))...)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var out []state.Entry
	var docs []ledgerRow
	for rows.Next() {
		var e state.Entry
		var at int64
		var data []byte
		if err := rows.Scan(&e.ID, &e.Run, &e.Rule, &at, &e.Target, &e.Source.ID, &data); err != nil {
			return nil, s.explain(err)
		}
		e.At = time.UnixMicro(at).UTC()
		doc, err := readLedger(&e, data)
		if err != nil {
			return nil, err
		}
		out, docs = append(out, e), append(docs, doc)
	}
	if err := rows.Err(); err != nil {
		return nil, s.explain(err)
	}
	return out, s.fillPhrases(ctx, out, docs)
}

// readLedger takes a row's document into its entry, but for the phrases.
func readLedger(e *state.Entry, data []byte) (doc ledgerRow, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		return doc, err
	}
	if doc.Head == 0 {
		id := e.ID
		err := json.Unmarshal(data, e)
		e.ID = id
		return ledgerRow{}, err
	}
	e.Action, e.Source.Version, e.Blind, e.InDoubt = doc.Action, doc.Version, doc.Blind, doc.InDoubt
	for _, f := range doc.Fields {
		for name, v := range f.Inputs {
			f.Inputs[name] = state.Exact(v)
		}
		e.Fields = append(e.Fields, state.FieldChange{Name: f.Name, Before: state.Exact(f.Before), After: state.Exact(f.After), Inputs: f.Inputs})
	}
	return doc, nil
}

// fillPhrases puts the phrases into the entries that refer to them.
func (s *Store) fillPhrases(ctx context.Context, entries []state.Entry, docs []ledgerRow) error {
	texts, err := s.readPhrases(ctx, docs)
	if err != nil {
		return err
	}
	for i, doc := range docs {
		if doc.Head == 0 {
			continue
		}
		e := &entries[i]
		var head ledgerHead
		if text := texts[doc.Head]; text != "" { // a repaired state may have lost it
			if err := json.Unmarshal([]byte(text), &head); err != nil {
				return err
			}
		}
		e.Revision, e.Connection, e.Object = head.Revision, head.Connection, head.Object
		e.Source.Connection, e.Source.Object = head.Source.Connection, head.Source.Object
		for n, f := range doc.Fields {
			e.Fields[n].Expression = texts[f.Text]
		}
	}
	return nil
}

// readPhrases gives the texts that rows refer to, by id.
func (s *Store) readPhrases(ctx context.Context, docs []ledgerRow) (map[int64]string, error) {
	wanted := map[int64]string{}
	for _, doc := range docs {
		if doc.Head == 0 {
			continue
		}
		wanted[doc.Head] = ""
		for _, f := range doc.Fields {
			if f.Text != 0 {
				wanted[f.Text] = ""
			}
		}
	}
	if len(wanted) == 0 {
		return wanted, nil
	}
	ids := make([]int64, 0, len(wanted))
	for id := range wanted {
		ids = append(ids, id)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT p.id, p.text FROM json_each(?) j CROSS JOIN phrase p ON p.id = j.value", string(list))
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, s.explain(err)
		}
		wanted[id] = text
	}
	return wanted, s.explain(rows.Err())
}
