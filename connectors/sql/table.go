package sql

import (
	"strings"

	"github.com/syncline/syncline/lang/schema"
)

// column is a column of a table or query.
type column struct {
	*schema.Field
	// db is its name in the database; typ its type there, as a cast takes it, in lower case.
	db, typ string
	// notNull, hasDefault, generated and pk are as in the catalog.
	notNull, hasDefault, generated bool
	// inexact: the database compares it with another precision than it shows it in.
	inexact bool
	pk      int // place in the primary key, from 1; 0: not in it
}

// as is the column with the kind that the plan knows it by: ours was told from a sample, or the table was altered since.
func (c *column) as(plan *schema.Object) *column {
	if c == nil {
		return nil
	}
	known := plan.Field(c.Name)
	if known == nil || known.Kind == c.Kind {
		return c
	}
	planned := *c
	planned.Field = known
	return &planned
}

// is tells whether the type is one of these.
func (c *column) is(types ...string) bool {
	for _, t := range types {
		if c.typ == t {
			return true
		}
	}
	return false
}

// table is an object with what its statements need.
type table struct {
	object *schema.Object
	// from is what stands after FROM; target the table's own name, "" of a query or view.
	from, target string
	cols         []*column
	byName       map[string]*column
	// key identifies records: the declared key, the primary key, or none. unique tells that the database vouches for it.
	key []*column
	// rowid: pages go along SQLite's rowid.
	rowid    *column
	modified *column
	view     bool
	count    int64
	// denied is what this user may not do.
	denied struct{ insert, update, remove bool }
}

// column finds a column by field name, nil when there is none.
func (t *table) column(name string) *column { return t.byName[name] }

// single is the only key column, nil where there is none or several.
func (t *table) single() *column {
	if len(t.key) == 1 {
		return t.key[0]
	}
	return nil
}

// newTable puts columns together. Fields are filled in by the dialect as far as it knows them.
func newTable(name, from, target string, cols []*column) *table {
	t := &table{from: from, target: target, cols: cols, byName: map[string]*column{}}
	t.object = &schema.Object{Name: name}
	for _, c := range cols {
		t.byName[c.Name] = c
		t.object.Fields = append(t.object.Fields, c.Field)
		if c.pk > 0 {
			t.key = append(t.key, c)
		}
	}
	// Several columns of a primary key in their order.
	for i := range t.key {
		for j := i; j > 0 && t.key[j].pk < t.key[j-1].pk; j-- {
			t.key[j], t.key[j-1] = t.key[j-1], t.key[j]
		}
	}
	return t
}

// finish derives what follows from the columns: key, permissions of fields, what an empty text means.
func (t *table) finish() {
	o := t.object
	if k := t.single(); k != nil {
		o.Key = k.Name
		k.Unique = true
	}
	writeable := t.target != "" && !t.view
	o.Createable = writeable && !t.denied.insert
	o.Updateable = writeable && !t.denied.update && o.Key != ""
	o.Deletable = writeable && !t.denied.remove && o.Key != ""
	for _, c := range t.cols {
		c.Computed = c.Computed || c.generated
		c.Createable, c.Updateable = o.Createable && !c.Computed, o.Updateable && !c.Computed
		// A text that may not be null is empty instead, and an empty text is null here.
		c.Nullable = !c.notNull || c.IsTextual() && !c.Unique
		c.Required = c.notNull && !c.hasDefault && !c.Computed
		c.UpsertKey = writeable && c.Unique && !c.Computed
		c.Filterable = c.Kind != schema.Any && c.Kind != schema.MultiPicklist && !c.inexact
		c.Sortable = c.Filterable
	}
	o.Count = t.count
	if t.modified != nil {
		o.Modified = t.modified.Name
	}
	o.Index()
}

// IsTextual tells whether an empty text in the column reads as null.
func (c *column) IsTextual() bool { return c.Kind.IsText() || c.Kind == schema.Any }

// emptyText tells whether a null is written as an empty text.
func (c *column) emptyText() bool {
	return c.notNull && c.Kind == schema.Text && !c.Unique && c.pk == 0 && !c.is("uuid", "inet", "cidr", "macaddr")
}

// base is a type without its arguments: "numeric" of "numeric(10,2)".
func base(typ string) string {
	if i := strings.IndexByte(typ, '('); i >= 0 {
		rest := ""
		if j := strings.IndexByte(typ, ')'); j > i {
			rest = typ[j+1:]
		}
		typ = typ[:i] + rest
	}
	return strings.TrimSpace(typ)
}

// cutSchema splits "sales.company".
func cutSchema(name string) (schemaName, tableName string) {
	if s, t, ok := strings.Cut(name, "."); ok {
		return s, t
	}
	return "", name
}
