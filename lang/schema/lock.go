package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// LockName is the name of the lock file in a project's folder.
const LockName = "schema.lock.json"

// LockVersion is the version of the lock file that this program writes.
const LockVersion = 1

// LockError is a lock file that cannot be used, with what to do about it.
type LockError struct {
	Reason string // a full sentence
	Newer  bool   // written by a newer version of the program
}

func (e *LockError) Error() string { return e.Reason }

func lockErrorf(format string, args ...any) *LockError {
	return &LockError{Reason: fmt.Sprintf(format, args...)}
}

// EncodeLock writes catalogs, by name of connection, as a lock file. Equal catalogs give equal bytes. Each field has
// a line of its own, so that a change of one field is a change of one line; what moves without meaning (exact
// numbers of records) is rounded.
func EncodeLock(catalogs map[string]*Catalog) ([]byte, error) {
	w := &lockWriter{}
	w.line(0, `{`)
	w.line(1, fmt.Sprintf(`"version": %d,`, LockVersion))
	w.line(1, `"connections": {`)
	names := sortedKeys(catalogs)
	for i, name := range names {
		w.catalog(name, catalogs[name], i+1 < len(names))
	}
	w.line(1, `}`)
	w.line(0, `}`)
	return w.out.Bytes(), w.err
}

type lockWriter struct {
	out bytes.Buffer
	err error
}

func (w *lockWriter) line(indent int, text string) {
	for range indent {
		w.out.WriteString("  ")
	}
	w.out.WriteString(text)
	w.out.WriteByte('\n')
}

func (w *lockWriter) json(v any) string {
	text, err := marshal(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	return string(text)
}

func comma(more bool) string {
	if more {
		return ","
	}
	return ""
}

func (w *lockWriter) catalog(name string, c *Catalog, more bool) {
	w.line(2, w.json(name)+`: {`)
	w.line(3, `"system": `+w.json(c.System)+`,`)
	w.line(3, `"filter": `+w.json(c.Filter)+`,`)
	if c.ReadPage != 0 || c.WriteBatch != 0 {
		w.line(3, fmt.Sprintf(`"read_page": %d, "write_batch": %d,`, c.ReadPage, c.WriteBatch))
	}
	if c.Group != 0 {
		w.line(3, fmt.Sprintf(`"group": %d,`, c.Group))
	}
	if len(c.Names) > 0 {
		w.names(c.Names)
	}
	w.line(3, `"objects": {`)
	names := sortedKeys(c.Objects)
	for i, o := range names {
		w.object(o, c.Objects[o], i+1 < len(names))
	}
	w.line(3, `}`)
	w.line(2, `}`+comma(more))
}

func (w *lockWriter) names(names []string) {
	names = slices.Sorted(slices.Values(names))
	w.line(3, `"names": [`)
	for i, n := range names {
		w.line(4, w.json(n)+comma(i+1 < len(names)))
	}
	w.line(3, `],`)
}

func (w *lockWriter) object(key string, o *Object, more bool) {
	head := *o
	head.Fields, head.Count = nil, roundCount(o.Count)
	// The head is all but the fields: `{…,"fields":null…}` with the list put in its place.
	text := strings.Replace(w.json(&head), `"fields":null`, `"fields":[`, 1)
	before, after, _ := strings.Cut(text, `"fields":[`)
	w.line(4, w.json(key)+`: `+before+`"fields": [`)
	fields := slices.Clone(o.Fields)
	slices.SortFunc(fields, func(a, b *Field) int { return strings.Compare(a.Name, b.Name) })
	for i, f := range fields {
		w.line(5, w.json(f)+comma(i+1 < len(fields)))
	}
	w.line(4, `]`+after+comma(more))
}

// roundCount keeps two digits: the forecast needs no more, and the file stays quiet while records come and go.
func roundCount(n int64) int64 {
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit - 1) / unit * unit
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// DecodeLock reads a lock file. What it gives is indexed and can be shared; an error is a *LockError.
func DecodeLock(data []byte) (map[string]*Catalog, error) {
	var head struct {
		Version     *int                `json:"version"`
		Connections map[string]*Catalog `json:"connections"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&head)
	switch {
	case errors.Is(err, io.EOF):
		return nil, lockErrorf("The lock file is empty. Write it again with `syncline schema pull`.")
	case head.Version != nil && *head.Version > LockVersion:
		return nil, &LockError{Newer: true, Reason: fmt.Sprintf(
			"The lock file has version %d, this program reads version %d. Use the newer version of syncline that wrote it, or write it again with `syncline schema pull`.", *head.Version, LockVersion)}
	case err != nil:
		return nil, lockErrorf("The lock file cannot be read: %s. Undo the change to it, or write it again with `syncline schema pull`.", jsonPlace(data, err))
	case head.Version == nil || *head.Version < 1:
		return nil, lockErrorf("This is no lock file: it has no version. Write it again with `syncline schema pull`.")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, lockErrorf("The lock file goes on after its end. Undo the change to it, or write it again with `syncline schema pull`.")
	}
	for _, name := range sortedKeys(head.Connections) {
		if err := validate(name, head.Connections[name]); err != nil {
			return nil, err
		}
	}
	if head.Connections == nil {
		head.Connections = map[string]*Catalog{}
	}
	return head.Connections, nil
}

// validate finds what no pull can have written, so that a file changed by hand or merged wrongly is not trusted.
func validate(connection string, c *Catalog) error {
	bad := func(format string, args ...any) error {
		return lockErrorf("The lock file is damaged: %s in connection %q. Undo the change to it, or write it again with `syncline schema pull`.", fmt.Sprintf(format, args...), connection)
	}
	if c == nil {
		return bad("nothing stands")
	}
	for _, name := range sortedKeys(c.Objects) {
		o := c.Objects[name]
		if o == nil || o.Name != name {
			return bad("object %q does not have its own name", name)
		}
		if slices.Contains(o.Fields, nil) {
			return bad("a field of %s is null", name)
		}
		o.Index()
		if len(o.index) != len(o.Fields) {
			return bad("a field of %s stands twice", name)
		}
		if o.Key != "" && o.Field(o.Key) == nil || o.Modified != "" && o.Field(o.Modified) == nil {
			return bad("the key or modified field of %s is not one of its fields", name)
		}
		for _, f := range o.Fields {
			if f.Name == "" {
				return bad("a field of %s has no name", name)
			}
			if f.Length < 0 || f.Precision < 0 || f.Scale < 0 || f.Resolution < 0 {
				return bad("%s.%s has a negative size", name, f.Name)
			}
		}
	}
	return nil
}

// jsonPlace words a decoding error with its line.
func jsonPlace(data []byte, err error) string {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	offset := int64(-1)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &typ):
		offset = typ.Offset
	}
	if offset < 0 || offset > int64(len(data)) {
		return strings.TrimPrefix(err.Error(), "json: ")
	}
	line := bytes.Count(data[:offset], []byte("\n")) + 1
	return fmt.Sprintf("line %d: %s", line, strings.TrimPrefix(err.Error(), "json: "))
}
