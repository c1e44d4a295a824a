package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/syncline/syncline/runtime/state"
)

// Records finds the records of many sources with one query.
func (s *Store) Records(ctx context.Context, rule string, sources []string) ([]state.Record, error) {
	out := make([]state.Record, len(sources))
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 || len(sources) == 0 {
		return out, s.explain(err)
	}
	w := s.wants(id, sources)
	rows, err := s.read.QueryContext(ctx, recordsOfSources, w.list())
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		var source sql.RawBytes
		var r state.Record
		var hash int64
		if err := rows.Scan(&n, &r.Place, &source, &r.Target, &r.Keys, &hash, &r.Shadow, &r.Fields, &r.Seen); err != nil {
			return nil, s.explain(err)
		}
		if i, ok := w.is(n, source); ok {
			r.Source, r.Hash = w.texts[i], uint64(hash)
			out[i] = r
		}
	}
	return out, s.explain(rows.Err())
}

// Holders finds which sources hold the targets.
func (s *Store) Holders(ctx context.Context, rule string, targets []string) ([]string, error) {
	out := make([]string, len(targets))
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 || len(targets) == 0 {
		return out, s.explain(err)
	}
	w := s.wants(id, targets)
	rows, err := s.read.QueryContext(ctx, holdersOfTargets, w.list())
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		var target sql.RawBytes
		var source string
		if err := rows.Scan(&n, &target, &source); err != nil {
			return nil, s.explain(err)
		}
		if i, ok := w.is(n, target); ok && len(target) > 0 {
			out[i] = source
		}
	}
	return out, s.explain(rows.Err())
}

// Scan pages through a rule's records by their ids.
func (s *Store) Scan(ctx context.Context, rule string, after int64, limit int) (out []state.Record, last int64, err error) {
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 {
		return nil, after, s.explain(err)
	}
	last = max(after, firstID(id))
	rows, err := s.read.QueryContext(ctx, "SELECT "+recordColumns+" FROM record r"+renewedToo+
		" WHERE r.id > ? AND r.id < ? ORDER BY r.id LIMIT ?", last, firstID(id+1), limit)
	if err != nil {
		return nil, last, s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r state.Record
		var hash int64
		if err := rows.Scan(&r.Place, &r.Source, &r.Target, &r.Keys, &hash, &r.Shadow, &r.Fields, &r.Seen); err != nil {
			return nil, last, s.explain(err)
		}
		r.Hash, last = uint64(hash), r.Place
		out = append(out, r)
	}
	return out, last, s.explain(rows.Err())
}

// Linked counts a rule's links.
func (s *Store) Linked(ctx context.Context, rule string) (n int, err error) {
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 {
		return 0, s.explain(err)
	}
	const in = " a WHERE " + ofTarget + " AND key >= ?1 AND key < ?2)"
	err = s.read.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM record_at"+in+" + (SELECT count(*) FROM record_new"+in,
		firstID(id), firstID(id+1)).Scan(&n)
	return n, s.explain(err)
}

func jsonList(texts []string) string {
	b, _ := json.Marshal(texts)
	return string(b)
}

func jsonNumbers(list []int64) string {
	b := append(make([]byte, 0, 2+15*len(list)), '[')
	for i, n := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, ']'))
}

// putRecords stores records: those that are there already in the order in which they lie, then the new ones behind them.
func (s *Store) putRecords(ctx context.Context, tx *sql.Tx, rule string, records []state.Record, forget []string) error {
	if len(records) == 0 && len(forget) == 0 {
		return nil
	}
	id, err := s.makeRule(ctx, tx, rule)
	if err != nil {
		return err
	}
	if len(records) > 0 {
		rest, err := renewRecords(ctx, tx, latest(records))
		if err != nil {
			return err
		}
		known, fresh, err := s.placeRecords(ctx, tx, id, rest)
		if err != nil {
			return err
		}
		if err := s.changeRecords(ctx, tx, id, known); err != nil {
			return err
		}
		if err := s.addRecords(ctx, tx, id, fresh); err != nil {
			return err
		}
	}
	if len(forget) > 0 {
		if err := s.forgetRecords(ctx, tx, id, forget); err != nil {
			return err
		}
	}
	return s.changeDigests(ctx, tx, id, records, forget)
}

// latest gives the last state of each record, those whose place is known first and in order.
func latest(records []state.Record) []*state.Record {
	at := make(map[string]int, len(records))
	out := make([]*state.Record, 0, len(records))
	for i := range records {
		r := &records[i]
		if n, again := at[r.Source]; again {
			out[n] = r
			continue
		}
		at[r.Source] = len(out)
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b *state.Record) int { return cmp.Compare(uint64(a.Place-1), uint64(b.Place-1)) })
	return out
}

// placed is a record that has its place in the table.
type placed struct {
	id int64
	// moved: its target is another one than before.
	moved bool
	*state.Record
}

// placeRecords tells records that are there already, in order of their ids, from new ones.
func (s *Store) placeRecords(ctx context.Context, tx *sql.Tx, rule int64, records []*state.Record) (known []placed, fresh []*state.Record, err error) {
	if len(records) == 0 {
		return nil, nil, nil
	}
	sources := make([]string, len(records))
	for i, r := range records {
		sources[i] = r.Source
	}
	w := s.wants(rule, sources)
	rows, err := tx.QueryContext(ctx, placesOfSources, w.list())
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	found := make([]bool, len(records))
	for rows.Next() {
		var n int
		var id, target int64
		var source sql.RawBytes
		if err := rows.Scan(&n, &id, &source, &target); err != nil {
			return nil, nil, err
		}
		if i, ok := w.is(n, source); ok {
			found[i] = true
			known = append(known, placed{id, targetKey(rule, records[i].Target) != target, records[i]})
		}
	}
	for i, r := range records {
		if !found[i] {
			fresh = append(fresh, r)
		}
	}
	slices.SortFunc(known, func(a, b placed) int { return cmp.Compare(a.id, b.id) })
	return known, fresh, rows.Err()
}

// changeRecords changes records in their places.
func (s *Store) changeRecords(ctx context.Context, tx *sql.Tx, rule int64, known []placed) error {
	if len(known) == 0 {
		return nil
	}
	ids := make([]int64, len(known))
	var moved, keys []int64
	for i, r := range known {
		if ids[i] = r.id; r.moved {
			moved, keys = append(moved, r.id), append(keys, targetKey(rule, r.Target))
		}
	}
	s.come(rule, false, keys)
	if err := makeLost(ctx, tx, moved); err != nil {
		return err
	}
	change, err := tx.PrepareContext(ctx, "UPDATE record SET keys = ?, hash = ?, shadow = ?, fields = ?, seen = ?, target = ?, target_key = ? WHERE id = ?")
	if err != nil {
		return err
	}
	defer change.Close()
	for _, r := range known {
		if _, err := change.ExecContext(ctx, r.Keys, int64(r.Hash), r.Shadow, r.Fields, r.Seen, r.Target, targetKey(rule, r.Target), r.id); err != nil {
			return err
		}
	}
	for len(moved) > 0 {
		n := 1
		for n < len(moved) && moved[n] == moved[n-1]+1 {
			n++
		}
		if err := s.makeFound(ctx, tx, moved[0]-1, moved[n-1]); err != nil {
			return err
		}
		moved = moved[n:]
	}
	return dropRenewed(ctx, tx, ids)
}

func (s *Store) forgetRecords(ctx context.Context, tx *sql.Tx, rule int64, sources []string) error {
	gone := make([]*state.Record, len(sources))
	for i, source := range sources {
		gone[i] = &state.Record{Source: source}
	}
	known, _, err := s.placeRecords(ctx, tx, rule, gone)
	if err != nil {
		return err
	}
	ids := make([]int64, len(known))
	for i, r := range known {
		ids[i] = r.id
	}
	if err := makeLost(ctx, tx, ids); err != nil {
		return err
	}
	if err := dropRenewed(ctx, tx, ids); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM record WHERE id IN (SELECT value FROM json_each(?))", jsonNumbers(ids))
	return err
}

const recordRow = "record (id, source_key, target_key, source, target, keys, hash, shadow, fields, seen)"

func (s *Store) addRecords(ctx context.Context, tx *sql.Tx, rule int64, fresh []*state.Record) error {
	if len(fresh) == 0 {
		return nil
	}
	id, err := lastID(ctx, tx, "record", rule)
	if err != nil {
		return err
	}
	keys := make([]int64, 0, 2*len(fresh))
	for _, r := range fresh {
		keys = append(keys, placeKey(rule, r.Source), targetKey(rule, r.Target))
	}
	s.come(rule, id == firstID(rule), keys)
	err = addRows(ctx, tx, recordRow, 10, len(fresh), func(args []any, i int) []any {
		r := fresh[i]
		return append(args, id+1+int64(i), keys[2*i], keys[2*i+1], r.Source, r.Target, r.Keys, int64(r.Hash), r.Shadow, r.Fields, r.Seen)
	})
	if err != nil {
		return err
	}
	return s.makeFound(ctx, tx, id, id+int64(len(fresh)))
}
