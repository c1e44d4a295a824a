package gainsight

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fieldError is what a write says of one field.
type fieldError struct {
	Message string `json:"errorMessage"`
	Code    string `json:"errorCode"`
	Field   string `json:"fieldName"`
	Invalid any    `json:"invalidValue"`
}

func (e *fieldError) describe() string {
	return fmt.Sprintf("%s (%s = %v).", strings.TrimSuffix(e.Message, "."), e.Field, e.Invalid)
}

// parse reads a value of a write by the field's type. user: it comes from the control endpoints, where a label
// of an inactive item passes as well.
func (s *System) parse(f *fieldDef, v any) (any, *fieldError) {
	if v == nil || v == "" {
		if f.required {
			return nil, &fieldError{"Null value is not allowed for non-nullable field", "GSOBJ_1007", f.name, v}
		}
		return nil, nil
	}
	wrong := func(code, message string) (any, *fieldError) { return nil, &fieldError{message, code, f.name, v} }
	text, isText := v.(string)
	switch f.typ {
	case tNumber, tCurrency, tPercent:
		x, err := strconv.ParseFloat(fmt.Sprint(v), 64)
		if _, flag := v.(bool); flag || err != nil {
			return wrong("GSOBJ_1008", "Invalid "+strings.ToLower(f.typ)+" value")
		}
		return x, nil
	case tBool:
		b, err := strconv.ParseBool(fmt.Sprint(v))
		if err != nil {
			return wrong("GSOBJ_1008", "Invalid boolean value")
		}
		return b, nil
	case tDate:
		d, ok := parseDay(v)
		if !ok {
			return wrong("GSOBJ_1006", "Invalid date format")
		}
		return d, nil
	case tDateTime:
		t, ok := parseInstant(v)
		if !ok {
			return wrong("GSOBJ_1005", "Invalid dateTime format")
		}
		return t, nil
	case tMulti:
		return s.parseMulti(f, v)
	}
	if n, ok := v.(json.Number); ok {
		text, isText = n.String(), true
	}
	if !isText {
		return wrong("GSOBJ_1008", "Invalid text value")
	}
	if f.picks != nil {
		o := f.picks.find(text)
		if o == nil || !o.active {
			return nil, &fieldError{"Invalid/Inactive value provided for picklist.", "GSOBJ_1012", f.name, []string{text}}
		}
		return o.id, nil
	}
	if f.length > 0 && utf8.RuneCountInString(text) > f.length {
		return wrong("GSOBJ_1001", fmt.Sprintf("Value exceeds the maximum length of %d", f.length))
	}
	return s.parseText(f, text, wrong)
}

func (s *System) parseText(f *fieldDef, text string, wrong func(string, string) (any, *fieldError)) (any, *fieldError) {
	switch f.typ {
	case tEmail:
		if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
			return wrong("GSOBJ_1008", "Invalid email value")
		}
	case tURL:
		if u, err := url.Parse(text); err != nil || u.Host == "" {
			return wrong("GSOBJ_1008", "Invalid url value")
		}
	case tSfdc:
		if len(text) != 15 && len(text) != 18 {
			return wrong("GSOBJ_1008", "Invalid SFDCID value")
		}
	case tLookup:
		if s.table(f.target).byID[text] == nil {
			return wrong("GSOBJ_1004", "Gsid is missing or invalid")
		}
	}
	return text, nil
}

// find finds an item by its label or id.
func (c *category) find(text string) *option {
	if o := c.byLabel[strings.ToLower(strings.TrimSpace(text))]; o != nil {
		return o
	}
	return c.byID[text]
}

func (s *System) parseMulti(f *fieldDef, v any) (any, *fieldError) {
	var texts []string
	switch v := v.(type) {
	case string:
		texts = strings.Split(v, ";")
	case []any:
		for _, x := range v {
			texts = append(texts, fmt.Sprint(x))
		}
	default:
		return nil, &fieldError{"Invalid value for multi select", "GSOBJ_1008", f.name, v}
	}
	out := multi{}
	for _, text := range texts {
		o := f.picks.find(text)
		if o == nil || !o.active {
			return nil, &fieldError{"Invalid/Inactive value provided for picklist.", "GSOBJ_1012", f.name, []string{text}}
		}
		out = append(out, o.id)
	}
	return out, nil
}

// change is a record to be written, checked.
type change struct {
	old   *row
	cells []any
}

// check reads a record's fields into cells. by is who may write what: the API leaves out what is the platform's.
func (s *System) check(t *table, old *row, fields map[string]any, user bool) (*change, []*fieldError) {
	c := &change{old: old}
	if old != nil {
		c.cells = append([]any(nil), old.cells...)
	} else {
		c.cells = make([]any, len(t.def.fields))
	}
	var wrong []*fieldError
	given := map[string]bool{}
	for name, v := range fields {
		f := t.def.field(name)
		if f == nil {
			wrong = append(wrong, &fieldError{"Invalid field or mapping", "GSOBJ_1002", name, v})
			continue
		}
		given[f.name] = true
		if f.typ == tGsid {
			continue
		}
		if f.system && !user {
			wrong = append(wrong, &fieldError{"The field is read only", "GSOBJ_1002", name, v})
			continue
		}
		x, e := s.parse(f, v)
		if e != nil {
			wrong = append(wrong, e)
			continue
		}
		c.cells[f.slot] = x
	}
	if old == nil {
		for _, f := range t.def.fields {
			if f.required && !given[f.name] {
				wrong = append(wrong, &fieldError{"Null value is not allowed for non-nullable field", "GSOBJ_1007", f.name, nil})
			}
		}
	}
	return c, wrong
}

// commit puts checked changes into the table and gives their rows.
func (s *System) commit(t *table, changes []*change) []*row {
	now := s.stamp()
	rows := make([]*row, len(changes))
	user := s.integration()
	set := func(cells []any, name string, v any) {
		if f := t.def.field(name); f != nil {
			cells[f.slot] = v
		}
	}
	for i, c := range changes {
		r := &row{modified: now, cells: c.cells}
		if c.old != nil {
			r.id = c.old.id
		} else {
			r.id = newGsid(t)
			set(r.cells, "Gsid", r.id)
			set(r.cells, "CreatedDate", now)
			set(r.cells, "CreatedBy", user)
		}
		set(r.cells, "ModifiedDate", now)
		set(r.cells, "LastModifiedDate", now)
		set(r.cells, "ModifiedBy", user)
		s.derive(t, r)
		rows[i] = r
	}
	t.put(rows)
	return rows
}

// derive sets what follows from other fields.
func (s *System) derive(t *table, r *row) {
	status, closed := t.def.field("StatusId"), t.def.field("IsClosed")
	if status == nil || closed == nil {
		return
	}
	id, _ := r.cells[status.slot].(string)
	if o := status.picks.byID[id]; o != nil {
		r.cells[closed.slot] = isClosed(o.label)
		if f := t.def.field("ClosedDate"); f != nil && isClosed(o.label) && r.cells[f.slot] == nil {
			r.cells[f.slot] = r.modified
		}
	}
}
