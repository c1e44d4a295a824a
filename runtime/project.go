package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/syncline/syncline/lang"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
)

// Project is what the files of a folder hold at one moment.
type Project struct {
	Files []SourceFile
	// Vars are the values for variables of its file with such; nil: it has none.
	Vars map[string]string
	// Hash is a digest of the files' names and contents.
	Hash string
}

// ReadProject reads the files of the folder.
func (r *Runtime) ReadProject() (Project, error) {
	files, err := ReadFiles(r.o.Dir)
	if err != nil {
		return Project{}, err
	}
	vars, err := r.readVars()
	if err != nil {
		return Project{}, err
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		fmt.Fprintf(h, "%q = %q\n", name, vars[name])
	}
	for _, f := range files {
		fmt.Fprintf(h, "%q %d\n", f.Name, len(f.Src))
		h.Write(f.Src)
	}
	return Project{files, vars, hex.EncodeToString(h.Sum(nil)[:16])}, nil
}

func (p Project) load(cache *lang.Cache) (*resolve.Module, diag.List) {
	sources := make([]lang.Source, len(p.Files))
	for i, f := range p.Files {
		sources[i] = lang.Source{Name: f.Name, Text: f.Src}
	}
	return cache.Load(sources)
}

// known are schemas that a server has already, for compiling without asking the systems again.
type known struct {
	catalogs map[string]*schema.Catalog
	// keys are the connections as they were when their catalog was read: one that is configured otherwise is asked.
	keys map[string]string
	// at is when the systems were asked for all of them.
	at time.Time
	// standIn: a system did not answer, and what is remembered stands in for its schema.
	standIn bool
}

// stale gives what is known as nothing but a hint: systems that can tell whether a schema changed need not send it.
func (k known) stale() known { return known{catalogs: k.catalogs} }

// recompile compiles a project for a server. It asks the systems only for what is not known; where a system does not
// answer, the lock file and then spare stand in. Every error is one of not being able to check.
func (r *Runtime) recompile(ctx context.Context, p Project, have known, spare map[string]*schema.Catalog) (*Compiled, known, error) {
	module, diags := p.load(&r.parsed)
	conns := lang.Connections(module)
	d := r.newDescriber(conns)
	d.prev = have.catalogs
	keys, at := map[string]string{}, have.at
	if have.keys == nil {
		at = r.o.Now()
	}
	for _, c := range conns {
		keys[c.Name] = planKey(c)
		if catalog := have.catalogs[c.Name]; catalog != nil && have.keys[c.Name] == keys[c.Name] {
			d.catalogs[c.Name] = catalog
		}
	}
	for d.describe(ctx, lang.Needs(module, d.catalogs)) {
	}
	notes, err := r.standIn(d, spare)
	if err != nil {
		if !diags.HasErrors() {
			return nil, known{}, err
		}
		return &Compiled{Set: &plan.Set{}, Diagnostics: diags, Catalogs: d.catalogs}, known{}, nil
	}
	for name := range d.failed {
		delete(keys, name) // it is asked again next time
	}
	set, found := lang.Compile(module, lang.Inputs{Catalogs: d.catalogs, Systems: r.o.Registry.Systems(), Vars: r.variables(p.Vars), Memo: &r.memo})
	diags = append(append(diags, notes...), found...)
	diags.Sort()
	return &Compiled{Set: set, Diagnostics: diags, Catalogs: d.catalogs}, known{d.catalogs, keys, at, len(d.failed) > 0}, nil
}

// standIn puts what is remembered in place of what could not be asked.
func (r *Runtime) standIn(d *describer, spare map[string]*schema.Catalog) (diag.List, error) {
	if len(d.failed) == 0 {
		return nil, nil
	}
	lock, err := ReadLock(r.o.Dir)
	if err != nil {
		return nil, err
	}
	var notes diag.List
	for _, name := range slices.Sorted(maps.Keys(d.failed)) {
		catalog := lock[name]
		if catalog == nil {
			catalog = spare[name]
		}
		if catalog == nil {
			return nil, &Unreachable{name, d.failed[name]}
		}
		notes = append(notes, lang.LockUsed(name, d.conns[name].Range, unlabelled(d.failed[name], name)))
		merged := *catalog
		merged.Objects = maps.Clone(catalog.Objects)
		if asked := d.catalogs[name]; asked != nil {
			maps.Copy(merged.Objects, asked.Objects)
		}
		d.catalogs[name] = &merged
	}
	return notes, nil
}

// snapshot is the last set that compiled, for starting again when the folder is broken or a system does not answer.
type snapshot struct {
	Revision string            `json:"revision"`
	Files    map[string]string `json:"files"`
	Vars     map[string]string `json:"vars,omitempty"`
	Catalogs json.RawMessage   `json:"catalogs"`
}

const snapshotName = "last good set"

func encodeSnapshot(p Project, c *Compiled) ([]byte, error) {
	catalogs, err := schema.EncodeLock(c.Catalogs)
	if err != nil {
		return nil, err
	}
	s := snapshot{Revision: c.Set.Revision, Files: map[string]string{}, Vars: p.Vars, Catalogs: catalogs}
	for _, f := range p.Files {
		s.Files[f.Name] = string(f.Src)
	}
	return json.Marshal(s)
}

func decodeSnapshot(data []byte) (Project, map[string]*schema.Catalog, error) {
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return Project{}, nil, err
	}
	catalogs, err := schema.DecodeLock(s.Catalogs)
	if err != nil {
		return Project{}, nil, err
	}
	for _, c := range catalogs {
		for _, o := range c.Objects {
			o.Index()
		}
	}
	p := Project{Vars: s.Vars}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		p.Files = append(p.Files, SourceFile{Name: name, Src: []byte(s.Files[name])})
	}
	return p, catalogs, nil
}
