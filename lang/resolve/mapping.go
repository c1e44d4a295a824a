package resolve

import (
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// mappings reads a map or set: attributes and field blocks, in source order.
func (r *resolver) mappings(b *syntax.Block) (out []*Mapping) {
	first := map[string]span.Range{}
	add := func(m *Mapping) {
		if at, again := first[m.Field]; again {
			r.add(errMappedTwice(m, at))
			return
		}
		first[m.Field] = m.FieldRange
		out = append(out, m)
	}
	attrs, fields := b.Attrs, b.Each("field")
	for len(attrs) > 0 || len(fields) > 0 {
		if len(fields) == 0 || len(attrs) > 0 && attrs[0].Range.Start < fields[0].Range.Start {
			a := attrs[0]
			add(&Mapping{Field: a.Name, FieldRange: a.NameRange, Value: a.Value, Range: a.Range})
			attrs = attrs[1:]
			continue
		}
		if f := fields[0]; len(f.Labels) == 1 {
			add(fieldMapping(f))
		}
		fields = fields[1:]
	}
	return out
}

// fieldMapping reads a field block. Without a value, which was reported, the field counts as mapped all the same.
func fieldMapping(b *syntax.Block) *Mapping {
	m := &Mapping{
		Field: b.Label(0), FieldRange: b.Labels[0].Range, Value: expression(b, "value"),
		OnNull: text(b, "on_null"), Write: text(b, "write"), WriteRange: placeOf(b, "write"), Range: b.Range,
	}
	if m.Value == nil {
		m.Value = &syntax.Bad{Range: b.Header}
	}
	return m
}

// writeModes merges a write block into the mappings. Fields that are not in the map can only come from map_same,
// which the checker knows when it has the schemas.
func (r *resolver) writeModes(b *syntax.Block, s *Sync) { r.writeModesOf(b, s.Map, s.MapSame) }

func (r *resolver) writeModesOf(b *syntax.Block, mapped []*Mapping, same *MapSame) {
	var names []string
	for _, m := range mapped {
		names = append(names, m.Field)
	}
	for _, a := range b.Attrs {
		m := find(mapped, a.Name, func(m *Mapping) string { return m.Field })
		switch {
		case m == nil && same != nil:
			same.Write = append(same.Write, FieldMode{Field: a.Name, Mode: syntax.TextOf(a.Value), FieldRange: a.NameRange})
		case m == nil:
			r.add(errWriteUnmapped(a, names))
		case m.Write != "":
			r.add(errWriteTwice(a, m))
		default:
			m.Write, m.WriteRange = syntax.TextOf(a.Value), a.Range
		}
	}
}

// departure reads on_leave or on_delete, which is an attribute or a block with set.
func (r *resolver) departure(b *syntax.Block, name string) *Departure {
	if a := b.Attr(name); a != nil {
		return &Departure{Kind: syntax.TextOf(a.Value), Range: a.Range}
	}
	x := b.One(name)
	if x == nil {
		return nil
	}
	set := x.One("set")
	if set == nil {
		r.add(errDepartureEmpty(x))
		return &Departure{Range: x.Range}
	}
	return &Departure{Kind: "set", Set: r.mappings(set), Range: x.Range}
}
