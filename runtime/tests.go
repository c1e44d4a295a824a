package runtime

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/spectest"
	"github.com/syncline/syncline/lang/syntax"
)

// Tests are a project's tests, read and bound to its compiled rules. They must not be carried out when the diagnostics
// hold errors.
type Tests struct {
	Tests       []*spectest.Test
	Diagnostics diag.List
	// Sets are the project under "", and as compiled with the variables of a test, under its name.
	Sets     map[string]*plan.Set
	Catalogs map[string]*schema.Catalog
}

// ReadTests compiles the project against its lock file alone and reads its tests. Nothing is contacted.
func (r *Runtime) ReadTests(ctx context.Context) (*Tests, error) {
	p, err := r.ReadProject()
	if err != nil {
		return nil, err
	}
	files, diags, err := readTestFiles(r.o.Dir)
	if err != nil {
		return nil, err
	}
	module, found := p.load(&r.parsed)
	diags = append(found, diags...)
	catalogs, _, _, err := r.schemas(ctx, SchemaLock, lang.Connections(module),
		func(have map[string]*schema.Catalog) map[string][]string { return lang.Needs(module, have) })
	if err != nil {
		return nil, err
	}
	for _, c := range catalogs {
		for _, o := range c.Objects {
			for _, f := range o.Fields {
				f.LooseIDs = true
			}
		}
	}
	out := &Tests{Sets: map[string]*plan.Set{}, Catalogs: catalogs}
	compile := func(vars map[string]string) (*plan.Set, diag.List) {
		all := r.variables(p.Vars)
		maps.Copy(all, vars)
		return lang.Compile(module, lang.Inputs{Catalogs: catalogs, Systems: r.o.Registry.Systems(), Vars: all})
	}
	set, found := compile(nil)
	out.Sets[""] = set
	diags = append(diags, found...)
	vars := spectest.Vars(files)
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		set, found := compile(vars[name])
		for _, d := range found {
			if d.Severity == diag.Error {
				own := *d
				own.Detail = fmt.Sprintf("With the variables of the test %q: %s", name, d.Detail)
				diags = append(diags, &own)
			}
		}
		out.Sets[name] = set
	}
	if !diags.HasErrors() {
		tests, found := spectest.Read(files, out.Sets)
		out.Tests, diags = tests, append(diags, found...)
	}
	diags.Sort()
	out.Diagnostics = diags
	return out, nil
}

// readTestFiles reads the files with tests in a folder, in order of name.
func readTestFiles(dir string) ([]*syntax.File, diag.List, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("the project folder cannot be read: %w", err)
	}
	var files []*syntax.File
	var diags diag.List
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), syntax.TestSuffix) || strings.HasPrefix(e.Name(), ".") || e.IsDir() {
			continue
		}
		src, err := readBounded(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, nil, err
		}
		f, found := syntax.ParseTests(e.Name(), src)
		files, diags = append(files, f), append(diags, found...)
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("there is no *%s file in %s: tests of its rules stand in such files", syntax.TestSuffix, dir)
	}
	return files, diags, nil
}
