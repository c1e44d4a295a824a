package gainsight

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/schema"
)

// filterCaps is what the query API can evaluate. How it groups "A AND B OR C" is not documented, so only
// conditions that all must hold are sent. It is taken to fold case, which lets more through.
var filterCaps = schema.FilterCaps{Compare: true, In: true, Null: true, Prefix: true, Substr: true, Paths: true, Includes: true, FoldsCase: true}

// Objects implements connectors.Connection.
func (c *conn) Objects(ctx context.Context) ([]connectors.ObjectInfo, error) {
	list, err := c.list(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]connectors.ObjectInfo, 0, len(list))
	for _, o := range list {
		if o.Readable.or(true) {
			out = append(out, connectors.ObjectInfo{Name: o.Name, Label: o.Label})
		}
	}
	slices.SortFunc(out, func(a, b connectors.ObjectInfo) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// list asks for the list of objects and remembers it.
func (c *conn) list(ctx context.Context) (map[string]listedObject, error) {
	env, a, err := c.call(ctx, httpx.Request{Path: "/v1/meta/services/objects/list?po=company&em=false"})
	if err != nil {
		return nil, err
	}
	var list []listedObject
	if err := json.Unmarshal(env.Data, &list); err != nil {
		return nil, c.client.Unreadable(a, true, err)
	}
	out := make(map[string]listedObject, len(list))
	for _, o := range list {
		if o.Name != "" {
			out[strings.ToLower(o.Name)] = o
		}
	}
	c.mu.Lock()
	c.listed = out
	c.mu.Unlock()
	return out, nil
}

// Describe implements connectors.Connection. An object keeps the spelling it was asked for by: the API
// says "company", people write cs.Company. Gainsight has no mark of a describe's version, so prev is not used.
func (c *conn) Describe(ctx context.Context, names []string, _ *schema.Catalog) (*schema.Catalog, error) {
	catalog := &schema.Catalog{System: "gainsight", Objects: map[string]*schema.Object{}, Filter: filterCaps, ReadPage: c.pageSize, WriteBatch: maxWrite}
	spelled := map[string]string{}
	for _, name := range names {
		if _, ok := spelled[strings.ToLower(name)]; !ok {
			spelled[strings.ToLower(name)] = name
		}
	}
	spell := func(name string) string {
		if asked, ok := spelled[strings.ToLower(name)]; ok {
			return asked
		}
		return name
	}
	list, err := c.list(ctx)
	if err != nil {
		if !isPermanent(err) {
			return nil, err
		}
		// Some keys may describe and not list.
		c.log.WarnContext(ctx, "cannot list the tenant's objects", "error", err)
	}
	if err := c.describeListed(ctx, names, list); err != nil {
		return nil, err
	}
	for _, name := range names {
		if o := c.known(name); o != nil {
			catalog.Objects[name] = o.schemaAs(name, spell)
		}
	}
	for _, o := range list {
		catalog.Names = append(catalog.Names, spell(o.Name))
	}
	slices.Sort(catalog.Names)
	return catalog, nil
}

// describeListed asks for the objects that are listed together and for the others one by one: a name that
// is not there fails a whole call.
func (c *conn) describeListed(ctx context.Context, names []string, list map[string]listedObject) error {
	var listed []string
	for _, name := range names {
		if o, ok := list[strings.ToLower(name)]; ok {
			listed = append(listed, o.Name)
			continue
		}
		c.mu.Lock()
		delete(c.objects, strings.ToLower(name))
		c.mu.Unlock()
		found, err := c.describeOne(ctx, name)
		if err != nil && (len(list) == 0 || !isPermanent(err)) {
			return err
		}
		c.remember(ctx, found)
	}
	return c.describe(ctx, listed)
}

// known gives what was described before, nil when nothing was.
func (c *conn) known(name string) *object {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.objects[strings.ToLower(name)]
}

// object gives an object's description, asking for it when it is not known yet.
func (c *conn) object(ctx context.Context, name string) (*object, error) {
	if o := c.known(name); o != nil {
		return o, nil
	}
	if err := c.describe(ctx, []string{name}); err != nil {
		return nil, err
	}
	if o := c.known(name); o != nil {
		return o, nil
	}
	return nil, permanent("see `syncline schema show` for the objects that this connection can see", "the tenant has no object %q", name)
}

// describe asks for objects, 25 a call, and remembers them. Those that the tenant lacks are left out.
func (c *conn) describe(ctx context.Context, names []string) error {
	for batch := range slices.Chunk(names, maxDescribe) {
		found, err := c.describeBatch(ctx, batch)
		if err != nil {
			return err
		}
		c.remember(ctx, found)
	}
	return nil
}

func (c *conn) remember(ctx context.Context, found []metaObject) {
	for _, m := range found {
		if m.ObjectName == "" {
			continue
		}
		o := newObject(m)
		if o.api == cockpitCTA || o.api == successPlan {
			o.offer(c.knownNames(ctx, o))
		}
		c.mu.Lock()
		c.objects[strings.ToLower(m.ObjectName)] = o
		c.mu.Unlock()
	}
}

// describeBatch tries the batch call; where that fails because of one of the names, or is not
// there, each object is asked for alone.
func (c *conn) describeBatch(ctx context.Context, names []string) ([]metaObject, error) {
	env, a, err := c.call(ctx, httpx.Request{Method: http.MethodPost, Path: "/v1/meta/services/objects/describe", Body: describeBody(names), Safe: true})
	if err == nil {
		found, err := decodeObjects(env.Data)
		if err != nil {
			return nil, c.client.Unreadable(a, true, err)
		}
		return found, nil
	}
	switch connectors.AsError(err).Class {
	case connectors.Auth, connectors.Limit, connectors.Retry:
		return nil, err
	}
	var all []metaObject
	for _, name := range names {
		found, err := c.describeOne(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// describeBody is the documented request; its booleans are texts there.
func describeBody(names []string) any {
	return map[string]any{
		"objectNames": names, "includeChilds": "false", "childLevels": "0", "populatePickListOptions": "true", "useCollectionId": "false",
		"removeDeleted": "true", "removeHidden": "false", "host": "MDA", "sortFieldsByLabel": "false", "populateFieldId": "false",
		"honorUserContext": "true", "honorCustomLookup": "true", "populateAutoSuggestDetails": "true", "externalContext": "false",
	}
}

// describeOne asks for one object with GET; an object that is not there gives none.
func (c *conn) describeOne(ctx context.Context, name string) ([]metaObject, error) {
	path := "/v1/meta/services/objects/" + url.PathEscape(name) + "/describe?ic=false&cl=0&idd=false&ihc=false&piec=false"
	env, a, err := c.call(ctx, httpx.Request{Path: path})
	if err != nil {
		e := connectors.AsError(err)
		if missingObject(e) || e.Code == "http_404" || noData(e) {
			return nil, nil
		}
		return nil, err
	}
	found, err := decodeObjects(env.Data)
	if err != nil {
		return nil, c.client.Unreadable(a, true, err)
	}
	return found, c.fillPicklists(ctx, found)
}

// fillPicklists asks for the items of picklists that came without them, as the GET form's do.
func (c *conn) fillPicklists(ctx context.Context, objects []metaObject) error {
	for i := range objects {
		for j := range objects[i].Fields {
			f := &objects[i].Fields[j]
			if len(f.Options) > 0 || f.Meta.Properties.Category == "" {
				continue
			}
			items, err := c.dropdown(ctx, f.Meta.Properties.Category)
			if err != nil {
				return err
			}
			f.Options = items
		}
	}
	return nil
}

// dropdown asks for the items of a picklist category.
func (c *conn) dropdown(ctx context.Context, category string) ([]metaOption, error) {
	env, a, err := c.call(ctx, httpx.Request{Path: "/v1/meta/services/dropdowns/" + url.PathEscape(category)})
	if err != nil {
		return nil, err
	}
	var d struct {
		Items []struct {
			Name   string `json:"name"`
			Gsid   string `json:"gsid"`
			System string `json:"systemName"`
			Active *flag  `json:"active"`
			Order  count  `json:"displayOrder"`
		} `json:"childItems"`
	}
	if err := json.Unmarshal(env.Data, &d); err != nil {
		return nil, c.client.Unreadable(a, true, err)
	}
	out := make([]metaOption, len(d.Items))
	for i, item := range d.Items {
		out[i] = metaOption{Active: item.Active, Label: item.Name, Value: item.Gsid, SystemName: item.System, Order: item.Order}
	}
	return out, nil
}
