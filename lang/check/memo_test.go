package check

import (
	"reflect"
	"testing"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// surroundings are what rules can see, of which each part can be edited before it is compared.
type surroundings struct {
	in          Inputs
	connections []*resolve.Connection
	tables      []*expr.Table
	vars        []expr.Var
}

func (s *surroundings) around() around {
	c := &checker{in: s.in, module: &resolve.Module{Connections: s.connections}, program: &Program{Tables: s.tables, Vars: s.vars}}
	return c.around()
}

// Whatever a rule can see can change what it means, or what is said of it: what is not compared would make an edit go
// unseen by a server.
func TestEverythingAroundARuleIsCompared(t *testing.T) {
	file, again := span.NewFile("a.sync.hcl", []byte("0123456789")), span.NewFile("a.sync.hcl", []byte("0123456789"))
	catalog, sending, text := &schema.Catalog{}, &schema.Sending{}, value.Text("d")
	fresh := func() *surroundings {
		return &surroundings{
			in:          Inputs{Catalogs: map[string]*schema.Catalog{"crm": catalog}, Systems: map[string]schema.System{"smtp": {Send: sending}}},
			connections: []*resolve.Connection{{Name: "crm", Range: span.Range{File: file, Start: 1, End: 2}}},
			tables:      []*expr.Table{{Name: "tier", Rows: map[string]value.Value{"A": value.Text("B")}, Keys: []string{"A"}}},
			vars:        []expr.Var{{Name: "suffix", Value: value.Text("x")}},
		}
	}
	place := span.Range{File: file, Start: 3, End: 4}
	edits := map[string]func(*surroundings){
		"Inputs.Catalogs":  func(s *surroundings) { s.in.Catalogs = map[string]*schema.Catalog{"crm": {}} },
		"no catalog":       func(s *surroundings) { s.in.Catalogs = nil },
		"Inputs.Systems":   func(s *surroundings) { s.in.Systems = map[string]schema.System{"smtp": {Send: &schema.Sending{}}} },
		"no system":        func(s *surroundings) { s.in.Systems = nil },
		"Inputs.Vars":      func(s *surroundings) { s.vars[0].Value = value.Text("z") }, // a value that is given becomes that of the variable
		"no variable":      func(s *surroundings) { s.vars = nil },
		"connection":       func(s *surroundings) { s.connections[0].Range.End++ },
		"its file":         func(s *surroundings) { s.connections[0].Range.File = again },
		"no connection":    func(s *surroundings) { s.connections = nil },
		"Table.Name":       func(s *surroundings) { s.tables[0].Name = "tiers" },
		"Table.Rows":       func(s *surroundings) { s.tables[0].Rows["A"] = value.Text("C") },
		"Table.Keys":       func(s *surroundings) { s.tables[0].Keys, s.tables[0].Rows["B"] = []string{"A", "B"}, value.Null },
		"Table.Default":    func(s *surroundings) { s.tables[0].Default = &text },
		"Table.IgnoreCase": func(s *surroundings) { s.tables[0].IgnoreCase = true },
		"Table.Range":      func(s *surroundings) { s.tables[0].Range = place },
		"Table.Lost":       func(s *surroundings) { s.tables[0].Lost = true },
		"no table":         func(s *surroundings) { s.tables = nil },
		"Var.Name":         func(s *surroundings) { s.vars[0].Name = "prefix" },
		"Var.Value":        func(s *surroundings) { s.vars[0].Value = value.Text("y") },
		"Var.Range":        func(s *surroundings) { s.vars[0].Range = place },
		"Var.Unset":        func(s *surroundings) { s.vars[0].Unset = true },
	}
	base := fresh().around()
	if !fresh().around().equal(base) {
		t.Fatal("the same is not equal")
	}
	for name, edit := range edits {
		s := fresh()
		edit(s)
		if s.around().equal(base) {
			t.Errorf("%s is not compared", name)
		}
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[Inputs](), reflect.TypeFor[expr.Table](), reflect.TypeFor[expr.Var]()} {
		for i := range typ.NumField() {
			if name := typ.Name() + "." + typ.Field(i).Name; edits[name] == nil && name != "Inputs.Memo" {
				t.Errorf("%s is new: compare it, and edit it here", name)
			}
		}
	}
}
