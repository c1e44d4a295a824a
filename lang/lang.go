package lang

import (
	"runtime"
	"sync"

	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/planner"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/syntax"
)

// Source is one file: Name is relative to the project's folder, with forward slashes.
type Source struct {
	Name string
	Text []byte
}

// Inputs is what a module is compiled against.
type Inputs = check.Inputs

// Memo remembers rules between compilations of a project that is loaded through a Cache.
type Memo = check.Memo

// Load reads files and binds their names. The module is never nil.
func Load(files []Source) (*resolve.Module, diag.List) {
	return bind(parseAll(files, func(s Source) parsed {
		file, found := syntax.Parse(s.Name, s.Text)
		return parsed{file, found}
	}))
}

// parseAll parses files side by side, and gives them in order.
func parseAll(files []Source, parse func(Source) parsed) []parsed {
	out := make([]parsed, len(files))
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(len(files), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				out[i] = parse(files[i])
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

// bind makes a module of parsed files.
func bind(all []parsed) (*resolve.Module, diag.List) {
	files := make([]*syntax.File, len(all))
	var diags diag.List
	for i, p := range all {
		files[i] = p.file
		for _, d := range p.found {
			own := *d // a file's findings are shared by all loads of it
			diags = append(diags, &own)
		}
	}
	m, found := resolve.Modules(files)
	diags = append(diags, found...)
	diags.Sort()
	return m, diags
}

// Compile checks a module and plans its rules. The set is never nil; it holds the rules in which no error was found.
// Whether it may be run is decided by the diagnostics of Load and Compile together.
func Compile(m *resolve.Module, in Inputs) (*plan.Set, diag.List) {
	program, diags := check.Check(m, in)
	return planner.Build(program), diags
}

// Connections gives the connections of a module, to be opened for describing what it needs.
func Connections(m *resolve.Module) []*plan.Connection { return planner.Connections(m) }

// Check is Compile without the plans, for those who only want to know whether the project is right.
func Check(m *resolve.Module, in Inputs) diag.List {
	_, diags := check.Check(m, in)
	return diags
}

// Needs lists, by connection, the objects that must be described and are not in have yet: those that rules name, and
// those that expressions reach through references. The latter show only when the former are described, so it is asked
// again until it gives nothing new; objects that a system does not have are given again each time.
func Needs(m *resolve.Module, have map[string]*schema.Catalog) map[string][]string {
	return check.Needs(m, have)
}
