package file

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// connection is the files of one connection block.
type connection struct {
	config connectors.Config
	dir    string
	blocks map[string]*source

	mu sync.Mutex
	// shapes are the objects as last described: what a read may rely on.
	shapes map[string]*shape
	// stdin is standard input, once asked for: a describe looks ahead in it, the one read takes it.
	stdin     *bufio.Reader
	stdinUsed bool
	// writing serialises changes of one file, by path.
	writing map[string]*sync.Mutex
}

func open(c connectors.Config) (connectors.Connection, error) {
	dir := c.Settings.Text("dir")
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(c.Dir, dir)
	}
	conn := &connection{config: c, dir: dir, blocks: map[string]*source{}, shapes: map[string]*shape{}, writing: map[string]*sync.Mutex{}}
	for _, o := range c.Objects {
		s, err := newSource(dir, o)
		if err != nil {
			return nil, err
		}
		conn.blocks[o.Name] = s
	}
	return conn, nil
}

// extensions are those of files that need no object block.
var extensions = []string{".csv", ".tsv", ".jsonl", ".ndjson", ".csv.gz", ".tsv.gz", ".jsonl.gz", ".ndjson.gz"}

// source finds an object: its block, or a file of its name in dir. nil: there is none.
func (c *connection) source(name string) *source {
	if s := c.blocks[name]; s != nil {
		return s
	}
	if c.config.Settings.Text("dir") == "" || name == "" || strings.ContainsAny(name, `/\`) {
		return nil
	}
	for _, ext := range extensions {
		if info, err := os.Stat(filepath.Join(c.dir, name+ext)); err == nil && info.Mode().IsRegular() {
			s, err := newSource(c.dir, connectors.Object{Name: name, Settings: connectors.Settings{"path": textValue(name + ext)}})
			if err != nil {
				return nil
			}
			return s
		}
	}
	return nil
}

func (c *connection) Objects(ctx context.Context) ([]connectors.ObjectInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var out []connectors.ObjectInfo
	for name, s := range c.blocks {
		out = append(out, connectors.ObjectInfo{Name: name, Label: s.shown})
	}
	if c.config.Settings.Text("dir") != "" {
		entries, err := os.ReadDir(c.dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, ioError("list the folder", c.dir, err)
		}
		for _, e := range entries {
			for _, ext := range extensions {
				name, ok := strings.CutSuffix(e.Name(), ext)
				if ok && name != "" && c.blocks[name] == nil && e.Type().IsRegular() {
					out = append(out, connectors.ObjectInfo{Name: name, Label: e.Name()})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b connectors.ObjectInfo) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b connectors.ObjectInfo) bool { return a.Name == b.Name }), nil
}

func (c *connection) Describe(ctx context.Context, names []string, _ *schema.Catalog) (*schema.Catalog, error) {
	catalog := &schema.Catalog{System: "file", Objects: map[string]*schema.Object{}}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := c.source(name)
		if s == nil {
			continue
		}
		sh, err := c.describe(s)
		if err != nil {
			return nil, err
		}
		catalog.Objects[name] = sh.object
	}
	if list, err := c.Objects(ctx); err == nil {
		for _, o := range list {
			catalog.Names = append(catalog.Names, o.Name)
		}
	}
	return catalog, nil
}

// described gives the shape of an object, from the last Describe where there was one.
func (c *connection) described(s *source) (*shape, error) {
	c.mu.Lock()
	sh := c.shapes[s.name]
	c.mu.Unlock()
	if sh != nil {
		return sh, nil
	}
	return c.describe(s)
}

func (c *connection) describe(s *source) (*shape, error) {
	sh, err := c.shape(s)
	if err != nil {
		return nil, err
	}
	sh.object.Index()
	c.mu.Lock()
	c.shapes[s.name] = sh
	c.mu.Unlock()
	return sh, nil
}

func (c *connection) Limits() connectors.Limits {
	return connectors.Limits{Lookup: 50_000, WriteBatch: 50_000, Parallel: 2}
}

func (c *connection) Close() error { return nil }

// lock serialises changes of the file and gives the unlock.
func (c *connection) lock(path string) func() {
	c.mu.Lock()
	m := c.writing[path]
	if m == nil {
		m = &sync.Mutex{}
		c.writing[path] = m
	}
	c.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// peekSize is how much of standard input a describe may look ahead.
const peekSize = 1 << 20

// input gives standard input, buffered, so that a describe can look ahead.
func (c *connection) input() *bufio.Reader {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stdin == nil {
		in := c.config.Stdin
		if in == nil {
			in = strings.NewReader("")
		}
		c.stdin = bufio.NewReaderSize(in, peekSize)
	}
	return c.stdin
}

// takeInput is input for the one read that it serves.
func (c *connection) takeInput(s *source) (io.Reader, error) {
	in := c.input()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stdinUsed {
		return nil, &connectors.Error{Class: connectors.Permanent,
			Message: fmt.Sprintf("object %q: standard input was read already and cannot be read again", s.name),
			Hint:    "save it to a file, and name the file in path"}
	}
	c.stdinUsed = true
	return in, nil
}

// Check looks at each file that the project names.
func (c *connection) Check(ctx context.Context) (connectors.Report, error) {
	r := connectors.Report{Account: c.dir}
	for _, name := range slices.Sorted(keys(c.blocks)) {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		s := c.blocks[name]
		if s.std() {
			continue
		}
		if _, err := os.Stat(s.path); err != nil {
			r.Notes = append(r.Notes, fmt.Sprintf("%s: there is no file %s yet; it can only be written", name, s.path))
		}
	}
	return r, nil
}

// ioError is a failure of the file system. Nothing was changed when it is given.
func ioError(what, path string, err error) *connectors.Error {
	e := &connectors.Error{Class: connectors.Permanent, Message: fmt.Sprintf("cannot %s %s: %v", what, path, cause(err)), Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Hint = "check the path; relative paths are relative to the connection's dir"
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "the user that runs syncline needs the permission"
	case diskFull(err):
		e.Hint = "free some space and run again; the old content is unchanged"
	}
	return e
}

// cause is what lies below a path error, whose path we name ourselves.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}
