package gainsight

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

// listUsers is the list of the user service.
func (s *System) listUsers(w http.ResponseWriter, r *http.Request) {
	var q struct {
		queryBody
		Page         int  `json:"page"`
		IncludeTotal bool `json:"includeTotal"`
	}
	if !readBody(w, r, &q) {
		return
	}
	limit := 25
	if q.Limit != nil {
		limit = min(max(*q.Limit, 1), maxPage)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table("gsuser")
	if len(q.Select) == 0 {
		q.Select = []string{"Gsid", "Name", "Email", "IsActiveUser"}
	}
	rows, err := s.find(t, q.Where, q.OrderBy, q.Page*limit, limit)
	list := make([]map[string]any, len(rows))
	for _, name := range q.Select {
		p, e := s.path(t.def, name)
		if e != nil {
			err = e
			break
		}
		for i, row := range rows {
			if list[i] == nil {
				list[i] = map[string]any{}
			}
			list[i][name] = showCell(p.last, p.value(row), nil)
		}
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "GU_2403", err.Error(), nil)
		return
	}
	harness.CountRecords(r.Context(), len(rows))
	data := map[string]any{"data": list}
	if q.IncludeTotal {
		data["total"] = len(t.sorted)
	}
	answer(w, data)
}

// upsertPerson creates or changes the person with an email, and the links to companies.
func (s *System) upsertPerson(w http.ResponseWriter, r *http.Request) {
	var fields map[string]any
	if !readBody(w, r, &fields) {
		return
	}
	email, _ := fields["Email"].(string)
	if email == "" {
		refuse(w, http.StatusBadRequest, "GSOBJ_VDTEMAIL1001", "Email is mandatory", nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	people, links := s.table("person"), s.table("company_person")
	companies, _ := fields["companies"].([]any)
	delete(fields, "companies")
	delete(fields, "relationships")
	var old *row
	if found := s.match(people, []string{"Email"}, map[string]any{"Email": email}); len(found) > 0 {
		old = found[0]
	}
	if old == nil && fields["Name"] == nil {
		fields["Name"] = strings.TrimSpace(fmt.Sprint(fields["FirstName"], " ", fields["LastName"]))
	}
	c, wrong := s.check(people, old, fields, false)
	if len(wrong) > 0 {
		code := map[string]string{"GSOBJ_1002": "GSOBJ_VCRUDR1002", "GSOBJ_1008": "GSOBJ_VDTBSTR1001"}[wrong[0].Code]
		if code == "" {
			code = wrong[0].Code
		}
		refuse(w, http.StatusBadRequest, code, wrong[0].describe(), nil)
		return
	}
	person := s.commit(people, []*change{c})[0]
	for _, x := range companies {
		link, _ := x.(map[string]any)
		if e := s.link(links, person, link); e != nil {
			refuse(w, http.StatusBadRequest, e.Code, e.describe(), nil)
			return
		}
	}
	harness.CountRecords(r.Context(), 1)
	answer(w, map[string]any{"Gsid": person.id, "Email": email})
}

// link ties a person to a company.
func (s *System) link(links *table, person *row, fields map[string]any) *fieldError {
	company := fmt.Sprint(fields["Company_ID"])
	var old *row
	for _, r := range links.sorted {
		if links.get(r, "person_id") == person.id && links.get(r, "company_id") == company {
			old = r
		}
	}
	named := map[string]any{"Person_ID": person.id}
	for k, v := range fields {
		named[k] = v
	}
	c, wrong := s.check(links, old, named, false)
	if len(wrong) > 0 {
		return wrong[0]
	}
	s.commit(links, []*change{c})
	return nil
}

// insertActivity adds entries to the timeline; ExternalId is unique in the tenant.
func (s *System) insertActivity(w http.ResponseWriter, r *http.Request) {
	var body writeBody
	if !readBody(w, r, &body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table("activity_timeline")
	success, failures := map[string]any{}, map[string]any{}
	for _, fields := range body.Records {
		ext, _ := fields["ExternalId"].(string)
		id, e := s.addActivity(t, ext, fields, body.Lookups)
		if e != nil {
			failures[ext] = []any{map[string]any{"errorCode": e.Code, "errorMessage": e.describe()}}
			continue
		}
		success[ext] = []any{map[string]any{"activityId": id}}
		harness.CountRecords(r.Context(), 1)
	}
	answer(w, map[string]any{"success": success, "failures": failures})
}

func (s *System) addActivity(t *table, ext string, fields map[string]any, lookups map[string]*importLookup) (string, *fieldError) {
	for _, must := range []string{"ExternalId", "ContextName", "TypeName", "Subject", "Notes"} {
		if v, _ := fields[must].(string); v == "" {
			return "", &fieldError{"Mandatory field is missing", "GS_TL_10_0206", must, nil}
		}
	}
	if len(s.match(t, []string{"ExternalId"}, map[string]any{"ExternalId": ext})) > 0 {
		return "", &fieldError{"Duplicate ExternalId", "GS_TL_10_0207", "ExternalId", ext}
	}
	if wrong := s.resolve(t, fields, lookups); len(wrong) > 0 {
		return "", &fieldError{wrong[0].Message, "GS_TL_10_0213", wrong[0].Field, wrong[0].Invalid}
	}
	s.rename(fields)
	c, wrong := s.check(t, nil, fields, false)
	if len(wrong) > 0 {
		return "", wrong[0]
	}
	return s.commit(t, []*change{c})[0].id, nil
}

// rename turns what the timeline takes into its fields.
func (s *System) rename(fields map[string]any) {
	for from, to := range map[string]string{"internalAttendees": "InternalAttendees", "externalAttendees": "ExternalAttendees"} {
		list, ok := fields[from].([]any)
		if !ok {
			continue
		}
		delete(fields, from)
		texts := make([]string, len(list))
		for i, x := range list {
			texts[i] = fmt.Sprint(x)
		}
		fields[to] = strings.Join(texts, ",")
	}
}

// updateActivity changes an entry, found by ?identifier=externalid|activityid|gsid.
func (s *System) updateActivity(w http.ResponseWriter, r *http.Request) {
	var body writeBody
	if !readBody(w, r, &body) {
		return
	}
	key := map[string]string{"externalid": "ExternalId", "activityid": "Gsid", "gsid": "Gsid"}[strings.ToLower(r.URL.Query().Get("identifier"))]
	if key == "" {
		refuse(w, http.StatusBadRequest, "GS_TL_10_0206", "identifier is externalid, activityid or gsid", nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table("activity_timeline")
	success, failures := map[string]any{}, map[string]any{}
	for _, fields := range body.Records {
		id := fmt.Sprint(fields[key])
		found := s.match(t, []string{key}, fields)
		if len(found) == 0 {
			failures[id] = []any{map[string]any{"errorCode": "GS_TL_10_0213", "errorMessage": "No activity found"}}
			continue
		}
		s.rename(fields)
		c, wrong := s.check(t, found[0], fields, false)
		if len(wrong) > 0 {
			failures[id] = []any{map[string]any{"errorCode": wrong[0].Code, "errorMessage": wrong[0].describe()}}
			continue
		}
		success[id] = []any{map[string]any{"activityId": s.commit(t, []*change{c})[0].id}}
		harness.CountRecords(r.Context(), 1)
	}
	answer(w, map[string]any{"success": success, "failures": failures})
}
