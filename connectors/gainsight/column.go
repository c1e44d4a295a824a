package gainsight

import (
	"context"
	"errors"
	"strings"

	"github.com/syncline/syncline/lang/schema"
)

// column is a field path of one query: a field of the object, or one reached through lookups.
type column struct {
	*field
	path string // as it was asked for
	wire string // as it stands in the query
}

// column resolves a field path from an object, describing the objects on the way as far as they are needed.
func (c *conn) column(ctx context.Context, o *object, path string) (*column, error) {
	prefix, rest := "", path
	for {
		head, tail, more := strings.Cut(rest, ".")
		if f := o.find(rest); f != nil && !more || f != nil && f.schema.Name == rest {
			return &column{field: f, path: path, wire: prefix + f.wireName(rest)}, nil
		}
		if !more {
			return nil, noField(o, "field", rest)
		}
		link := o.lookup(head)
		if link == nil {
			return nil, noField(o, "lookup", head)
		}
		prefix += head + "."
		next, err := c.object(ctx, link.target)
		if err != nil {
			if ctx.Err() != nil || !isPermanent(err) {
				return nil, err
			}
			// The object behind the lookup cannot be described with this key; its fields can still be read, as texts.
			return &column{field: &field{form: formAny, schema: schema.Field{Name: tail, Kind: schema.Any}}, path: path, wire: prefix + tail}, nil
		}
		o, rest = next, tail
	}
}

// errNoField is in errors about names that an object does not have.
var errNoField = errors.New("no such field")

func noField(o *object, what, name string) error {
	e := permanent("run `syncline schema pull` when the object has changed", "the object %s has no %s %q", o.name, what, name)
	e.Err, e.Fields = errNoField, []string{name}
	return e
}

// wireName is the name of the field in a query that asks for it by this spelling.
func (f *field) wireName(asked string) string {
	if f.wire != "" {
		return f.wire
	}
	return asked
}
