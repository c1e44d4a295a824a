package sqlite

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// Flags of an edge, beside its state in the two lowest bits.
const (
	edgeState   = 3
	edgeOutside = 4
	edgeGone    = 8
)

// micros is an instant as a column holds it: 0 stands for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

const edgeColumns = "e.source, e.flags, e.meaning, e.fired_at, e.since, e.look, e.hash, e.fields"

func scanEdge(rows *sql.Rows, first ...any) (state.Edge, error) {
	var e state.Edge
	var flags, fired, since, look, hash int64
	err := rows.Scan(append(first, &e.Source, &flags, &e.Meaning, &fired, &since, &look, &hash, &e.Fields)...)
	e.State, e.Outside, e.Gone = state.EdgeState(flags&edgeState), flags&edgeOutside != 0, flags&edgeGone != 0
	e.FiredAt, e.Since, e.Look, e.Hash = instant(fired), instant(since), instant(look), uint64(hash)
	return e, err
}

// Edges finds the edges of many records with one query.
func (s *Store) Edges(ctx context.Context, rule string, sources []string) ([]state.Edge, error) {
	out := make([]state.Edge, len(sources))
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 || len(sources) == 0 {
		return out, s.explain(err)
	}
	rows, err := s.read.QueryContext(ctx, "SELECT j.key, "+edgeColumns+`
FROM json_each(?) j CROSS JOIN edge e ON e.rule = ? AND e.source = j.value`, jsonList(sources), id)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		e, err := scanEdge(rows, &i)
		if err != nil {
			return nil, s.explain(err)
		}
		out[i] = e
	}
	return out, s.explain(rows.Err())
}

// ScanEdges pages through a rule's edges.
func (s *Store) ScanEdges(ctx context.Context, rule string, f state.EdgeFilter) ([]state.Edge, error) {
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 {
		return nil, s.explain(err)
	}
	from, args := "edge e WHERE e.rule = ? AND e.source > ?", []any{id, f.After}
	if !f.Due.IsZero() {
		from = "edge e INDEXED BY edge_look WHERE e.rule = ? AND e.source > ? AND e.look <> 0 AND (e.look <= ? OR e.look > ?)"
		beyond := int64(math.MaxInt64)
		if !f.Beyond.IsZero() {
			beyond = f.Beyond.UnixMicro()
		}
		args = append(args, f.Due.UnixMicro(), beyond)
	}
	return gather(ctx, s, "SELECT "+edgeColumns+" FROM "+from+" ORDER BY e.source LIMIT ?", append(args, limit(f.Limit)),
		func(rows *sql.Rows) (state.Edge, error) { return scanEdge(rows) })
}

// Watch reads where an observation stands.
func (s *Store) Watch(ctx context.Context, rule, schedule string) (state.Watch, error) {
	w := state.Watch{Rule: rule, Schedule: schedule}
	var at int64
	err := s.read.QueryRowContext(ctx, `
SELECT cursor, meaning, population, complete, begun, at FROM watch WHERE rule = ? AND schedule = ?`, rule, schedule).
		Scan(&w.Cursor, &w.Meaning, &w.Population, &w.Complete, &w.Begun, &at)
	if err == sql.ErrNoRows {
		return w, nil
	}
	w.At = instant(at)
	return w, s.explain(err)
}

// Firings lists firings.
func (s *Store) Firings(ctx context.Context, f state.FiringFilter) ([]state.Firing, error) {
	var w where
	if len(f.IDs) > 0 {
		w.add("id IN (SELECT value FROM json_each(?))", jsonList(f.IDs))
	}
	if f.Rule != "" {
		w.add("rule = ?", f.Rule)
	}
	if f.Source != "" {
		w.add("source = ?", f.Source)
	}
	if f.Status != "" {
		w.add("status = ?", string(f.Status))
	}
	if f.Kind != "" {
		w.add("kind = ?", string(f.Kind))
	}
	order := "seq"
	if f.Newest {
		order = "seq DESC"
	}
	if f.After > 0 {
		w.add("seq > ?", f.After)
	}
	return gather(ctx, s, "SELECT seq, id, rule, source, run, kind, status, at, of, why, data, progress FROM firing"+w.String()+
		" ORDER BY "+order+" LIMIT ?", append(w.args, limit(f.Limit)), func(rows *sql.Rows) (state.Firing, error) {
		var x state.Firing
		var at int64
		err := rows.Scan(&x.Seq, &x.ID, &x.Rule, &x.Source, &x.Run, &x.Kind, &x.Status, &at, &x.Of, &x.Why, &x.Data, &x.Progress)
		x.At = instant(at)
		return x, err
	})
}

// Unfinished counts the firings that are neither done nor dropped.
func (s *Store) Unfinished(ctx context.Context) (map[string]int, error) {
	return s.countByRule(ctx, "SELECT rule, count(*) FROM firing WHERE status NOT IN ('done', 'dropped') GROUP BY rule")
}

// MoveFirings gives firings another status.
func (s *Store) MoveFirings(ctx context.Context, rule string, from, to state.FiringStatus) (n int, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "UPDATE firing SET status = ?, why = '' WHERE rule = ? AND status = ?", string(to), rule, string(from))
		if err != nil {
			return err
		}
		moved, err := done.RowsAffected()
		n = int(moved)
		return err
	})
	return n, err
}

// PruneFirings forgets old firings.
func (s *Store) PruneFirings(ctx context.Context, rule string, before time.Time) error {
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 {
		return s.explain(err)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
DELETE FROM firing WHERE rule = ? AND status IN ('done', 'dropped') AND at < ? AND NOT EXISTS (
	SELECT 1 FROM edge e WHERE e.rule = ? AND e.source = firing.source AND e.flags & 3 = ? AND e.fired_at = firing.at)`,
			rule, before.UnixMicro(), id, int64(state.EdgeFired))
		return err
	})
}

// Series finds the samples of many records with one query.
func (s *Store) Series(ctx context.Context, track string, sources []string) ([][]byte, error) {
	out := make([][]byte, len(sources))
	id, err := s.ruleID(ctx, track)
	if err != nil || id == 0 || len(sources) == 0 {
		return out, s.explain(err)
	}
	rows, err := s.read.QueryContext(ctx, `
SELECT j.key, x.data FROM json_each(?) j CROSS JOIN series x ON x.rule = ? AND x.source = j.value`, jsonList(sources), id)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		var data []byte
		if err := rows.Scan(&i, &data); err != nil {
			return nil, s.explain(err)
		}
		out[i] = data
	}
	return out, s.explain(rows.Err())
}

// PruneSeries forgets records that were not sampled for long.
func (s *Store) PruneSeries(ctx context.Context, track string, before int64) error {
	id, err := s.ruleID(ctx, track)
	if err != nil || id == 0 {
		return s.explain(err)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM series WHERE rule = ? AND last < ?", id, before)
		return err
	})
}

// putTrigger stores the part of an outcome that is of triggers and tracks.
func (s *Store) putTrigger(ctx context.Context, tx *sql.Tx, o state.Outcome) error {
	if len(o.Edges) > 0 || len(o.Series) > 0 || o.Recording != nil {
		id, err := s.makeRule(ctx, tx, o.Rule)
		if err != nil {
			return err
		}
		if err := putEdges(ctx, tx, id, o.Edges); err != nil {
			return err
		}
		if err := putSeries(ctx, tx, id, o.Series); err != nil {
			return err
		}
		if err := putPast(ctx, tx, id, o.Past, o.Recording); err != nil {
			return err
		}
	}
	if err := putFirings(ctx, tx, o.Firings); err != nil || o.Watch == nil {
		return err
	}
	w := o.Watch
	_, err := tx.ExecContext(ctx, `
INSERT INTO watch (rule, schedule, cursor, meaning, population, complete, begun, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (rule, schedule) DO UPDATE SET cursor = excluded.cursor, meaning = excluded.meaning, population = excluded.population,
	complete = excluded.complete, begun = excluded.begun, at = excluded.at`,
		w.Rule, w.Schedule, w.Cursor, w.Meaning, w.Population, w.Complete, w.Begun, micros(w.At))
	return err
}

func putEdges(ctx context.Context, tx *sql.Tx, rule int64, edges []state.Edge) error {
	if len(edges) == 0 {
		return nil
	}
	put, err := tx.PrepareContext(ctx, `
INSERT INTO edge (rule, source, flags, meaning, fired_at, since, look, hash, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (rule, source) DO UPDATE SET flags = excluded.flags, meaning = excluded.meaning, fired_at = excluded.fired_at,
	since = excluded.since, look = excluded.look, hash = excluded.hash, fields = excluded.fields`)
	if err != nil {
		return err
	}
	defer put.Close()
	order := make([]int, len(edges))
	for i := range order {
		order[i] = i
	}
	// Neighbours in the file follow each other, for the page cache's sake.
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(edges[a].Source, edges[b].Source) })
	for _, i := range order {
		e := &edges[i]
		flags := int64(e.State)
		if e.Outside {
			flags |= edgeOutside
		}
		if e.Gone {
			flags |= edgeGone
		}
		if _, err := put.ExecContext(ctx, rule, e.Source, flags, e.Meaning, micros(e.FiredAt), micros(e.Since), micros(e.Look),
			int64(e.Hash), e.Fields); err != nil {
			return err
		}
	}
	return nil
}

func putFirings(ctx context.Context, tx *sql.Tx, firings []state.Firing) error {
	if len(firings) == 0 {
		return nil
	}
	put, err := tx.PrepareContext(ctx, `
INSERT INTO firing (id, rule, source, run, kind, status, at, of, why, data, progress) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, why = excluded.why, data = excluded.data, progress = excluded.progress`)
	if err != nil {
		return err
	}
	defer put.Close()
	for i := range firings {
		f := &firings[i]
		if _, err := put.ExecContext(ctx, f.ID, f.Rule, f.Source, f.Run, string(f.Kind), string(f.Status), micros(f.At), f.Of, f.Why,
			f.Data, f.Progress); err != nil {
			return err
		}
	}
	return nil
}

func putSeries(ctx context.Context, tx *sql.Tx, rule int64, series []state.Series) error {
	if len(series) == 0 {
		return nil
	}
	put, err := tx.PrepareContext(ctx, `
INSERT INTO series (rule, source, last, data) VALUES (?, ?, ?, ?)
ON CONFLICT (rule, source) DO UPDATE SET last = excluded.last, data = excluded.data`)
	if err != nil {
		return err
	}
	defer put.Close()
	for _, x := range series {
		if _, err := put.ExecContext(ctx, rule, x.Source, x.Last, x.Data); err != nil {
			return err
		}
	}
	return nil
}

// gather reads all rows of a query with arguments.
func gather[T any](ctx context.Context, s *Store, query string, args []any, scan func(*sql.Rows) (T, error)) ([]T, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, s.explain(err)
		}
		out = append(out, v)
	}
	return out, s.explain(rows.Err())
}
