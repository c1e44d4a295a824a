package check

import (
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/syntax"
)

// Check holds a module against its inputs. The program is never nil; rules with errors are in it with Failed set.
func Check(m *resolve.Module, in Inputs) (*Program, diag.List) {
	for _, c := range in.Catalogs {
		indexCatalog(c)
	}
	c := &checker{module: m, in: in, program: &Program{Module: m, Inputs: in}, reported: map[string]bool{}}
	c.variables()
	c.tables()
	c.connections()
	c.recall()
	defer c.memory.leave()
	for _, s := range m.Syncs {
		c.program.Syncs = append(c.program.Syncs, remembered(c, s.Range, s.Name, waits(s.After, s.Requires), func() *Sync { return c.sync(s) }))
	}
	for _, t := range m.Tracks {
		c.program.Tracks = append(c.program.Tracks, remembered(c, t.Range, t.Name, nil, func() *Track { return c.track(t) }))
	}
	for _, t := range m.Triggers {
		c.program.Triggers = append(c.program.Triggers, remembered(c, t.Range, t.Name, c.standsOn(t), func() *Trigger { return c.trigger(t) }))
	}
	for _, a := range m.Alerts {
		c.program.Alerts = append(c.program.Alerts, c.alert(a))
	}
	c.crossRules()
	c.used()
	c.diags = append(c.diags, resolve.Unused(m)...)
	c.diags.Sort()
	return c.program, c.diags.Compact()
}

// indexCatalog prepares catalogs that were made by hand; those from connectors and lock files are ready.
func indexCatalog(c *schema.Catalog) {
	if c == nil {
		return
	}
	for _, o := range c.Objects {
		o.Field(o.Key)
	}
}

// checker carries what checks share. It serves one Check.
type checker struct {
	module  *resolve.Module
	in      Inputs
	program *Program
	diags   diag.List
	// reported holds what is said once for the project, not once for each rule.
	reported map[string]bool
	// memory is that of the checks before; nil: there is none.
	memory *recalled
	// failed is the flag of the rule being checked, nil between rules.
	failed *bool
}

// report adds a diagnostic; an error fails the current rule.
func (c *checker) report(d *diag.Diagnostic) {
	if d.Severity == diag.Error {
		c.fail()
	}
	c.diags = append(c.diags, d)
}

// crossRules runs the checks that need all rules.
func (c *checker) crossRules() {
	c.ownership()
	c.writtenBack()
	c.feedback()
	c.coverage()
	c.order()
	c.forecast()
}

// fail marks the rule as not to be planned for something that is reported elsewhere.
func (c *checker) fail() {
	if c.failed != nil {
		*c.failed = true
	}
}

// attrText is the plain text of an attribute's value, false for another form.
func attrText(v syntax.Value) (string, bool) {
	q, ok := v.(*syntax.Quoted)
	if !ok {
		return "", false
	}
	return q.Text, true
}
