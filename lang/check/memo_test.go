package check

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// scopeOf is a scope of which each part can be edited before its key is made.
type scopeOf struct {
	scope  expr.Scope
	tables []*expr.Table
	vars   []expr.Var
}

func (s *scopeOf) key() string {
	c := &checker{program: &Program{Tables: s.tables, Vars: s.vars}}
	s.scope.Tables, s.scope.Vars = s.tables, s.vars
	return c.scopeKey(expr.NewEnv(s.scope))
}

// Whatever of a scope can change what an expression means, or what is said of it, tells its keys apart: what the key left out
// would make an edit go unseen by a server.
func TestEveryPartOfAScopeIsInItsKey(t *testing.T) {
	file := span.NewFile("a.sync.hcl", []byte("0123456789"))
	object, catalog, given := &schema.Object{Name: "Company"}, &schema.Catalog{}, &expr.Checked{}
	text := value.Text("d")
	fresh := func() *scopeOf {
		return &scopeOf{
			scope: expr.Scope{
				Roots:  []expr.Root{{Name: "source", Object: object, Catalog: catalog}},
				Tracks: []expr.Track{{Name: "dau", Type: expr.Type{Kind: value.KindFloat}, Days: 90}},
				Each:   &expr.Each{Key: "emea", Value: value.Text("EMEA")},
				Zone:   time.UTC, Given: []*expr.Checked{given}, Hints: map[string]string{"new": "source"},
			},
			tables: []*expr.Table{{Name: "tier", Rows: map[string]value.Value{"A": value.Text("B")}, Keys: []string{"A"}}},
			vars:   []expr.Var{{Name: "suffix", Value: value.Text("x")}},
		}
	}
	berlin := time.FixedZone("Berlin", 3600)
	place := span.Range{File: file, Start: 1, End: 2}
	edits := map[string]func(*scopeOf){
		"Scope.Roots":      func(s *scopeOf) { s.scope.Roots = append(s.scope.Roots, expr.Root{Name: "it", Object: object}) },
		"Scope.Tables":     func(s *scopeOf) { s.tables = nil },
		"Scope.Vars":       func(s *scopeOf) { s.vars = nil },
		"Scope.Tracks":     func(s *scopeOf) { s.scope.Tracks = nil },
		"Scope.Each":       func(s *scopeOf) { s.scope.Each = nil },
		"Scope.Zone":       func(s *scopeOf) { s.scope.Zone = berlin },
		"Scope.Given":      func(s *scopeOf) { s.scope.Given = []*expr.Checked{{Source: expr.Source{Path: []string{"x"}}}} },
		"Scope.Hints":      func(s *scopeOf) { s.scope.Hints = map[string]string{"new": "target"} },
		"Root.Name":        func(s *scopeOf) { s.scope.Roots[0].Name = "new" },
		"Root.Object":      func(s *scopeOf) { s.scope.Roots[0].Object = &schema.Object{Name: "Company"} },
		"Root.Catalog":     func(s *scopeOf) { s.scope.Roots[0].Catalog = &schema.Catalog{Group: 1} },
		"Root.Optional":    func(s *scopeOf) { s.scope.Roots[0].Optional = true },
		"Root.Range":       func(s *scopeOf) { s.scope.Roots[0].Range = place },
		"Table.Name":       func(s *scopeOf) { s.tables[0].Name = "tiers" },
		"Table.Rows":       func(s *scopeOf) { s.tables[0].Rows["A"] = value.Text("C") },
		"Table.Keys":       func(s *scopeOf) { s.tables[0].Keys, s.tables[0].Rows["B"] = []string{"A", "B"}, value.Null },
		"Table.Default":    func(s *scopeOf) { s.tables[0].Default = &text },
		"Table.IgnoreCase": func(s *scopeOf) { s.tables[0].IgnoreCase = true },
		"Table.Range":      func(s *scopeOf) { s.tables[0].Range = place },
		"Table.Lost":       func(s *scopeOf) { s.tables[0].Lost = true },
		"Var.Name":         func(s *scopeOf) { s.vars[0].Name = "prefix" },
		"Var.Value":        func(s *scopeOf) { s.vars[0].Value = value.Text("y") },
		"Var.Range":        func(s *scopeOf) { s.vars[0].Range = place },
		"Var.Unset":        func(s *scopeOf) { s.vars[0].Unset = true },
		"Track.Name":       func(s *scopeOf) { s.scope.Tracks[0].Name = "wau" },
		"Track.Type":       func(s *scopeOf) { s.scope.Tracks[0].Type.Kind = value.KindInt },
		"Track.Days":       func(s *scopeOf) { s.scope.Tracks[0].Days = 30 },
		"Track.Range":      func(s *scopeOf) { s.scope.Tracks[0].Range = place },
		"Each.Key":         func(s *scopeOf) { s.scope.Each.Key = "apac" },
		"Each.Value":       func(s *scopeOf) { s.scope.Each.Value = value.Text("APAC") },
	}
	base := fresh().key()
	if again := fresh().key(); again != base {
		t.Fatalf("the same scope has two keys:\n%s\n%s", base, again)
	}
	for name, edit := range edits {
		s := fresh()
		edit(s)
		if s.key() == base {
			t.Errorf("%s is not in the key", name)
		}
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[expr.Scope](), reflect.TypeFor[expr.Root](), reflect.TypeFor[expr.Table](), reflect.TypeFor[expr.Var](),
		reflect.TypeFor[expr.Track](), reflect.TypeFor[expr.Each]()} {
		for i := range typ.NumField() {
			if name := typ.Name() + "." + typ.Field(i).Name; edits[name] == nil {
				t.Errorf("%s is new: take it into the key, and edit it here", name)
			}
		}
	}
	var want []string
	for i := range reflect.TypeFor[expr.Want]().NumField() {
		want = append(want, reflect.TypeFor[expr.Want]().Field(i).Name)
	}
	if !slices.Equal(want, []string{"Condition", "Field"}) {
		t.Errorf("expr.Want is %v: memoKey has to hold all of it", want)
	}
}
