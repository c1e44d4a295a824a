package salesforce

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// route answers a request on the data API. The org's lock is held.
func (s *System) route(req *request) *response {
	if len(req.path) == 0 {
		return resources(req)
	}
	switch req.path[0] {
	case "sobjects":
		return s.sobjects(req)
	case "query":
		return s.query(req, false)
	case "queryAll":
		return s.query(req, true)
	case "limits":
		return s.limits(req)
	case "composite":
		return s.composite(req)
	case "chatter":
		return s.chatter(req)
	}
	return refused(errNotFound())
}

func resources(req *request) *response {
	out := map[string]string{}
	for _, name := range []string{"sobjects", "query", "queryAll", "composite", "limits", "chatter"} {
		out[name] = "/services/data/" + req.version + "/" + name
	}
	return ok(out)
}

// sobjects answers what is under /sobjects.
func (s *System) sobjects(req *request) *response {
	if len(req.path) == 1 {
		return s.describeGlobal(req)
	}
	t := s.org.table(req.path[1])
	if t == nil {
		return refused(errNotFound())
	}
	switch len(req.path) {
	case 2:
		if req.method == http.MethodPost {
			return s.createOne(req, t)
		}
		return s.basicInfo(req, t)
	case 3:
		switch strings.ToLower(req.path[2]) {
		case "describe":
			return s.describe(req, t)
		case "updated":
			return s.updated(req, t)
		case "deleted":
			return s.deleted(req, t)
		case "id":
			if req.method == http.MethodPost {
				return s.createOne(req, t).mark(true)
			}
		}
		return s.byID(req, t, req.path[2])
	case 4:
		return s.byKey(req, t, req.path[2], req.path[3])
	}
	return refused(errNotFound())
}

// mark sets whether an upsert created, in the answer of a create.
func (r *response) mark(created bool) *response {
	if r.status < 300 && r.body != nil {
		r.body = append(r.body[:len(r.body)-1], `,"created":`+strconv.FormatBool(created)+"}"...)
	}
	return r
}

func (s *System) createOne(req *request, t *table) *response {
	in, err := req.record()
	if err != nil {
		return refused(err)
	}
	id, err := s.org.create(t, in, req.by)
	if err != nil {
		return refused(err)
	}
	return created(req, t, id)
}

func created(req *request, t *table, id string) *response {
	res := &response{status: http.StatusCreated, body: toJSON(saved(id)), records: 1}
	res.header = map[string]string{"Location": "/services/data/" + req.version + "/sobjects/" + t.name + "/" + id}
	return res
}

// byID answers reads and writes of one record by its id.
func (s *System) byID(req *request, t *table, id string) *response {
	full, isID := world.FullID(id)
	if !isID {
		return refused(errExternalID(id))
	}
	at := t.findID(full)
	if at < 0 {
		return refused(errNotFound())
	}
	switch req.method {
	case http.MethodGet:
		return s.readRow(req, t, at)
	case http.MethodPatch:
		in, err := req.record()
		if err == nil {
			err = s.org.change(t, at, in, req.by)
		}
		if err != nil {
			return refused(err)
		}
		return noContent().counting(1)
	case http.MethodDelete:
		if err := s.org.remove(t, at, req.by); err != nil {
			return refused(err)
		}
		return noContent().counting(1)
	}
	return refused(errMethod(req.method))
}

func (s *System) readRow(req *request, t *table, at pos) *response {
	r := t.rows[at]
	if r.deleted {
		return refused(errNotFound())
	}
	var fields []*field
	if list := req.query.Get("fields"); list != "" {
		var err *apiError
		if fields, err = fieldsNamed(t, strings.Split(list, ",")); err != nil {
			return refused(err)
		}
	}
	return okRaw(appendRow(nil, req.version, t, r, fields)).counting(1)
}

// byKey answers reads and writes of one record by an external id.
func (s *System) byKey(req *request, t *table, name, value string) *response {
	f := t.field(name)
	if f == nil || !f.lookup && !f.external {
		return refused(errExternalID(name))
	}
	if req.method == http.MethodPatch {
		return s.upsertOne(req, t, f, value)
	}
	found := s.org.having(t, f, value)
	switch {
	case len(found) == 0:
		return refused(errNotFound())
	case len(found) > 1:
		return s.choices(req, t, found)
	case req.method == http.MethodGet:
		return s.readRow(req, t, found[0])
	case req.method == http.MethodDelete:
		if err := s.org.remove(t, found[0], req.by); err != nil {
			return refused(err)
		}
		return noContent().counting(1)
	}
	return refused(errMethod(req.method))
}

// choices answers a key that several records have.
func (s *System) choices(req *request, t *table, found []pos) *response {
	var out []string
	for _, p := range sorted(found) {
		out = append(out, "/services/data/"+req.version+"/sobjects/"+t.name+"/"+t.id(t.rows[p].num))
	}
	return &response{status: http.StatusMultipleChoices, body: toJSON(out)}
}

func (s *System) upsertOne(req *request, t *table, key *field, value string) *response {
	in, err := req.record()
	if err != nil {
		return refused(err)
	}
	for name := range in {
		if strings.EqualFold(name, key.name) {
			return refused(fail("INVALID_FIELD", "The "+key.name+" field should not be specified in the sobject data."))
		}
	}
	if found := s.org.having(t, key, value); len(found) > 1 {
		return s.choices(req, t, found)
	}
	id, isNew, err := s.org.upsert(t, key, value, in, strings.EqualFold(req.query.Get("updateOnly"), "true"), req.by)
	switch {
	case err != nil:
		return refused(err)
	case isNew:
		return created(req, t, id).mark(true)
	case req.number < 46:
		return noContent().counting(1)
	}
	return ok(saved(id)).counting(1).mark(false)
}
