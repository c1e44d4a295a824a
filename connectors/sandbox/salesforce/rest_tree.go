package salesforce

import (
	"net/http"
	"strings"
)

// treeResult is the result of one record of a tree.
type treeResult struct {
	ReferenceID string        `json:"referenceId"`
	ID          string        `json:"id,omitempty"`
	Errors      []recordError `json:"errors,omitempty"`
}

// tree answers /composite/tree: records with their children, created all or none.
func (s *System) tree(req *request, object string) *response {
	var in struct{ Records []map[string]any }
	if err := decode(req.body, &in); err != nil {
		return refused(err)
	}
	t := s.org.table(object)
	if t == nil {
		return refused(errNotFound())
	}
	w := &treeWriter{s: s, by: req.by}
	for _, rec := range in.Records {
		w.add(t, rec, "", "", 1)
	}
	if len(w.results)+len(w.failures) == 0 || w.count > maxCollection {
		return refused(fail("INVALID_INPUT", "a tree takes 1 to 200 records"))
	}
	if len(w.failures) > 0 {
		return &response{status: http.StatusBadRequest, body: toJSON(map[string]any{"hasErrors": true, "results": w.failures})}
	}
	return &response{status: http.StatusCreated, records: w.count, body: toJSON(map[string]any{"hasErrors": false, "results": w.results})}
}

type treeWriter struct {
	s                 *System
	by                actor
	count             int
	results, failures []treeResult
}

// add creates a record and its children; parent and ref tie it to the one above.
func (w *treeWriter) add(t *table, rec input, ref, parent string, depth int) {
	w.count++
	attributes, _ := rec["attributes"].(map[string]any)
	name, _ := attributes["referenceId"].(string)
	fields := input{}
	type kids struct {
		child
		list []any
	}
	var below []kids
	for k, v := range rec {
		rel, isChild := t.children[strings.ToLower(k)]
		nested, _ := v.(map[string]any)
		list, isList := nested["records"].([]any)
		if isChild && isList {
			below = append(below, kids{rel, list})
			continue
		}
		fields[k] = v
	}
	if parent != "" {
		fields[ref] = parent
	}
	id, err := w.s.org.create(t, fields, w.by)
	if err == nil && depth > 5 {
		err = fail("INVALID_INPUT", "a tree has at most five levels")
	}
	if err != nil {
		w.failures = append(w.failures, treeResult{ReferenceID: name, Errors: err.recordErrors()})
		return
	}
	w.results = append(w.results, treeResult{ReferenceID: name, ID: id})
	for _, k := range below {
		for _, x := range k.list {
			if child, isObject := x.(map[string]any); isObject {
				w.add(w.s.org.table(k.object), child, k.field, id, depth+1)
			}
		}
	}
}
