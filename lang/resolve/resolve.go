package resolve

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/syntax"
)

// Modules makes one module of all files of a project. The module is never nil; what is wrong is missing in it, or
// unbound, and reported.
func Modules(files []*syntax.File) (*Module, diag.List) {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b *syntax.File) int { return cmp.Compare(a.Name, b.Name) })
	r := &resolver{
		m:     &Module{Files: files, Hash: hash(files)},
		names: map[string]map[string]declared{},
	}
	blocks := map[string][]*syntax.Block{}
	for _, f := range files {
		for _, b := range f.Blocks {
			if r.declare(b) {
				blocks[b.Type] = append(blocks[b.Type], b)
			}
		}
	}
	for _, b := range blocks["connection"] {
		r.m.Connections = append(r.m.Connections, r.connection(b))
	}
	slices.SortStableFunc(r.m.Connections, func(a, b *Connection) int { return cmp.Compare(a.Name, b.Name) })
	for _, b := range blocks["table"] {
		r.m.Tables = append(r.m.Tables, table(b))
	}
	for _, b := range blocks["variable"] {
		r.m.Variables = append(r.m.Variables, variable(b))
	}
	for _, b := range blocks["sync"] {
		for _, each := range r.entries(b) {
			r.m.Syncs = append(r.m.Syncs, r.sync(b, each))
		}
	}
	for _, b := range blocks["trigger"] {
		for _, each := range r.entries(b) {
			r.m.Triggers = append(r.m.Triggers, r.trigger(b, each))
		}
	}
	for _, b := range blocks["track"] {
		r.m.Tracks = append(r.m.Tracks, r.track(b))
	}
	for _, b := range blocks["alert"] {
		r.m.Alerts = append(r.m.Alerts, r.alert(b))
	}
	r.references()
	r.cycles()
	r.diags.Sort()
	return r.m, r.diags.Compact()
}

// resolver holds the state of one Modules.
type resolver struct {
	m     *Module
	names map[string]map[string]declared // kind → name → where
	diags diag.List
}

type declared struct{ label syntax.Label }

func (r *resolver) add(d *diag.Diagnostic) { r.diags = append(r.diags, d) }

// declare notes the name of a top-level block. False: it is a duplicate or has no name, and is left out.
func (r *resolver) declare(b *syntax.Block) bool {
	i := 0
	if b.Type == "connection" {
		i = 1
	}
	if len(b.Labels) <= i {
		// Its labels were reported. What they hold is perhaps the name, and must not be reported as unknown.
		r.lose(b)
		return false
	}
	l := b.Labels[i]
	if d := nameError(b.Type, l); d != nil {
		r.add(d)
	}
	kind := r.names[b.Type]
	if kind == nil {
		kind = map[string]declared{}
		r.names[b.Type] = kind
	}
	if first, again := kind[l.Text]; again {
		r.add(errDuplicate(b.Type, l, first.label))
		return false
	}
	kind[l.Text] = declared{l}
	return true
}

// lose notes a declaration whose name is in doubt, once: a file that did not change is resolved again with the next.
func (r *resolver) lose(b *syntax.Block) {
	for _, f := range r.m.Files {
		if f.File != b.Range.File {
			continue
		}
		for _, l := range b.Labels {
			if lost := (syntax.Lost{Name: l.Text}); !slices.Contains(f.Lost, lost) {
				f.Lost = append(f.Lost, lost)
			}
		}
	}
}

// list gives the names of a kind, for "did you mean".
func (r *resolver) list(kind string) []string {
	var out []string
	for name := range r.names[kind] {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// hash covers names, order and bytes, with lengths so that no two projects run together.
func hash(files []*syntax.File) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%d %s %d ", len(f.Name), f.Name, len(f.Src))
		h.Write(f.Src)
	}
	return hex.EncodeToString(h.Sum(nil))
}
