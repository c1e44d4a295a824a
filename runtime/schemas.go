package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/renameio/v2"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
)

// LockFile is where the schemas of a project are kept, beside its files.
const LockFile = "schema.lock.json"

// SchemaMode says where the checker's schemas come from.
type SchemaMode string

const (
	SchemaAuto SchemaMode = "auto" // live; from the lock file, with a warning, where a system cannot be reached
	SchemaLive SchemaMode = "live"
	SchemaLock SchemaMode = "lock"
)

// Unreachable says why the schema of a connection could not be had.
type Unreachable struct {
	Connection string
	Err        error
}

func (u *Unreachable) Error() string {
	return fmt.Sprintf("the schema of connection %s cannot be read: %v", u.Connection, unlabelledText(u.Err, u.Connection))
}

func (u *Unreachable) Unwrap() error { return u.Err }

// unlabelledText drops "connection NAME: " from the front of an error that is shown under that name already.
func unlabelledText(err error, name string) string {
	return strings.TrimPrefix(err.Error(), "connection "+name+": ")
}

// ReadLock reads the lock file of a project; nil when there is none.
func ReadLock(dir string) (map[string]*schema.Catalog, error) {
	data, err := os.ReadFile(filepath.Join(dir, LockFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	catalogs, err := schema.DecodeLock(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", LockFile, err)
	}
	return catalogs, nil
}

// WriteLock replaces the lock file of a project.
func WriteLock(dir string, catalogs map[string]*schema.Catalog) error {
	data, err := schema.EncodeLock(catalogs)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(filepath.Join(dir, LockFile), data, 0o644); err != nil {
		return fmt.Errorf("%s cannot be written: %w", LockFile, err)
	}
	return nil
}

// describer asks live systems for schemas, and remembers what they said for later rounds.
type describer struct {
	r     *Runtime
	conns map[string]*plan.Connection
	// prev are schemas as they were, which a system that can tell need not send again; may be nil.
	prev map[string]*schema.Catalog

	mu       sync.Mutex
	catalogs map[string]*schema.Catalog
	asked    map[string]map[string]bool // connection → objects asked for
	failed   map[string]error
}

func (r *Runtime) newDescriber(conns []*plan.Connection) *describer {
	d := &describer{r: r, conns: map[string]*plan.Connection{}, catalogs: map[string]*schema.Catalog{},
		asked: map[string]map[string]bool{}, failed: map[string]error{}}
	for _, c := range conns {
		d.conns[c.Name] = c
	}
	return d
}

// describe asks all connections at once for the objects that were not asked for yet. It reports whether it asked.
func (d *describer) describe(ctx context.Context, needs map[string][]string) bool {
	var wg sync.WaitGroup
	asked := false
	for name, objects := range needs {
		c := d.conns[name]
		d.mu.Lock()
		failed := d.failed[name] != nil
		d.mu.Unlock()
		if c == nil || failed {
			continue
		}
		if d.asked[name] == nil {
			d.asked[name] = map[string]bool{}
		}
		var want []string
		for _, o := range objects {
			if !d.asked[name][o] {
				d.asked[name][o] = true
				want = append(want, o)
			}
		}
		if len(want) == 0 {
			continue
		}
		asked = true
		slices.Sort(want)
		wg.Go(func() { d.one(ctx, c, want) })
	}
	wg.Wait()
	return asked
}

func (d *describer) one(ctx context.Context, c *plan.Connection, want []string) {
	catalog, err := d.ask(ctx, c, want)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.failed[c.Name] = err
		return
	}
	have := d.catalogs[c.Name]
	if have == nil {
		d.catalogs[c.Name] = catalog
		return
	}
	// Not in place: a set in force may stand on it.
	merged := *have
	merged.Objects = maps.Clone(have.Objects)
	maps.Copy(merged.Objects, catalog.Objects)
	d.catalogs[c.Name] = &merged
}

func (d *describer) ask(ctx context.Context, c *plan.Connection, want []string) (*schema.Catalog, error) {
	conn, release, err := d.r.Use(ctx, c)
	if err != nil {
		return nil, err
	}
	defer release()
	ctx = connectors.Hasty(ctx)
	catalog, err := conn.Describe(ctx, want, d.prev[c.Name])
	if err != nil {
		return nil, err
	}
	if catalog.Names == nil && len(catalog.Objects) < len(want) {
		catalog.Names = names(ctx, conn)
	}
	for _, o := range catalog.Objects {
		o.Ready()
	}
	return catalog, nil
}

// names lists the system's objects, for "did you mean"; without them the message is only less helpful.
func names(ctx context.Context, conn connectors.Connection) []string {
	objects, err := conn.Objects(ctx)
	if err != nil {
		return nil
	}
	out := make([]string, len(objects))
	for i, o := range objects {
		out[i] = o.Name
	}
	return out
}

// unlabelled is the error below "connection NAME: ", for places that show the name themselves.
func unlabelled(err error, name string) error {
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), "connection "+name+": ") {
		return inner
	}
	return err
}
