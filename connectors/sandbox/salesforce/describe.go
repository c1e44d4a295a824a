package salesforce

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strings"
)

// recorded are describe responses of real orgs, see describe/LICENSE.
//
//go:embed describe/*.json.gz
var recorded embed.FS

// versionMark stands in stored answers where the version of the caller's path belongs.
const versionMark = "/services/data/v0.0/"

// description is a describe response that is still being worked on.
type description map[string]any

// recordedObject reads one of the recorded responses. What that org had added for itself is dropped.
func recordedObject(name string) (description, error) {
	data, err := recorded.ReadFile("describe/" + name + ".json.gz")
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	data, err = io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	d, err := parseDescription(data)
	if err != nil {
		return nil, err
	}
	d.setFields(slices.DeleteFunc(d.fields(), func(f map[string]any) bool { return strings.HasSuffix(f["name"].(string), "__c") }))
	return d, nil
}

// parseDescription reads a describe response and refuses what is none.
func parseDescription(data []byte) (description, error) {
	var d description
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("not a describe response: %w", err)
	}
	if name, _ := d["name"].(string); name == "" {
		return nil, errors.New(`not a describe response: there is no "name"; save the answer of GET /services/data/vXX.0/sobjects/OBJECT/describe`)
	}
	list, _ := d["fields"].([]any)
	if len(list) == 0 {
		return nil, fmt.Errorf("the describe response of %v has no fields", d["name"])
	}
	for i, f := range list {
		m, _ := f.(map[string]any)
		name, _ := m["name"].(string)
		typ, _ := m["type"].(string)
		if name == "" || typ == "" {
			return nil, fmt.Errorf("field %d of the describe response of %v has no name or no type", i+1, d["name"])
		}
	}
	return d, nil
}

func (d description) name() string { return d["name"].(string) }

func (d description) fields() []map[string]any {
	list, _ := d["fields"].([]any)
	out := make([]map[string]any, len(list))
	for i, f := range list {
		out[i] = f.(map[string]any)
	}
	return out
}

func (d description) setFields(fields []map[string]any) {
	list := make([]any, len(fields))
	for i, f := range fields {
		list[i] = f
	}
	d["fields"] = list
}

// field finds a field, nil when there is none.
func (d description) field(name string) map[string]any {
	for _, f := range d.fields() {
		if strings.EqualFold(f["name"].(string), name) {
			return f
		}
	}
	return nil
}

// add adds fields, or replaces those of the same name.
func (d description) add(fields ...map[string]any) {
	list := d.fields()
	for _, f := range fields {
		list = slices.DeleteFunc(list, func(x map[string]any) bool { return strings.EqualFold(x["name"].(string), f["name"].(string)) })
		list = append(list, f)
	}
	d.setFields(list)
}

// addValues adds values to a picklist.
func (d description) addValues(field string, values ...string) {
	f := d.field(field)
	list, _ := f["picklistValues"].([]any)
	for _, v := range values {
		list = append(list, choice(v, false))
	}
	f["picklistValues"] = list
}

func choice(v string, preset bool) any {
	return map[string]any{"active": true, "defaultValue": preset, "label": v, "validFor": nil, "value": v}
}

// globalKeys are the keys of an entry in the list of objects; the full answer has them too.
var globalKeys = []string{"activateable", "associateEntityType", "associateParentEntity", "createable", "custom", "customSetting", "deepCloneable", "deletable",
	"deprecatedAndHidden", "feedEnabled", "hasSubtypes", "isInterface", "isSubtype", "keyPrefix", "label", "labelPlural", "layoutable", "mergeable",
	"mruEnabled", "name", "queryable", "replicateable", "retrieveable", "searchable", "triggerable", "undeletable", "updateable"}

// complete sets the keys that any describe response has.
func (d description) complete() {
	name := d.name()
	for key, preset := range map[string]any{
		"actionOverrides": []any{}, "compactLayoutable": true, "defaultImplementation": nil, "extendedBy": nil, "extendsInterfaces": nil,
		"implementedBy": nil, "implementsInterfaces": nil, "listviewable": nil, "lookupLayoutable": nil, "namedLayoutInfos": []any{},
		"networkScopeFieldName": nil, "searchLayoutable": true, "sobjectDescribeOption": "FULL", "label": name, "labelPlural": name + "s",
		"associateEntityType": nil, "associateParentEntity": nil, "childRelationships": []any{},
		"supportedScopes": []any{map[string]any{"label": "All " + name, "name": "everything"}, map[string]any{"label": "My " + name, "name": "mine"}},
	} {
		if _, ok := d[key]; !ok {
			d[key] = preset
		}
	}
	for _, key := range globalKeys {
		if _, ok := d[key]; !ok {
			switch key {
			case "createable", "updateable", "deletable", "queryable", "replicateable", "retrieveable", "searchable", "layoutable", "triggerable", "undeletable":
				d[key] = true
			default:
				d[key] = false
			}
		}
	}
	d["urls"] = urls(name)
	d["recordTypeInfos"] = []any{map[string]any{"active": true, "available": true, "defaultRecordTypeMapping": true, "developerName": "Master", "master": true, "name": "Master",
		"recordTypeId": "012000000000000AAA", "urls": map[string]any{"layout": versionMark + "sobjects/" + name + "/describe/layouts/012000000000000AAA"}}}
}

func urls(name string) map[string]any {
	base := versionMark + "sobjects/" + name
	return map[string]any{"sobject": base, "describe": base + "/describe", "rowTemplate": base + "/{ID}", "layouts": base + "/describe/layouts",
		"compactLayouts": base + "/describe/compactLayouts", "approvalLayouts": base + "/describe/approvalLayouts", "listviews": base + "/listviews",
		"quickActions": base + "/quickActions", "defaultValues": base + "/defaultValues?recordTypeId&fields"}
}

// build makes objects of descriptions: fields typed, relationships tied, answers written.
func build(list []description) (map[string]*object, error) {
	objects := map[string]*object{}
	for _, d := range list {
		d.complete()
		o := &object{name: d.name(), children: map[string]child{}, childNames: map[string]string{}}
		o.label, _ = d["label"].(string)
		o.prefix, _ = d["keyPrefix"].(string)
		if len(o.prefix) != 3 {
			return nil, fmt.Errorf("object %s has no keyPrefix of three characters", o.name)
		}
		o.custom, _ = d["custom"].(bool)
		o.createable, _ = d["createable"].(bool)
		o.updateable, _ = d["updateable"].(bool)
		o.deletable, _ = d["deletable"].(bool)
		o.feedEnabled, _ = d["feedEnabled"].(bool)
		o.queryable, _ = d["queryable"].(bool)
		for _, f := range d.fields() {
			o.fields = append(o.fields, fieldOf(f))
		}
		o.index()
		for _, other := range objects {
			if other.prefix == o.prefix {
				return nil, fmt.Errorf("objects %s and %s have the same keyPrefix %s", other.name, o.name, o.prefix)
			}
		}
		objects[strings.ToLower(o.name)] = o
	}
	for _, d := range list {
		if err := objects[strings.ToLower(d.name())].tie(d, objects); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// tie keeps the child relationships whose objects are there, and writes the answers.
func (o *object) tie(d description, objects map[string]*object) error {
	kept := []any{}
	all, _ := d["childRelationships"].([]any)
	for _, x := range all {
		rel, _ := x.(map[string]any)
		name, _ := rel["childSObject"].(string)
		key, _ := rel["field"].(string)
		other := objects[strings.ToLower(name)]
		if other == nil || other.field(key) == nil {
			continue
		}
		kept = append(kept, rel)
		if cascade, _ := rel["cascadeDelete"].(bool); cascade {
			o.cascades = append(o.cascades, child{other.name, other.field(key).name})
		}
		if path, _ := rel["relationshipName"].(string); path != "" {
			o.children[strings.ToLower(path)] = child{other.name, other.field(key).name}
			o.childNames[strings.ToLower(path)] = path
		}
	}
	d["childRelationships"] = kept
	full, err := json.Marshal(d)
	if err != nil {
		return err
	}
	entry := map[string]any{"urls": map[string]any{}}
	for _, key := range globalKeys {
		entry[key] = d[key]
	}
	u := urls(o.name)
	entry["urls"] = map[string]any{"sobject": u["sobject"], "describe": u["describe"], "rowTemplate": u["rowTemplate"]}
	if o.global, err = json.Marshal(entry); err != nil {
		return err
	}
	h := fnv.New32a()
	_, _ = h.Write(full)
	o.describe, o.etag = full, fmt.Sprintf(`"%08x"`, h.Sum32())
	return nil
}
