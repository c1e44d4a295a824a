package sql

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// connection is an open database.
type connection struct {
	d  dialect
	db *stdsql.DB // through database()
	// build makes the real database of which db is a likeness; nil when db is it.
	build    func(context.Context) (*stdsql.DB, error)
	likeness *stdsql.DB // once the real one is made
	dbs      sync.Mutex // of the three
	config   connectors.Config
	blocks   map[string]connectors.Object
	secrets  []string
	page     int
	overlap  time.Duration
	// batch is the most records of one Write, parallel the most calls at once.
	batch, parallel int

	mu     sync.Mutex
	tables map[string]*table
	closed sync.Once
	err    error
}

func newConnection(d dialect, db *stdsql.DB, c connectors.Config, secrets ...string) (*connection, error) {
	conn := &connection{d: d, db: db, config: c, blocks: map[string]connectors.Object{}, tables: map[string]*table{},
		page: 5000, overlap: time.Minute, batch: 1000, parallel: 4}
	for _, s := range secrets {
		if len(s) > 2 {
			conn.secrets = append(conn.secrets, s)
		}
	}
	if c.Concurrent > 0 {
		conn.parallel = c.Concurrent
	}
	conn.pool(db)
	if n := c.Settings["page"].AsFloat(); n >= 1 {
		conn.page = int(n)
	}
	if text := c.Settings.Text("overlap"); text != "" {
		var err error
		if conn.overlap, err = time.ParseDuration(text); err != nil || conn.overlap < 0 {
			return nil, setting("overlap", fmt.Sprintf("is %q; write a duration such as \"30s\" or \"5m\"", text))
		}
	}
	for _, o := range c.Objects {
		if o.Settings.Text("sql") != "" && o.Settings.Text("table") != "" {
			return nil, setting("object", fmt.Sprintf("%q has both sql and table; one of them says what it is", o.Name))
		}
		conn.blocks[o.Name] = o
	}
	return conn, nil
}

// pool says how many connections to the database there may be.
func (c *connection) pool(db *stdsql.DB) {
	// Far more than are used at once: a read without pages keeps its connection while the engine looks records up by others.
	db.SetMaxOpenConns(max(16, 4*c.parallel))
	db.SetMaxIdleConns(c.parallel + 2)
	db.SetConnMaxIdleTime(5 * time.Minute)
}

// setting is an error of a setting.
func setting(name, message string) *connectors.Error {
	return &connectors.Error{Class: connectors.Permanent, Message: name + " " + message}
}

// catalogTime is how long a database may take to say what it holds, where a person waits for it.
const catalogTime = 30 * time.Second

// patience bounds calls for which a person waits.
func patience(ctx context.Context) (context.Context, context.CancelFunc) {
	if !connectors.IsHasty(ctx) {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, catalogTime, errSilent)
}

var errSilent = errors.New("the database did not answer in time")

// failIn is fail for a call under patience.
func (c *connection) failIn(ctx context.Context, err error) *connectors.Error {
	if context.Cause(ctx) == errSilent {
		return &connectors.Error{Class: connectors.Retry, Message: fmt.Sprintf("the database did not answer within %v", catalogTime),
			Hint: "check its address, that it is up, and that no firewall is in between", Err: errSilent}
	}
	return c.fail(err)
}

func (c *connection) Objects(ctx context.Context) ([]connectors.ObjectInfo, error) {
	ctx, done := patience(ctx)
	defer done()
	connectors.CountCall(ctx)
	list, err := c.d.tables(ctx, c.database())
	if err != nil {
		return nil, c.failIn(ctx, err)
	}
	for name := range c.blocks {
		if !slices.ContainsFunc(list, func(o connectors.ObjectInfo) bool { return o.Name == name }) {
			list = append(list, connectors.ObjectInfo{Name: name})
		}
	}
	slices.SortFunc(list, func(a, b connectors.ObjectInfo) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func (c *connection) Describe(ctx context.Context, names []string, _ *schema.Catalog) (*schema.Catalog, error) {
	ctx, done := patience(ctx)
	defer done()
	catalog := &schema.Catalog{System: c.d.name(), Objects: map[string]*schema.Object{}, Group: schema.NoLimit, Filter: schema.FilterCaps{
		Compare: true, In: true, Null: true, Prefix: true, Substr: true, Or: true, Not: true}}
	for _, name := range names {
		connectors.CountCall(ctx)
		t, err := c.describe(ctx, name)
		if err != nil {
			return nil, c.failIn(ctx, err)
		}
		if t == nil {
			continue
		}
		catalog.Objects[name] = t.object
		c.mu.Lock()
		c.tables[name] = t
		c.mu.Unlock()
	}
	if len(names) > 0 {
		if list, err := c.Objects(ctx); err == nil {
			for _, o := range list {
				catalog.Names = append(catalog.Names, o.Name)
			}
		}
	}
	return catalog, nil
}

// describe gives an object, nil when there is none.
func (c *connection) describe(ctx context.Context, name string) (*table, error) {
	block := c.blocks[name]
	var t *table
	var err error
	if text := block.Settings.Text("sql"); text != "" {
		t, err = c.describeQuery(ctx, name, text)
	} else {
		in := block.Settings.Text("table")
		if in == "" {
			in = name
		}
		t, err = c.d.table(ctx, c.database(), in)
		if t == nil && err == nil && block.Name != "" {
			return nil, setting(fmt.Sprintf("object %q:", name), fmt.Sprintf("there is no table or view %q that this user can see", in))
		}
	}
	if t == nil || err != nil {
		return nil, err
	}
	t.object.Name = name
	if err := t.adjust(block); err != nil {
		return nil, err
	}
	t.finish()
	return t, nil
}

// describeQuery asks for the columns of a query.
func (c *connection) describeQuery(ctx context.Context, name, text string) (*table, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "; \n\t")
	// The line end keeps a comment at the end of the query from swallowing the bracket.
	from := "(" + text + "\n) AS " + c.d.quote("q")
	cols, err := c.d.query(ctx, c.database(), from)
	if err != nil {
		e := c.fail(err)
		if e.Class == connectors.Permanent || e.Class == connectors.Reject {
			return nil, &connectors.Error{Class: connectors.Permanent, Code: e.Code, Message: fmt.Sprintf("object %q: sql: %s", name, e.Message), Err: err}
		}
		return nil, e
	}
	return newTable(name, from, "", cols), nil
}

// adjust applies the object block: names and kinds of columns, key and modified.
func (t *table) adjust(block connectors.Object) error {
	for _, decl := range block.Columns {
		in := decl.From
		if in == "" {
			in = decl.Name
		}
		col := t.byName[in]
		if col == nil {
			return t.noColumn(block, "columns", in)
		}
		delete(t.byName, in)
		col.Name = decl.Name
		if decl.Kind != schema.Any {
			col.Kind = decl.Kind
		}
		if decl.Length > 0 {
			col.Length = decl.Length
		}
		t.byName[decl.Name] = col
	}
	if name := block.Settings.Text("key"); name != "" {
		col := t.byName[name]
		if col == nil {
			return t.noColumn(block, "key", name)
		}
		if t.single() != col {
			t.rowid = nil
		}
		t.key = []*column{col}
	}
	if name := block.Settings.Text("modified"); name != "" {
		col := t.byName[name]
		if col == nil {
			return t.noColumn(block, "modified", name)
		}
		switch col.Kind {
		case schema.DateTime, schema.Date, schema.Integer, schema.Text:
		default:
			return setting(fmt.Sprintf("object %q:", block.Name), fmt.Sprintf("modified = %q is a %s; it has to be a datetime, a date, a counter, or a text that grows with time", name, col.Kind))
		}
		t.modified = col
	}
	return nil
}

func (t *table) noColumn(block connectors.Object, what, name string) error {
	var names []string
	for _, c := range t.cols {
		names = append(names, c.Name)
	}
	return setting(fmt.Sprintf("object %q:", block.Name), fmt.Sprintf("%s names %q, which is no column; there are %s", what, name, strings.Join(names, ", ")))
}

// lookup gives an object for a read or write, described when it was not yet.
func (c *connection) lookup(ctx context.Context, name string) (*table, error) {
	c.mu.Lock()
	t := c.tables[name]
	c.mu.Unlock()
	if t != nil {
		return t, nil
	}
	t, err := c.describe(ctx, name)
	if err != nil {
		return nil, c.fail(err)
	}
	if t == nil {
		return nil, &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("there is no table or view %q that this user can see", name)}
	}
	c.mu.Lock()
	c.tables[name] = t
	c.mu.Unlock()
	return t, nil
}

func (c *connection) Limits() connectors.Limits {
	return connectors.Limits{Lookup: 1000, WriteBatch: c.batch, Parallel: c.parallel}
}

func (c *connection) Close() error {
	c.closed.Do(func() {
		c.dbs.Lock()
		defer c.dbs.Unlock()
		c.err = c.db.Close()
		if c.likeness != nil {
			c.err = errors.Join(c.err, c.likeness.Close())
		}
	})
	return c.err
}

// Check tells who we are and where.
func (c *connection) Check(ctx context.Context) (connectors.Report, error) {
	ctx, done := patience(ctx)
	defer done()
	connectors.CountCall(ctx)
	user, database, version, err := c.d.identity(ctx, c.database())
	if err != nil {
		return connectors.Report{}, c.failIn(ctx, err)
	}
	r := connectors.Report{User: user, Account: database, Version: version}
	if c.unbuilt() {
		r.Account = c.config.Settings.Text("path")
		r.Notes = append(r.Notes, "the database is not there yet; the first write makes it")
	}
	for name := range c.blocks {
		if _, err := c.describe(ctx, name); err != nil {
			r.Notes = append(r.Notes, c.fail(err).Error())
		}
	}
	return r, nil
}

// fail makes an *Error of any error, without secrets.
func (c *connection) fail(err error) *connectors.Error {
	if err == nil {
		return nil
	}
	var e *connectors.Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return &connectors.Error{Class: connectors.Retry, Message: err.Error(), Err: err}
		}
		e = c.d.classify(err)
	}
	for _, s := range c.secrets {
		if strings.Contains(e.Message, s) || e.Err != nil && strings.Contains(e.Err.Error(), s) {
			clean := *e
			clean.Message = strings.ReplaceAll(e.Message, s, "***")
			clean.Err = nil
			e = &clean
		}
	}
	return e
}
