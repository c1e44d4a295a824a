package gainsight

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

// maxPage is the most records of a list of the Cockpit API.
const maxPage = 1000

// cockpitBody is the body of a create or update.
type cockpitBody struct {
	Requests []struct {
		Record map[string]any `json:"record"`
	} `json:"requests"`
	Lookups map[string]*importLookup `json:"lookups"`
}

// byName are the fields that Cockpit takes as names, and the fields that hold their ids.
var byName = map[string]string{"type": "TypeId", "successplantype": "TypeId", "reason": "ReasonId", "status": "StatusId", "priority": "PriorityId"}

// cockpitMust are the fields that a create must give.
var cockpitMust = map[string][]string{
	"call_to_action": {"Name", "CompanyId", "TypeId", "ReasonId", "StatusId", "PriorityId"},
	"cs_task":        {"Name", "CtaId"},
	"cta_group":      {"Name", "CompanyId"},
}

func (s *System) cockpitCreate(object string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.cockpitWrite(w, r, object, false) }
}

func (s *System) cockpitUpdate(object string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.cockpitWrite(w, r, object, true) }
}

// cockpitWrite writes each request by itself: some may fail and others succeed.
func (s *System) cockpitWrite(w http.ResponseWriter, r *http.Request, object string, update bool) {
	var body cockpitBody
	if !readBody(w, r, &body) {
		return
	}
	if len(body.Requests) == 0 || len(body.Requests) > maxRecords {
		refuse(w, http.StatusBadRequest, "COCKPIT_5001", "requests takes 1 to 50 records", nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(object)
	out := cockpitAnswer{success: []any{}, failure: []any{}, records: []any{}}
	for i, req := range body.Requests {
		ref := fmt.Sprint(req.Record["referenceId"])
		if req.Record["referenceId"] == nil {
			out.fail(fmt.Sprint(i), &fieldError{"referenceId is mandatory", "COCKPIT_5002", "referenceId", nil})
			continue
		}
		delete(req.Record, "referenceId")
		row, e := s.cockpitOne(t, req.Record, body.Lookups, update)
		if e != nil {
			out.fail(ref, e)
			continue
		}
		out.ok(ref, row.id)
		harness.CountRecords(r.Context(), 1)
	}
	if s.options.CockpitRecords {
		answer(w, map[string]any{"records": out.records})
		return
	}
	answer(w, map[string]any{"success": out.success, "failure": out.failure})
}

type cockpitAnswer struct{ success, failure, records []any }

func (a *cockpitAnswer) ok(ref, id string) {
	a.success = append(a.success, map[string]any{ref: id})
	a.records = append(a.records, map[string]any{"referenceId": ref, "Gsid": id})
}

func (a *cockpitAnswer) fail(ref string, e *fieldError) {
	a.failure = append(a.failure, map[string]any{ref: e.describe()})
	a.records = append(a.records, map[string]any{"referenceId": ref, "errorCode": e.Code, "errorMessage": e.describe()})
}

// cockpitOne writes one request.
func (s *System) cockpitOne(t *table, fields map[string]any, lookups map[string]*importLookup, update bool) (*row, *fieldError) {
	if wrong := s.resolve(t, fields, lookups); len(wrong) > 0 {
		return nil, wrong[0]
	}
	var old *row
	if update {
		if old = t.byID[fmt.Sprint(fields["Gsid"])]; old == nil {
			return nil, &fieldError{"No entity matches the given criteria", "GSOBJ_1011", "Gsid", fields["Gsid"]}
		}
	}
	named := make(map[string]any, len(fields))
	for name, v := range fields {
		id, ok := byName[strings.ToLower(name)]
		if !ok || t.def.field(id) == nil {
			named[name] = v
			continue
		}
		named[id] = v
	}
	for _, must := range cockpitMust[t.def.name] {
		if _, ok := named[must]; !ok && !update {
			return nil, &fieldError{"Mandatory field is missing", "COCKPIT_5003", must, nil}
		}
	}
	c, wrong := s.check(t, old, named, false)
	if len(wrong) > 0 {
		return nil, wrong[0]
	}
	s.inherit(t, c)
	return s.commit(t, []*change{c})[0], nil
}

// inherit sets what a new record takes from what it belongs to.
func (s *System) inherit(t *table, c *change) {
	if c.old != nil {
		return
	}
	if f := t.def.field("EntityType"); f != nil {
		c.cells[f.slot] = "COMPANY"
	}
	if t.def.name == "cs_task" {
		ctas := s.table("call_to_action")
		id, _ := c.cells[t.def.field("CtaId").slot].(string)
		if cta := ctas.byID[id]; cta != nil && c.cells[t.def.field("CompanyId").slot] == nil {
			c.cells[t.def.field("CompanyId").slot] = ctas.get(cta, "companyid")
		}
	}
	for _, name := range []string{"StatusId", "PriorityId"} {
		if f := t.def.field(name); f != nil && c.cells[f.slot] == nil {
			c.cells[f.slot] = f.picks.items[0].id
		}
	}
}

// listBody is the body of a list of the Cockpit API.
type listBody struct {
	Select     []string   `json:"select"`
	Where      *whereBody `json:"where"`
	PageSize   int        `json:"pageSize"`
	PageNumber int        `json:"pageNumber"`
	Deleted    bool       `json:"includeonlyDeletedRecords"`
}

// listDefaults are the fields that a list always has.
var listDefaults = map[string][]string{
	"call_to_action": {"Gsid", "Name", "CompanyId", "DueDate", "EntityType", "IsClosed", "IsImportant", "OwnerId", "PriorityId", "PriorityId__gr.Name", "StatusId",
		"StatusId__gr.Name", "ReasonId", "ReasonId__gr.Name", "TypeId", "TypeId__gr.Name"},
	"cs_task":   {"Gsid", "Name", "CtaId", "DueDate", "OwnerId", "StatusId", "StatusId__gr.Name", "PriorityId", "PriorityId__gr.Name"},
	"cta_group": {"Gsid", "Name", "CompanyId", "DueDate", "OwnerId", "StatusId", "StatusId__gr.Name", "TypeId", "TypeId__gr.Name"},
}

func (s *System) cockpitList(object string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body listBody
		if !readBody(w, r, &body) {
			return
		}
		if body.Deleted {
			s.answerDeleted(w, r, object, &body)
			return
		}
		s.answerList(w, r, object, &body)
	}
}

func (s *System) answerList(w http.ResponseWriter, r *http.Request, object string, body *listBody) {
	if body.PageSize == 0 {
		body.PageSize = 100
	}
	if body.PageSize < 1 || body.PageSize > maxPage || body.PageNumber < 0 {
		refuse(w, http.StatusBadRequest, "COCKPIT_5102", "pageSize should be between 1 and 1000", map[string]any{})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table(object)
	var paths []*path
	for _, name := range append(append([]string(nil), listDefaults[object]...), body.Select...) {
		p, err := s.path(t.def, name)
		if err != nil {
			refuse(w, http.StatusOK, "COCKPIT_5101", "Invalid fields in select clause - "+name, map[string]any{})
			return
		}
		paths = append(paths, p)
	}
	rows, err := s.find(t, body.Where, nil, max(body.PageNumber-1, 0)*body.PageSize, body.PageSize)
	if err != nil {
		refuse(w, http.StatusOK, "COCKPIT_5103", err.Error(), map[string]any{})
		return
	}
	list := make([]map[string]any, len(rows))
	for i, row := range rows {
		list[i] = map[string]any{}
		for _, p := range paths {
			// Null fields are left out; dates are ISO here.
			switch v := p.value(row).(type) {
			case nil:
			case day:
				list[i][p.name] = showCell(p.last, v, nil).(string) + "T00:00:00Z"
			case instant:
				list[i][p.name] = showCell(p.last, v, nil)
			case multi:
				list[i][p.name] = strings.Join(v, ";")
			default:
				list[i][p.name] = v
			}
		}
	}
	harness.CountRecords(r.Context(), len(rows))
	answer(w, list)
}

func (s *System) cockpitDeleted(object string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body listBody
		if readBody(w, r, &body) {
			s.answerDeleted(w, r, object, &body)
		}
	}
}

// answerDeleted lists what was deleted, from the log.
func (s *System) answerDeleted(w http.ResponseWriter, r *http.Request, object string, body *listBody) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []any{}
	if log := s.table("record_delete_log"); log != nil {
		for _, row := range log.recent {
			if log.get(row, "objectname") == object {
				list = append(list, map[string]any{"Gsid": log.get(row, "recordid"), "DeletedOn": showCell(log.def.field("DeletedOn"), log.get(row, "deletedon"), nil)})
			}
		}
	}
	harness.CountRecords(r.Context(), len(list))
	writeJSON(w, http.StatusOK, map[string]any{"result": true, "requestId": requestID(), "data": list, "pageSize": max(body.PageSize, 100), "currentPageNum": max(body.PageNumber, 1),
		"localizedErrorDesc": nil, "localizedMessage": nil})
}

// tasksOf lists the tasks of one call to action.
func (s *System) tasksOf(w http.ResponseWriter, r *http.Request) {
	s.answerList(w, r, "cs_task", &listBody{PageSize: maxPage, Where: &whereBody{Expression: "A",
		Conditions: []conditionBody{{FieldName: "CtaId", Alias: "A", Operator: "EQ", Value: []any{r.PathValue("cta")}}}}})
}

// picklistLite gives the names that Cockpit knows, by category.
func (s *System) picklistLite(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string]any{}
	for name := range strings.SplitSeq(r.URL.Query().Get("category"), ",") {
		for _, cat := range s.catalog.categories {
			if cat.name != name {
				continue
			}
			items := []any{}
			for _, o := range cat.items {
				items = append(items, map[string]any{"Gsid": o.id, "Name": o.label, "Active": o.active})
			}
			out[name] = items
		}
	}
	answer(w, out)
}
