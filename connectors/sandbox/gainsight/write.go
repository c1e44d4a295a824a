package gainsight

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// maxRecords is the most records of a write, maxKeys the most fields an update may go by.
const (
	maxRecords = 50
	maxKeys    = 3
)

func newGsid(t *table) string {
	t.next++
	return world.Gsid(t.def.prefix, t.next)
}

// writeBody is the body of an insert or update.
type writeBody struct {
	Records []map[string]any         `json:"records"`
	Lookups map[string]*importLookup `json:"lookups"`
}

// importLookup resolves a field from other values of the record.
type importLookup struct {
	Fields     map[string]string `json:"fields"`
	Lookup     string            `json:"lookupField"`
	Object     string            `json:"objectName"`
	MultiMatch string            `json:"multiMatchOption"`
	OnNoMatch  string            `json:"onNoMatch"`
}

// opened reads a write and finds its object; what is wrong is answered. The lock is held when it is true.
func (s *System) opened(w http.ResponseWriter, r *http.Request) (*table, *writeBody) {
	var body writeBody
	if !readBody(w, r, &body) {
		return nil, nil
	}
	if len(body.Records) == 0 || len(body.Records) > maxRecords {
		refuse(w, http.StatusBadRequest, "GSOBJ_1002", "A call takes 1 to 50 records", nil)
		return nil, nil
	}
	s.mu.Lock()
	t := s.table(r.PathValue("object"))
	if t == nil || !t.def.writable {
		s.mu.Unlock()
		refuse(w, http.StatusBadRequest, "GSOBJ_1023", "Invalid API path: the object cannot be written through this API", nil)
		return nil, nil
	}
	return t, &body
}

func (s *System) insert(w http.ResponseWriter, r *http.Request) {
	t, body := s.opened(w, r)
	if t == nil {
		return
	}
	defer s.mu.Unlock()
	changes := make([]*change, len(body.Records))
	wrong := make([][]*fieldError, len(body.Records))
	for i, fields := range body.Records {
		e := s.resolve(t, fields, body.Lookups)
		changes[i], wrong[i] = s.check(t, nil, fields, false)
		wrong[i] = append(e, wrong[i]...)
	}
	s.finish(w, r, t, body, changes, wrong)
}

func (s *System) update(w http.ResponseWriter, r *http.Request) {
	keys := strings.Split(r.URL.Query().Get("keys"), ",")
	t, body := s.opened(w, r)
	if t == nil {
		return
	}
	defer s.mu.Unlock()
	if len(keys) > maxKeys || keys[0] == "" {
		refuse(w, http.StatusBadRequest, "GSOBJ_1002", "keys takes 1 to 3 fields", nil)
		return
	}
	for _, key := range keys {
		f := t.def.field(key)
		if f == nil || f.typ != tString && f.typ != tGsid && f.typ != tNumber && f.typ != tEmail {
			refuse(w, http.StatusBadRequest, "GSOBJ_1002", "Invalid key field "+key, nil)
			return
		}
	}
	var changes []*change
	wrong := make([][]*fieldError, len(body.Records))
	for i, fields := range body.Records {
		e := s.resolve(t, fields, body.Lookups)
		matched := s.match(t, keys, fields)
		if len(matched) == 0 {
			refuse(w, http.StatusBadRequest, "GSOBJ_1011", "No entity matches the given criteria", map[string]any{"count": 0, "errors": nil, "records": nil})
			return
		}
		for _, old := range matched {
			c, bad := s.check(t, old, fields, false)
			changes, wrong[i] = append(changes, c), append(e, bad...)
		}
	}
	s.finish(w, r, t, body, changes, wrong)
}

// match finds the records that have the values of a record's key fields.
func (s *System) match(t *table, keys []string, fields map[string]any) (out []*row) {
	wanted := map[*fieldDef]any{}
	for _, key := range keys {
		f := t.def.field(key)
		var v any
		for name, x := range fields {
			if strings.EqualFold(name, key) {
				v = x
			}
		}
		if v == nil {
			return nil
		}
		if f.typ == tGsid {
			if r := t.byID[fmt.Sprint(v)]; r != nil && len(keys) == 1 {
				return []*row{r}
			}
		}
		wanted[f], _ = f.filterValue(v)
	}
	for _, r := range t.sorted {
		ok := true
		for f, v := range wanted {
			ok = ok && v != nil && r.cells[f.slot] != nil && compare(r.cells[f.slot], v) == 0
		}
		if ok {
			out = append(out, r)
		}
	}
	return out
}

// resolve replaces pseudo-fields by the ids that they stand for.
func (s *System) resolve(t *table, fields map[string]any, lookups map[string]*importLookup) (wrong []*fieldError) {
	for target, l := range lookups {
		other := s.table(l.Object)
		if other == nil {
			return append(wrong, &fieldError{"Invalid lookup object", "GSOBJ_1002", target, l.Object})
		}
		match := map[string]any{}
		var keys []string
		for pseudo, field := range l.Fields {
			match[field] = fields[pseudo]
			keys = append(keys, field)
			delete(fields, pseudo)
		}
		found := s.match(other, keys, match)
		switch {
		case len(found) == 0 && (l.OnNoMatch == "" || l.OnNoMatch == "ERROR"), len(found) > 1 && l.MultiMatch == "MARKASERROR":
			wrong = append(wrong, &fieldError{"Lookup found no match", "GSOBJ_1002", target, match})
		case len(found) == 0:
			fields[target] = nil
		default:
			fields[target] = found[0].id
		}
	}
	return wrong
}

// finish commits a write when nothing in it is wrong, and answers.
func (s *System) finish(w http.ResponseWriter, r *http.Request, t *table, body *writeBody, changes []*change, wrong [][]*fieldError) {
	for _, list := range wrong {
		if len(list) > 0 {
			s.refuseRecords(w, list[0], wrong)
			return
		}
	}
	rows := s.commit(t, changes)
	harness.CountRecords(r.Context(), len(rows))
	records := make([]json.RawMessage, len(rows))
	for i, row := range rows {
		records[i] = echo(t, row, body.Records[min(i, len(body.Records)-1)])
	}
	answer(w, map[string]any{"count": len(rows), "errors": nil, "records": records})
}

// refuseRecords answers a write that is refused whole, with an account of each record.
func (s *System) refuseRecords(w http.ResponseWriter, first *fieldError, wrong [][]*fieldError) {
	var errors any
	if !s.options.BlindErrors {
		list := make([][]any, len(wrong))
		for i, faults := range wrong {
			list[i] = []any{}
			for _, e := range faults {
				list[i] = append(list[i], map[string]any{"success": false, "parsedValue": e.Invalid, "errors": []any{e}})
			}
		}
		errors = list
	}
	refuse(w, http.StatusBadRequest, first.Code, first.describe(), map[string]any{"count": 0, "errors": errors, "records": nil})
}

// echo is a record in the answer of a write: what was sent, and its Gsid.
func echo(t *table, r *row, sent map[string]any) json.RawMessage {
	out := []byte{'{'}
	for name := range sent {
		if f := t.def.field(name); f != nil && f.typ != tGsid {
			out = append(appendText(out, name), ':')
			out = append(appendCell(out, r.cells[f.slot], false), ',')
		}
	}
	out = append(out, `"Gsid":`...)
	return append(appendText(out, r.id), '}')
}

func (s *System) deleteOne(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(r.PathValue("object"))
	if t == nil || !t.def.writable {
		refuse(w, http.StatusBadRequest, "GSOBJ_1023", "Invalid API path: the object cannot be deleted through this API", nil)
		return
	}
	if !s.remove(t, r.PathValue("gsid")) {
		refuse(w, http.StatusBadRequest, "GSOBJ_1011", "No entity matches the given criteria", nil)
		return
	}
	harness.CountRecords(r.Context(), 1)
	answer(w, "Record deleted successfully")
}

// remove deletes a record and notes it in the log of deletions.
func (s *System) remove(t *table, id string) bool {
	if !t.remove(id) {
		return false
	}
	if log := s.table("record_delete_log"); log != nil {
		now := s.stamp()
		r := &row{id: newGsid(log), modified: now, cells: make([]any, len(log.def.fields))}
		for name, v := range map[string]any{"Gsid": r.id, "RecordId": id, "ObjectName": t.def.name, "DeletedOn": now, "CreatedDate": now, "ModifiedDate": now} {
			r.cells[log.def.field(name).slot] = v
		}
		log.put([]*row{r})
	}
	return true
}
