package salesforce

import (
	"net/http"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// maxCollection is the most records of a collection call, maxFetch of a fetch by ids.
const (
	maxCollection = 200
	maxFetch      = 2000
)

// collection is the body of a collection call.
type collection struct {
	AllOrNone bool  `json:"allOrNone"`
	Records   []any `json:"records"`
}

// collections answers what is under /composite/sobjects.
func (s *System) collections(req *request) *response {
	switch rest := req.path[2:]; {
	case len(rest) == 0 && req.method == http.MethodPost:
		return s.writeAll(req, s.createRecord)
	case len(rest) == 0 && req.method == http.MethodPatch:
		return s.writeAll(req, s.updateRecord)
	case len(rest) == 0 && req.method == http.MethodDelete:
		return s.deleteAll(req)
	case len(rest) == 1 && (req.method == http.MethodPost || req.method == http.MethodGet):
		return s.fetch(req, rest[0])
	case len(rest) == 2 && req.method == http.MethodPatch:
		return s.upsertAll(req, rest[0], rest[1])
	case len(rest) > 2:
		return refused(errNotFound())
	}
	return refused(errMethod(req.method))
}

// saveOne writes one record of a collection.
type saveOne func(in input, by actor) (savedRecord, *apiError)

// writeAll writes the records of a collection in order, each on its own or all or none.
func (s *System) writeAll(req *request, save saveOne) *response {
	var body collection
	if err := decode(req.body, &body); err != nil {
		return refused(err)
	}
	switch {
	case len(body.Records) == 0:
		return refused(fail("REQUIRED_FIELD_MISSING", "At least 1 record is required"))
	case len(body.Records) > maxCollection:
		return refused(fail("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records into this call"))
	}
	return s.saveAll(req, len(body.Records), body.AllOrNone, func(i int) (savedRecord, *apiError) {
		in, isObject := body.Records[i].(map[string]any)
		if !isObject {
			return savedRecord{}, fail("JSON_PARSER_ERROR", "a record must be a JSON object")
		}
		return save(in, req.by)
	})
}

// saveAll runs the writes. A value that cannot be parsed fails the whole request, as it does in reality; any other error only its record.
func (s *System) saveAll(req *request, n int, allOrNone bool, save func(int) (savedRecord, *apiError)) *response {
	out := make([]savedRecord, n)
	all := s.org.begin()
	failed := false
	for i := range out {
		mark := s.org.begin()
		res, err := save(i)
		if err != nil {
			if err.code == "JSON_PARSER_ERROR" {
				s.org.rollback(all)
				return refused(err)
			}
			s.org.rollback(mark)
			failed = true
			created := res.Created
			res = notSaved(err)
			res.Created = created
		}
		out[i] = res
	}
	if failed && allOrNone {
		s.org.rollback(all)
		for i := range out {
			if out[i].Success {
				created := out[i].Created
				out[i] = notSaved(fail("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid and the request was using AllOrNone header"))
				out[i].Created = created
			}
		}
	}
	return ok(out).counting(n)
}

// typed finds the object that a record says it is of.
func (s *System) typed(in input) (*table, *apiError) {
	attributes, _ := in["attributes"].(map[string]any)
	name, _ := attributes["type"].(string)
	if name == "" {
		return nil, fail("INVALID_INPUT", "Each record requires attributes.type")
	}
	if t := s.org.table(name); t != nil {
		return t, nil
	}
	return nil, fail("INVALID_TYPE", "sObject type '"+name+"' is not supported.")
}

func (s *System) createRecord(in input, by actor) (savedRecord, *apiError) {
	t, err := s.typed(in)
	if err != nil {
		return savedRecord{}, err
	}
	id, err := s.org.create(t, in, by)
	return saved(id), err
}

// takeID takes the record id out of a record.
func takeID(in input) (string, input) {
	id, rest := "", make(input, len(in))
	for k, v := range in {
		if strings.EqualFold(k, "Id") {
			id, _ = v.(string)
			continue
		}
		rest[k] = v
	}
	return id, rest
}

func (s *System) updateRecord(in input, by actor) (savedRecord, *apiError) {
	t, err := s.typed(in)
	if err != nil {
		return savedRecord{}, err
	}
	id, rest := takeID(in)
	if id == "" {
		return savedRecord{}, fail("MISSING_ARGUMENT", "Id not specified in an update call")
	}
	full, isID := world.FullID(id)
	if !isID || full[:3] != t.prefix {
		return savedRecord{}, fail("MALFORMED_ID", t.label+" ID: id value of incorrect type: "+id, "Id")
	}
	at := t.findID(full)
	if at < 0 {
		return savedRecord{}, fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	}
	return saved(full), s.org.change(t, at, rest, by)
}

// deleteAll deletes by ids in the query.
func (s *System) deleteAll(req *request) *response {
	ids := strings.Split(req.query.Get("ids"), ",")
	switch {
	case req.query.Get("ids") == "":
		return refused(fail("REQUIRED_FIELD_MISSING", "At least 1 record is required"))
	case len(ids) > maxCollection:
		return refused(fail("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records into this call"))
	}
	return s.saveAll(req, len(ids), strings.EqualFold(req.query.Get("allOrNone"), "true"), func(i int) (savedRecord, *apiError) {
		id := strings.TrimSpace(ids[i])
		full, isID := world.FullID(id)
		if !isID {
			return savedRecord{}, fail("MALFORMED_ID", "malformed id "+id)
		}
		t := s.org.tableOf(full)
		if t == nil || t.findID(full) < 0 {
			return savedRecord{}, fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
		}
		return saved(full), s.org.remove(t, t.findID(full), req.by)
	})
}

// upsertAll writes records of one object by an external id that each of them holds.
func (s *System) upsertAll(req *request, object, key string) *response {
	t := s.org.table(object)
	if t == nil {
		return refused(errNotFound())
	}
	f := t.field(key)
	if f == nil || !f.lookup && !f.external {
		return refused(errExternalID(key))
	}
	return s.writeAll(req, func(in input, by actor) (savedRecord, *apiError) {
		if other, err := s.typed(in); err != nil || other != t {
			return savedRecord{}, fail("INVALID_TYPE", "all records of an upsert must be of type "+t.name)
		}
		rest := make(input, len(in))
		var value any
		for k, v := range in {
			if strings.EqualFold(k, f.name) {
				value = v
				continue
			}
			rest[k] = v
		}
		isNew := false
		var id string
		var err *apiError
		if f.system == sysID && value == nil {
			isNew = true
			id, err = s.org.create(t, rest, by)
		} else {
			id, isNew, err = s.org.upsert(t, f, value, rest, false, by)
		}
		res := saved(id)
		res.Created = &isNew
		if err != nil && !isNew {
			res.Created = nil
		}
		return res, err
	})
}

// fetch reads records by their ids; those that are not there are null.
func (s *System) fetch(req *request, object string) *response {
	t := s.org.table(object)
	if t == nil {
		return refused(errNotFound())
	}
	var in struct{ IDs, Fields []string }
	if req.method == http.MethodGet {
		in.IDs, in.Fields = strings.Split(req.query.Get("ids"), ","), strings.Split(req.query.Get("fields"), ",")
	} else if err := decode(req.body, &in); err != nil {
		return refused(err)
	}
	switch {
	case len(in.IDs) == 0 || len(in.Fields) == 0 || in.Fields[0] == "":
		return refused(fail("MISSING_ARGUMENT", "ids and fields are required"))
	case len(in.IDs) > maxFetch:
		return refused(fail("EXCEEDED_ID_LIMIT", "no more than 2000 ids can be fetched at once"))
	}
	fields, err := fieldsNamed(t, in.Fields)
	if err != nil {
		return refused(err)
	}
	b, found := []byte{'['}, 0
	for i, id := range in.IDs {
		if i > 0 {
			b = append(b, ',')
		}
		full, _ := world.FullID(strings.TrimSpace(id))
		at := t.findID(full)
		if at < 0 || t.rows[at].deleted {
			b = append(b, "null"...)
			continue
		}
		found++
		b = appendRow(b, req.version, t, t.rows[at], fields)
	}
	return okRaw(append(b, ']')).counting(found)
}
