package gainsight

import (
	"net/http"
	"strings"
)

func (s *System) listObjects(w http.ResponseWriter, _ *http.Request) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []map[string]any
	for _, o := range s.catalog.order {
		if s.catalog.objects[o.name] == nil {
			continue
		}
		list = append(list, map[string]any{"objectName": o.name, "label": o.label, "objectType": o.typ, "keyPrefix": o.prefix, "transactional": o.typ == "CUSTOM",
			"multiCurrencySupported": false, "readable": true, "createable": o.typ != "SYSTEM", "schemaUpdateable": o.typ != "SYSTEM"})
	}
	writeJSON(w, http.StatusOK, map[string]any{"requestId": requestID(), "result": true, "data": list})
}

func (s *System) describeMany(w http.ResponseWriter, r *http.Request) {
	var body struct {
		ObjectNames []string `json:"objectNames"`
		Options     any      `json:"populatePickListOptions"`
	}
	if !readBody(w, r, &body) {
		return
	}
	if len(body.ObjectNames) == 0 || len(body.ObjectNames) > 25 {
		refuse(w, http.StatusBadRequest, "GSOBJ_1002", "objectNames takes 1 to 25 names", nil)
		return
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []map[string]any
	for _, name := range body.ObjectNames {
		def := s.catalog.objects[strings.ToLower(name)]
		if def == nil {
			objectNotFound(w)
			return
		}
		list = append(list, describe(def, body.Options == true || body.Options == "true"))
	}
	writeJSON(w, http.StatusOK, map[string]any{"requestId": requestID(), "result": true, "data": list})
}

func (s *System) describeOne(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	def := s.catalog.objects[strings.ToLower(r.PathValue("object"))]
	if def == nil {
		objectNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"requestId": requestID(), "result": true, "data": []any{describe(def, r.URL.Query().Get("piec") == "true")}})
}

func objectNotFound(w http.ResponseWriter) {
	writeJSON(w, http.StatusBadRequest, map[string]any{"result": false, "title": "OBJECT_NOT_FOUND", "errorCode": nil, "errorDesc": "Requested object not found.", "requestId": requestID(), "data": nil})
}

func describe(o *objectDef, options bool) map[string]any {
	fields := make([]any, len(o.fields))
	for i, f := range o.fields {
		fields[i] = describeField(o, f, options)
	}
	return map[string]any{"objectName": o.name, "label": o.label, "labelPlural": o.label + "s", "objectType": o.typ, "keyPrefix": o.prefix, "fields": fields}
}

func describeField(o *objectDef, f *fieldDef, options bool) map[string]any {
	group := "STANDARD"
	if strings.HasSuffix(f.name, "__gc") {
		group = "CUSTOM"
	}
	if f.system {
		group = "SYSTEM"
	}
	multi := f.typ == tMulti
	properties := map[string]any{"sourceType": f.typ}
	meta := map[string]any{"properties": properties, "filterable": true, "sortable": !multi, "groupable": !multi, "createable": !f.system, "updateable": !f.system,
		"formulaField": false, "hasLookup": f.typ == tLookup, "required": f.required, "richText": f.typ == tRich, "nillable": !f.required, "readOnly": f.system,
		"dependentPicklist": false, "fieldGroupType": group, "selfLookup": f.target == o.name, "indexed": false, "decimalPlaces": f.decimals, "hidden": false,
		"nameField": f.name == "Name", "aggregatable": f.typ == tNumber || f.typ == tCurrency, "description": ""}
	if f.length > 0 {
		meta["length"] = f.length
	}
	out := map[string]any{"fieldName": f.name, "label": f.label, "dataType": f.typ, "objectName": o.name, "meta": meta}
	switch {
	case f.typ == tLookup:
		properties["sourceType"] = "GSID"
		properties["SEARCH_CONTROLLER"] = "AUTO_SUGGEST"
		properties["autoSuggestDetails"] = map[string]any{"object": f.target, "dataStore": "HAPOSTGRES", "connectionType": "MDA", "connectionId": "MDA"}
		meta["lookupDetail"] = map[string]any{"lookupName": f.link, "fieldName": "Gsid", "fieldDBName": "gsid", "fieldLabel": "GSID", "lookupId": "l-" + strings.ToLower(f.name),
			"lookupObjects": []any{map[string]any{"id": "o-" + f.target, "objectName": f.target, "dbName": f.target, "label": f.target}}}
		meta["onDeleteOperation"] = "None"
	case f.picks != nil:
		properties["PICKLIST_CATEGORY"], properties["PICKLIST_CATEGORY_ID"] = f.picks.name, f.picks.id
		if options {
			out["options"] = describeOptions(f.picks)
		}
	}
	return out
}

func describeOptions(cat *category) []any {
	out := make([]any, len(cat.items))
	for i, o := range cat.items {
		out[i] = map[string]any{"active": o.active, "defaultValue": false, "label": o.label, "value": o.id, "displayOrder": i + 1, "group": nil, "groupId": cat.id,
			"color": nil, "controllerValues": nil, "validFor": nil, "description": "", "systemName": o.label}
	}
	return out
}

func (s *System) dropdown(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	cat := s.catalog.categories[r.PathValue("category")]
	if cat == nil {
		refuse(w, http.StatusBadRequest, "GSOBJ_1011", "No entity matches the given criteria", nil)
		return
	}
	at := s.world.Today.AddDate(-3, 0, 0).UnixMilli()
	items := make([]any, len(cat.items))
	for i, o := range cat.items {
		items[i] = map[string]any{"name": o.label, "systemName": o.label, "description": "", "displayOrder": i + 1, "shortName": "", "color": nil, "active": o.active,
			"systemDefined": false, "default": false, "deleted": false, "categoryId": cat.id, "gsid": o.id, "createdAt": at, "modifiedAt": at}
	}
	answer(w, map[string]any{"categoryDetails": map[string]any{"name": cat.name, "description": "", "type": "SYSTEM", "count": len(items), "limit": 500,
		"variant": "SINGLE_SELECT", "systemName": cat.name, "gsid": cat.id, "deleted": false, "createdAt": at, "modifiedAt": at}, "childItems": items})
}
