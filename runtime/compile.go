package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
)

// Compiled is a project after compilation. It must not be run when the diagnostics hold errors.
type Compiled struct {
	Set         *plan.Set
	Diagnostics diag.List
	// Catalogs are the schemas it was checked against.
	Catalogs map[string]*schema.Catalog

	known known // for a server
}

// Compile reads, checks and plans the project. An error says that it could not be checked at all: no files, a lock
// file that cannot be read, a system that cannot be reached (Unreachable) and no lock file to stand in.
func (r *Runtime) Compile(ctx context.Context, mode SchemaMode) (*Compiled, error) {
	return r.compile(ctx, mode, true)
}

// Lint reads and checks the project as Compile does, for its diagnostics alone: there may be no Set.
func (r *Runtime) Lint(ctx context.Context, mode SchemaMode) (*Compiled, error) {
	return r.compile(ctx, mode, false)
}

func (r *Runtime) compile(ctx context.Context, mode SchemaMode, planned bool) (*Compiled, error) {
	files, err := ReadFiles(r.o.Dir)
	if err != nil {
		return nil, err
	}
	vars, err := r.readVars()
	if err != nil {
		return nil, err
	}
	sources := make([]lang.Source, len(files))
	for i, f := range files {
		sources[i] = lang.Source{Name: f.Name, Text: f.Src}
	}
	module, diags := lang.Load(sources)
	needs := func(have map[string]*schema.Catalog) map[string][]string { return lang.Needs(module, have) }
	conns := lang.Connections(module)
	catalogs, lock, notes, err := r.schemas(ctx, mode, conns, needs)
	if err != nil {
		if !diags.HasErrors() {
			return nil, err
		}
		// What is wrong in the files comes first: it may be why the system cannot be reached.
		return &Compiled{Set: &plan.Set{}, Diagnostics: diags, Catalogs: catalogs}, nil
	}
	in := lang.Inputs{Catalogs: catalogs, Systems: r.o.Registry.Systems(), Vars: r.variables(vars)}
	if diags = append(diags, notes...); !planned && lock == nil {
		// Only a drift from the lock file is told by what the plans use.
		diags = append(diags, lang.Check(module, in)...)
		diags.Sort()
		return &Compiled{Diagnostics: diags, Catalogs: catalogs}, nil
	}
	set, found := lang.Compile(module, in)
	diags = append(diags, found...)
	for _, c := range conns {
		if lock[c.Name] == nil || catalogs[c.Name] == nil {
			continue
		}
		if d := lang.Drift(set, c.Name, c.Range, schema.Diff(lock[c.Name], catalogs[c.Name])); d != nil {
			diags = append(diags, d)
		}
	}
	diags.Sort()
	return &Compiled{Set: set, Diagnostics: diags, Catalogs: catalogs}, nil
}

// Connections gives the connections that the project declares, for checking them one by one.
func (r *Runtime) Connections() ([]*plan.Connection, error) {
	files, err := ReadFiles(r.o.Dir)
	if err != nil {
		return nil, err
	}
	sources := make([]lang.Source, len(files))
	for i, f := range files {
		sources[i] = lang.Source{Name: f.Name, Text: f.Src}
	}
	module, diags := lang.Load(sources)
	conns := lang.Connections(module)
	if len(conns) == 0 && diags.HasErrors() {
		return nil, errors.New("the files cannot be read: `syncline lint` says what is wrong")
	}
	return conns, nil
}

// schemas gets the catalogs that a module needs, and the lock file's where it was read beside live ones. Notes are
// diagnostics on where they came from.
func (r *Runtime) schemas(ctx context.Context, mode SchemaMode, conns []*plan.Connection, needs func(map[string]*schema.Catalog) map[string][]string) (
	catalogs, lock map[string]*schema.Catalog, notes diag.List, err error) {
	if mode != SchemaLive {
		if lock, err = ReadLock(r.o.Dir); err != nil {
			return nil, nil, nil, err
		}
	}
	switch mode {
	case SchemaLock:
		if lock == nil && len(needs(nil)) > 0 {
			return nil, nil, nil, fmt.Errorf("there is no %s yet: `syncline schema pull` writes it", LockFile)
		}
		return lock, nil, nil, nil
	case SchemaAuto, SchemaLive:
	default:
		return nil, nil, nil, fmt.Errorf("--schema %s is not known: write auto, live or lock", mode)
	}
	d := r.newDescriber(conns)
	d.prev = lock
	for d.describe(ctx, needs(d.catalogs)) {
	}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(d.failed)) {
		err := d.failed[name]
		if catalog := lock[name]; catalog != nil {
			d.catalogs[name] = catalog
			notes = append(notes, lang.LockUsed(name, d.conns[name].Range, unlabelled(err, name)))
			continue
		}
		failed = append(failed, &Unreachable{name, err})
	}
	if len(failed) > 0 {
		return d.catalogs, nil, nil, errors.Join(failed...)
	}
	return d.catalogs, lock, notes, nil
}
