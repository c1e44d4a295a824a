package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// Write changes records in one transaction. One that the database refuses has its own error, and the others are written.
func (c *connection) Write(ctx context.Context, w connectors.Write) ([]connectors.Result, error) {
	if len(w.Records) == 0 {
		return nil, nil
	}
	t, err := c.lookup(ctx, w.Object.Name)
	if err != nil {
		return nil, err
	}
	j := &job{c: c, t: t, w: w, results: make([]connectors.Result, len(w.Records))}
	if err := j.prepare(); err != nil {
		return nil, err
	}
	connectors.CountCall(ctx)
	tx, err := c.begin(ctx)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	defer func() { _ = tx.Rollback() }()
	j.tx = tx
	for _, run := range j.runs() {
		if err := j.run(ctx, run); err != nil {
			return nil, c.failed(ctx, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, c.doubtful(ctx, err)
	}
	return j.results, nil
}

// failed is an error before the commit: nothing was written.
func (c *connection) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return c.fail(err)
}

// doubtful is an error of the commit. Where the database answered, nothing was written; where it did not, nobody knows.
func (c *connection) doubtful(ctx context.Context, err error) error {
	e := *c.fail(err)
	if e.Code == "" {
		e.Class = connectors.InDoubt
		if ctx.Err() != nil {
			e.Err = ctx.Err()
		}
	}
	return &e
}

// job is one call of Write.
type job struct {
	c       *connection
	t       *table
	w       connectors.Write
	by      *column // what identifies the records of an update, delete or upsert
	tx      *txn
	rows    []row
	results []connectors.Result
}

// row is a record to be written.
type row struct {
	index int // in the call
	key   string
	cols  []*column
	vals  []value.Value
}

// prepare resolves fields and keys before anything is sent.
func (j *job) prepare() error {
	t := j.t
	if t.target == "" || t.view {
		return &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%s is a query or view and cannot be written", t.object.Name)}
	}
	if j.by = t.single(); j.w.Op == connectors.Upsert {
		if j.by = t.column(j.w.Key); j.by == nil || !j.by.Unique {
			return &connectors.Error{Class: connectors.Permanent, Fields: []string{j.w.Key},
				Message: fmt.Sprintf("%s has no unique column %q to upsert by", t.object.Name, j.w.Key), Hint: "make a unique index on it"}
		}
	}
	if j.by == nil && j.w.Op != connectors.Create {
		return &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("%s has no key of one column; its records can only be created", t.object.Name),
			Hint: "name a unique column as key in its object block"}
	}
	for i, r := range j.w.Records {
		row, err := j.row(i, r)
		if err != nil {
			return err
		}
		if j.w.Op != connectors.Create && row.key == "" {
			j.results[i].Err = &connectors.Error{Class: connectors.Reject, Fields: []string{j.by.Name}, Message: fmt.Sprintf("the key %s is empty", j.by.Name)}
			continue
		}
		j.rows = append(j.rows, row)
	}
	return nil
}

// row resolves the fields of a record. A null that a text column does not take is an empty text there.
func (j *job) row(i int, r connectors.Record) (row, error) {
	out := row{index: i, key: r.ID, cols: make([]*column, 0, len(r.Fields)), vals: make([]value.Value, 0, len(r.Fields))}
	for _, f := range r.Fields {
		c := j.t.column(f.Name)
		if c == nil {
			return out, &connectors.Error{Class: connectors.Permanent, Fields: []string{f.Name},
				Message: fmt.Sprintf("%s has no column %q", j.t.object.Name, f.Name)}
		}
		v := f.Value
		if v.IsNull() && c.emptyText() {
			v = value.Text("")
		}
		if j.w.Op == connectors.Upsert && c == j.by {
			out.key = v.String()
		}
		out.cols, out.vals = append(out.cols, c), append(out.vals, v)
	}
	return out, nil
}

// runs splits the records where one comes again: in one statement the order of two changes of a record would be lost.
func (j *job) runs() [][]row {
	var out [][]row
	seen := map[string]bool{}
	start := 0
	for i, r := range j.rows {
		if r.key != "" && seen[r.key] {
			out = append(out, j.rows[start:i])
			start = i
			clear(seen)
		}
		seen[r.key] = true
	}
	return append(out, j.rows[start:])
}

// run writes records of different keys.
func (j *job) run(ctx context.Context, rows []row) error {
	switch j.w.Op {
	case connectors.Create:
		return j.each(ctx, rows, statementRows, j.insert)
	case connectors.Update:
		return j.each(ctx, rows, statementRows, j.update)
	case connectors.Delete:
		return j.each(ctx, rows, statementRows, j.remove)
	}
	return j.upsert(ctx, rows)
}

// statementRows is the most rows of one statement.
const statementRows = 500

// each groups the rows by the columns they set, as a statement has one list of them, and writes group by group.
func (j *job) each(ctx context.Context, rows []row, size int, write func(context.Context, []row) error) error {
	groups := map[string][]row{}
	var order []string
	for _, r := range rows {
		var b strings.Builder
		for _, c := range r.cols {
			b.WriteString(c.db)
			b.WriteByte(0)
		}
		sig := b.String()
		if groups[sig] == nil {
			order = append(order, sig)
		}
		groups[sig] = append(groups[sig], r)
	}
	if !j.c.d.multi() {
		size = 1
	}
	for _, sig := range order {
		for chunk := range slices.Chunk(groups[sig], size) {
			if err := j.attempt(ctx, chunk, write); err != nil {
				return err
			}
		}
	}
	return nil
}

// attempt writes rows by one statement. When the database refuses it, halves are tried, down to the row that is to blame.
func (j *job) attempt(ctx context.Context, rows []row, write func(context.Context, []row) error) error {
	if j.c.d.savepoints() {
		if _, err := j.tx.ExecContext(ctx, "SAVEPOINT attempt"); err != nil {
			return err
		}
	}
	err := write(ctx, rows)
	if err == nil {
		if j.c.d.savepoints() {
			_, err = j.tx.ExecContext(ctx, "RELEASE SAVEPOINT attempt")
		}
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := j.c.fail(err)
	if e.Class != connectors.Reject {
		return e
	}
	if j.c.d.savepoints() {
		if _, err := j.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT attempt"); err != nil {
			return err
		}
	}
	if len(rows) == 1 {
		j.results[rows[0].index].Err = e
		return nil
	}
	half := len(rows) / 2
	return errors.Join(j.attempt(ctx, rows[:half], write), j.attempt(ctx, rows[half:], write))
}

func (j *job) values(rows []row) [][]value.Value {
	out := make([][]value.Value, len(rows))
	for i, r := range rows {
		out[i] = r.vals
	}
	return out
}

func (j *job) keys(rows []row) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.key
	}
	return out
}

// insert creates rows. Text columns that may not be null and have no default are empty where the record does not set them.
func (j *job) insert(ctx context.Context, rows []row) error {
	cols, vals := rows[0].cols, j.values(rows)
	for _, c := range j.t.cols {
		if c.emptyText() && !c.hasDefault && !c.Computed && !hasColumn(cols, c) {
			cols = append(slices.Clip(cols), c)
			for i := range vals {
				vals[i] = append(slices.Clip(vals[i]), value.Text(""))
			}
		}
	}
	ids, err := j.c.d.insert(ctx, j.tx, j.t, cols, vals)
	if err != nil {
		return err
	}
	key := j.t.single()
	for i, r := range rows {
		res := &j.results[r.index]
		res.Created = j.w.Op == connectors.Upsert
		switch {
		case ids != nil:
			res.ID = ids[i]
		case key != nil:
			res.ID = vals[i][slices.Index(cols, key)].String()
		}
	}
	return nil
}

// update changes rows; those that are not there are gone.
func (j *job) update(ctx context.Context, rows []row) error {
	if len(rows[0].cols) == 0 {
		for _, r := range rows {
			j.results[r.index].ID = r.key
		}
		return nil
	}
	found, err := j.c.d.update(ctx, j.tx, j.t, j.by, j.keys(rows), rows[0].cols, j.values(rows))
	if err != nil {
		return err
	}
	j.told(rows, found)
	return nil
}

func (j *job) remove(ctx context.Context, rows []row) error {
	found, err := j.c.d.remove(ctx, j.tx, j.t, j.by, j.keys(rows))
	if err != nil {
		return err
	}
	j.told(rows, found)
	return nil
}

func (j *job) told(rows []row, found []bool) {
	for i, r := range rows {
		res := &j.results[r.index]
		if res.ID == "" {
			res.ID = r.key
		}
		if !found[i] {
			res.Err = &connectors.Error{Class: connectors.Gone, Message: fmt.Sprintf("%s has no record with %s %q", j.t.object.Name, j.by.Name, r.key)}
		}
	}
}

// upsert asks which records are there, under a lock, and updates those and creates the others: so that a record that
// meets another one in a different unique column is refused, and not written over that one.
func (j *job) upsert(ctx context.Context, rows []row) error {
	var there map[string]string
	for chunk := range slices.Chunk(rows, statementRows) {
		found, err := j.existing(ctx, chunk)
		if err != nil {
			return err
		}
		if there == nil {
			there = found
		}
		for k, id := range found {
			there[k] = id
		}
	}
	var old, fresh []row
	for _, r := range rows {
		id, ok := there[r.key]
		if !ok {
			fresh = append(fresh, r)
			continue
		}
		j.results[r.index].ID = id
		i := slices.Index(r.cols, j.by)
		r.cols, r.vals = slices.Delete(slices.Clone(r.cols), i, i+1), slices.Delete(slices.Clone(r.vals), i, i+1)
		old = append(old, r)
	}
	if err := j.each(ctx, old, statementRows, func(ctx context.Context, rows []row) error {
		if len(rows[0].cols) == 0 {
			return nil
		}
		return j.update(ctx, rows)
	}); err != nil {
		return err
	}
	return j.each(ctx, fresh, statementRows, j.insert)
}

// existing gives the ids of the records that have one of the keys, by key.
func (j *job) existing(ctx context.Context, rows []row) (map[string]string, error) {
	d, b := j.c.d, &builder{d: j.c.d}
	values := make([]value.Value, 0, len(rows))
	for _, r := range rows {
		values = append(values, r.vals[slices.Index(r.cols, j.by)])
	}
	id := j.by
	if k := j.t.single(); k != nil {
		id = k
	}
	text := "SELECT " + d.position(j.by) + ", " + d.position(id) + " FROM " + j.t.target + " WHERE " +
		d.list(b, j.by, d.text(j.by), values) + d.lockClause()
	result, err := j.tx.QueryContext(ctx, text, b.args...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	out := map[string]string{}
	for result.Next() {
		var key, id any
		if err := result.Scan(&key, &id); err != nil {
			return nil, err
		}
		out[idText(key)] = idText(id)
	}
	return out, result.Err()
}
