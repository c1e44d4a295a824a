package gainsight

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/schema"
)

// namedField is a field by which an API takes names where the object holds ids, and the category that lists the names.
type namedField struct{ name, id, write, category string }

// ctaNames are those of calls to action and their tasks; the categories are those of calls to action.
var ctaNames = []namedField{
	{"Type", "TypeId", "type", "CTA_TYPE"}, {"Reason", "ReasonId", "reason", "CTA_REASON"},
	{"Status", "StatusId", "status", "CTA_STATUS"}, {"Priority", "PriorityId", "priority", "CTA_PRIORITY"},
}

// planNames are those of success plans.
var planNames = []namedField{
	{"Type", "TypeId", "SuccessPlanType", "SUCCESS_PLAN_TYPE"}, {"Status", "StatusId", "status", "SUCCESS_PLAN_STATUS"},
}

// names are the fields of this kind that the API of an object has.
func (a api) names() []namedField {
	switch a {
	case cockpitCTA, cockpitTask:
		return ctaNames
	case successPlan:
		return planNames
	}
	return nil
}

// addNames gives calls to action, tasks and success plans fields such as Type and Status: names, read through the lookup
// and written as the API takes them.
func (o *object) addNames() {
	for _, n := range o.api.names() {
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
	for _, n := range o.api.names() {
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

// knownNames asks for the names that calls to action or success plans can have, by category. The answer's shape is not
// documented: what is not understood is left out, and a failure only means that the checker knows less.
func (c *conn) knownNames(ctx context.Context, o *object) map[string][]string {
	var categories []string
	for _, n := range o.api.names() {
		categories = append(categories, n.category)
	}
	path := "/v2/cockpit"
	if o.api == successPlan {
		path = "/v2/successPlan"
	}
	env, _, err := c.call(ctx, httpx.Request{Path: path + "/admin/picklist/lite?category=" + strings.Join(categories, ",") + "&et=COMPANY"})
	if err != nil {
		c.log.DebugContext(ctx, "cannot list the names that an object's fields take", "object", o.name, "error", err)
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
