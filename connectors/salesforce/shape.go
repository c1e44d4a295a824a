package salesforce

import (
	"context"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// shape is what a read is made of: where each value of an answer goes, and what the fields in it are.
type shape struct {
	object *schema.Object
	layout *value.Layout
	root   *node
	// names are the paths to select: those of the layout that exist, the key and the stamp.
	names []string
	// fields are the fields of all paths that the read mentions; nil for one that does not exist.
	fields map[string]*schema.Field
	// lists are slots of multi-picklists, which are never null.
	lists []int
}

// node is one object in an answer: its fields, and the objects that its references point to.
type node struct {
	leaves  map[string]leaf
	parents map[string]*node
}

// leaf is where a field's value goes. A slot below 0 is not part of the layout.
type leaf struct {
	slot int
	kind schema.Kind
	// mark tells the fields that the read itself needs.
	mark mark
}

type mark uint8

const (
	markNone mark = iota
	markID
	markStamp
)

func newNode() *node { return &node{leaves: map[string]leaf{}, parents: map[string]*node{}} }

// shapeOf finds the fields that a read mentions.
func (c *conn) shapeOf(ctx context.Context, q query.Read) (*shape, error) {
	o, err := c.object(ctx, q.Object)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, &connectors.Error{Class: connectors.Permanent, Code: "INVALID_TYPE", Message: "there is no object " + q.Object,
			Hint: "check its name, and that the user of the connection may see it"}
	}
	s := &shape{object: o, layout: q.Layout, root: newNode(), fields: map[string]*schema.Field{}}
	paths := slices.Concat(q.Layout.Names, query.Fields(q.Where))
	for _, order := range q.Order {
		paths = append(paths, order.Field)
	}
	for _, p := range paths {
		if _, seen := s.fields[p]; seen {
			continue
		}
		if s.fields[p], err = c.field(ctx, o, p); err != nil {
			return nil, err
		}
	}
	for slot, name := range q.Layout.Names {
		if f := s.fields[name]; f != nil {
			s.add(name, leaf{slot: slot, kind: f.Kind})
			if f.Kind == schema.MultiPicklist {
				s.lists = append(s.lists, slot)
			}
		}
	}
	s.addOwn(idField, schema.ID, markID)
	if o.Modified != "" {
		s.addOwn(o.Modified, schema.DateTime, markStamp)
	}
	return s, nil
}

// add makes a path part of the read.
func (s *shape) add(path string, l leaf) {
	n := s.root
	steps := strings.Split(path, ".")
	for _, step := range steps[:len(steps)-1] {
		next := n.parents[step]
		if next == nil {
			next = newNode()
			n.parents[step] = next
		}
		n = next
	}
	n.leaves[steps[len(steps)-1]] = l
	s.names = append(s.names, path)
}

// addOwn makes a field of the object part of the read for the read's own use.
func (s *shape) addOwn(name string, kind schema.Kind, m mark) {
	if l, ok := s.root.leaves[name]; ok {
		l.mark = m
		s.root.leaves[name] = l
		return
	}
	s.add(name, leaf{slot: -1, kind: kind, mark: m})
}

// manyTargets is the number of targets from which a reference is one to anything: only the fields that all
// kinds of names share can be read through it.
const manyTargets = 4

// field resolves a path through references, nil when there is no such field. It asks for the schema of the
// objects on the way.
func (c *conn) field(ctx context.Context, o *schema.Object, path string) (*schema.Field, error) {
	head, rest, more := strings.Cut(path, ".")
	if !isName(head) {
		return nil, nil
	}
	if !more {
		return o.Field(head), nil
	}
	rel := o.Relation(head)
	if rel == nil {
		return nil, nil
	}
	if len(rel.RefTo) >= manyTargets {
		if !isName(rest) {
			return nil, nil
		}
		return &schema.Field{Name: rest, Kind: schema.Text, Nullable: true, Filterable: true}, nil
	}
	for _, target := range rel.RefTo {
		t, err := c.object(ctx, target)
		if err != nil {
			return nil, err
		}
		if t == nil {
			continue
		}
		if f, err := c.field(ctx, t, rest); f != nil || err != nil {
			return f, err
		}
	}
	return nil, nil
}
