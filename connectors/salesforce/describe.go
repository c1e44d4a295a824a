package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/schema"
)

const (
	idField, stampField = "Id", "SystemModstamp"
	readPage            = 2000
)

// schemas are the objects that were described on this connection, for reading.
type schemas struct {
	mu    sync.Mutex
	known map[string]*schema.Object
}

func (s *schemas) get(name string) *schema.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[name]
}

func (s *schemas) put(o *schema.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[o.Name] = o
}

// Objects lists the objects that the user can query.
func (c *conn) Objects(ctx context.Context) ([]connectors.ObjectInfo, error) {
	var g describeGlobal
	if _, err := c.http.JSON(ctx, httpx.Request{Path: c.path("/sobjects")}, &g); err != nil {
		return nil, err
	}
	out := make([]connectors.ObjectInfo, 0, len(g.SObjects))
	for _, o := range g.SObjects {
		if (o.Queryable || o.Createable) && !o.DeprecatedAndHidden {
			out = append(out, connectors.ObjectInfo{Name: o.Name, Label: o.Label})
		}
	}
	return out, nil
}

// Describe asks for each object at once, within the connection's limit of calls under way.
func (c *conn) Describe(ctx context.Context, names []string, prev *schema.Catalog) (*schema.Catalog, error) {
	catalog := &schema.Catalog{System: "salesforce", Objects: map[string]*schema.Object{}, Filter: filterCaps, ReadPage: readPage, WriteBatch: writeMost, Group: groupMost}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	objects := make([]*schema.Object, len(names))
	errs := make([]error, len(names))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			if objects[i], errs[i] = c.describe(ctx, name, prev.Object(name)); errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	wg.Wait()
	if err := firstCause(errs); err != nil {
		return nil, err
	}
	missing := false
	var fresh []*schema.Object
	for i, o := range objects {
		if o == nil {
			missing = true
			continue
		}
		catalog.Objects[o.Name] = o
		if o != prev.Object(names[i]) {
			fresh = append(fresh, o)
		}
	}
	c.count(ctx, fresh)
	for _, o := range fresh {
		c.schemas.put(o)
	}
	if missing {
		// Only now is the list of all names worth a call: it tells which name was meant.
		list, err := c.Objects(ctx)
		if err != nil && len(catalog.Objects) == 0 {
			return nil, err // it is not the objects that are missing, but the API or the right to it
		}
		for _, o := range list {
			catalog.Names = append(catalog.Names, o.Name)
		}
	}
	return catalog, nil
}

// firstCause prefers an error of its own to one that only says that another stopped it.
func firstCause(errs []error) error {
	var first error
	for _, err := range errs {
		if err != nil && (first == nil || errors.Is(first, context.Canceled)) {
			first = err
		}
	}
	return first
}

// describe gives an object, the previous one when it is still current, nil when there is none of the name.
func (c *conn) describe(ctx context.Context, name string, prev *schema.Object) (*schema.Object, error) {
	if !isName(name) {
		return nil, nil
	}
	r := httpx.Request{Path: c.path("/sobjects/" + name + "/describe"), Accept: []int{http.StatusNotModified, http.StatusNotFound}}
	if prev != nil {
		if since, ok := c.modifiedIn(prev.Version); ok {
			r.Header = http.Header{"If-Modified-Since": {since}}
		}
	}
	var d describeObject
	a, err := c.http.JSON(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	switch a.Status {
	case http.StatusNotModified:
		prev.Field(idField) // builds its index, unless it has one
		c.schemas.put(prev)
		return prev, nil
	case http.StatusNotFound:
		return nil, c.absent(a)
	}
	if err := json.Unmarshal(a.Body, &d); err != nil {
		return nil, c.http.Unreadable(a, true, err)
	}
	if d.Name != name {
		return nil, nil // the system ignores case in names, we do not
	}
	o := d.object()
	o.Version = c.versionOf(a.Header.Get("Last-Modified"))
	return o, nil
}

// absent tells a missing object from a missing API: nil for the first.
func (c *conn) absent(a *httpx.Answer) error {
	if slices.ContainsFunc(parseErrors(a.Body), func(e apiError) bool { return e.code() == "NOT_FOUND" }) {
		return nil
	}
	return classify(a, true)
}

// versionOf marks a describe by its date, the API version, and the user who sees it so.
func (c *conn) versionOf(lastModified string) string {
	if lastModified == "" {
		return ""
	}
	return lastModified + "; v" + c.version + "; " + c.user
}

// modifiedIn is the date in a version that this connection could have made.
func (c *conn) modifiedIn(version string) (string, bool) {
	date, ok := strings.CutSuffix(version, "; v"+c.version+"; "+c.user)
	return date, ok && date != ""
}

// countMost is the most objects whose records are counted in one call; all names stand in its address.
const countMost = 100

// count asks how many records the objects hold, for forecasts. It is no harm when that fails.
func (c *conn) count(ctx context.Context, objects []*schema.Object) {
	for part := range slices.Chunk(objects, countMost) {
		byName := make(map[string]*schema.Object, len(part))
		for _, o := range part {
			byName[o.Name] = o
		}
		var answer struct {
			SObjects []struct {
				Name  string `json:"name"`
				Count int64  `json:"count"`
			} `json:"sObjects"`
		}
		q := url.Values{"sObjects": {strings.Join(slices.Sorted(maps.Keys(byName)), ",")}}
		if _, err := c.http.JSON(ctx, httpx.Request{Path: c.path("/limits/recordCount"), Query: q}, &answer); err != nil {
			return
		}
		for _, s := range answer.SObjects {
			if o := byName[s.Name]; o != nil {
				o.Count = s.Count
			}
		}
	}
}

// object gives the schema of an object, asking for it when nobody did before.
func (c *conn) object(ctx context.Context, name string) (*schema.Object, error) {
	if o := c.schemas.get(name); o != nil {
		return o, nil
	}
	o, err := c.describe(ctx, name, nil)
	if err != nil || o == nil {
		return nil, err
	}
	c.schemas.put(o)
	return o, nil
}

// isName tells whether a text can be the name of an object or field, and so may stand in a path or a query.
func isName(s string) bool {
	if s == "" || len(s) > 120 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case c >= '0' && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return true
}
