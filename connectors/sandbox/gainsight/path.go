package gainsight

import (
	"fmt"
	"strings"
)

// path is a field reached from an object through lookups.
type path struct {
	name  string // as asked for
	steps []*fieldDef
	// tables are those of the objects that the steps lead to; the last field is read from the last of them.
	tables []*table
	last   *fieldDef
}

// path resolves "Csm__gr.Email". The lock is held for writing, as tables may have to be filled.
func (s *System) path(def *objectDef, name string) (*path, error) {
	p := &path{name: name}
	rest := name
	for {
		head, tail, more := strings.Cut(rest, ".")
		if !more {
			if p.last = def.field(head); p.last == nil {
				return nil, fmt.Errorf("invalid field %s in object %s", name, def.name)
			}
			return p, nil
		}
		var via *fieldDef
		for _, f := range def.fields {
			if f.link != "" && strings.EqualFold(f.link, head) {
				via = f
			}
		}
		if via == nil {
			return nil, fmt.Errorf("invalid lookup %s in object %s", head, def.name)
		}
		t := s.table(via.target)
		p.steps, p.tables = append(p.steps, via), append(p.tables, t)
		def, rest = t.def, tail
	}
}

// value reads the path's value from a row.
func (p *path) value(r *row) any {
	for i, f := range p.steps {
		id, _ := r.cells[f.slot].(string)
		if r = p.tables[i].byID[id]; r == nil {
			return nil
		}
	}
	return r.cells[p.last.slot]
}
