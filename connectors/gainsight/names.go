package gainsight

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/schema"
)

// cockpitNames are the fields by which the Cockpit API takes names where the object holds ids, and the category that
// lists the names of calls to action.
var cockpitNames = []struct{ name, id, write, category string }{
	{"Type", "TypeId", "type", "CTA_TYPE"}, {"Reason", "ReasonId", "reason", "CTA_REASON"},
	{"Status", "StatusId", "status", "CTA_STATUS"}, {"Priority", "PriorityId", "priority", "CTA_PRIORITY"},
}

// addCockpitNames gives calls to action and tasks the fields Type, Reason, Status and Priority: names, read through the lookup
// and written as the Cockpit API takes them.
func (o *object) addCockpitNames() {
	if o.api != cockpitCTA && o.api != cockpitTask {
		return
	}
	for _, n := range cockpitNames {
		if own := o.folded[strings.ToLower(n.name)]; own != nil {
			own.write = n.write
			continue
		}
		id := o.folded[strings.ToLower(n.id)]
		if id == nil {
			continue
		}
		label := strings.TrimSuffix(id.schema.Label, " Id")
		if label == "" {
			label = n.name
		}
		f := &field{form: formText, write: n.write, schema: schema.Field{Name: n.name, Label: label, Kind: schema.Text, Length: 255,
			Nullable: true, Createable: true, Updateable: true, Filterable: true}}
		switch {
		case id.form == formPick:
			f.form, f.picks, f.wire = formPick, id.picks, id.schema.Name
			f.schema.Kind, f.schema.Values, f.schema.Restricted = schema.Picklist, id.schema.Values, true
		case id.link != "":
			f.wire = id.link + ".Name"
		default:
			continue
		}
		o.add(f)
	}
}

// offer makes the names that the tenant knows the values of these fields. The list may not be all of them, as types can
// have reasons of their own, so other values are not refused.
func (o *object) offer(names map[string][]string) {
	for _, n := range cockpitNames {
		f := o.fields[n.name]
		if f == nil || f.picks != nil || len(names[n.category]) == 0 {
			continue
		}
		f.schema.Kind, f.schema.Values = schema.Picklist, nil
		for _, name := range names[n.category] {
			f.schema.Values = append(f.schema.Values, schema.Choice{Value: name})
		}
	}
}

// cockpitNames asks for the names that calls to action can have, by category. The answer's shape is not documented: what
// is not understood is left out, and a failure only means that the checker knows less.
func (c *conn) cockpitNames(ctx context.Context) map[string][]string {
	categories := make([]string, len(cockpitNames))
	for i, n := range cockpitNames {
		categories[i] = n.category
	}
	env, _, err := c.call(ctx, httpx.Request{Path: "/v2/cockpit/admin/picklist/lite?category=" + strings.Join(categories, ",") + "&et=COMPANY"})
	if err != nil {
		c.log.DebugContext(ctx, "cannot list the names of calls to action", "connection", c.config.Name, "error", err)
		return nil
	}
	return readNames(env.Data, categories)
}

// readNames finds the lists of names that stand under the categories.
func readNames(data json.RawMessage, categories []string) map[string][]string {
	out := map[string][]string{}
	var byCategory map[string]json.RawMessage
	if json.Unmarshal(data, &byCategory) != nil {
		return out
	}
	for _, category := range categories {
		var items []map[string]any
		if json.Unmarshal(byCategory[category], &items) != nil {
			continue
		}
		for _, item := range items {
			name, _ := first(item, "Name", "name", "label", "Label").(string)
			active, stated := first(item, "Active", "active").(bool)
			if name != "" && (active || !stated) && !slices.Contains(out[category], name) {
				out[category] = append(out[category], name)
			}
		}
	}
	return out
}
