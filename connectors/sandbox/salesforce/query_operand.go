package salesforce

import (
	"fmt"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors/salesforce/soql"
)

// compiler turns the tree of one query into functions. Inner queries get their own.
type compiler struct {
	org     *org
	t       *table
	text    string   // of the whole statement, for messages
	aliases []string // names that the object goes by at the head of a path
	now     time.Time
	version string
	all     bool // queryAll: deleted records count
}

// wrong makes an error with the excerpt that Salesforce's have.
func (c *compiler) wrong(pos soql.Position, code, format string, args ...any) *apiError {
	return fail(code, soql.Locate(c.text, pos, fmt.Sprintf(format, args...)))
}

// operand is something that has a value for each record: a field, by way of references or not, or a function of one.
type operand struct {
	f *field // the type of the value; for a function a made-up field
	// hops are the references on the way; with none, and no function, the operand is a field of the record itself.
	hops []*field
	// name is the last step after a polymorphic hop, where the field depends on the record.
	name string
	fn   func(cell) cell
}

// own tells whether the operand is a field of the record itself.
func (o *operand) own() bool { return len(o.hops) == 0 && o.fn == nil }

// get is the value for a record.
func (o *operand) get(t *table, r *row) cell {
	for _, hop := range o.hops {
		if t, r = t.org.record(t.value(hop, r).text); r == nil {
			return o.apply(cell{})
		}
	}
	if o.name != "" {
		return o.apply(nameValue(t, r, o.name))
	}
	return o.apply(t.value(o.f, r))
}

func (o *operand) apply(c cell) cell {
	if o.fn != nil && c.kind != isNull {
		return o.fn(c)
	}
	return c
}

// nameValue is a field of the record at the end of a polymorphic reference.
func nameValue(t *table, r *row, name string) cell {
	if name == "type" {
		return textCell(t.name)
	}
	f := t.byName[name]
	if f == nil && name == "name" {
		f = t.nameField()
	}
	if f == nil {
		return cell{}
	}
	return t.value(f, r)
}

// nameFields are the fields that a polymorphic reference shows of any record.
var nameFields = map[string]*field{
	"id": {name: "Id", typ: "id"}, "name": {name: "Name", typ: "string"}, "type": {name: "Type", typ: "picklist"},
	"firstname": {name: "FirstName", typ: "string"}, "lastname": {name: "LastName", typ: "string"}, "email": {name: "Email", typ: "email"},
	"title": {name: "Title", typ: "string"}, "phone": {name: "Phone", typ: "phone"}, "username": {name: "Username", typ: "string"},
	"alias": {name: "Alias", typ: "string"}, "isactive": {name: "IsActive", typ: "boolean"},
}

// steps splits a path and takes an alias off its head.
func (c *compiler) steps(path string) []string {
	steps := strings.Split(path, ".")
	if len(steps) > 1 {
		for _, alias := range c.aliases {
			if strings.EqualFold(steps[0], alias) {
				return steps[1:]
			}
		}
	}
	return steps
}

// field resolves a path from the query's object.
func (c *compiler) field(path string, pos soql.Position) (*operand, *apiError) {
	steps := c.steps(path)
	if len(steps) > 6 {
		return nil, c.wrong(pos, "MALFORMED_QUERY", "SOQL relationship paths cannot have more than 5 levels: %s", path)
	}
	o := &operand{}
	t := c.t
	for i, step := range steps[:len(steps)-1] {
		hop := t.relations[strings.ToLower(step)]
		if hop == nil {
			return nil, c.wrong(pos, "INVALID_FIELD", "Didn't understand relationship '%s' in field path. If you are attempting to use a custom relationship, "+
				"be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.", step)
		}
		o.hops = append(o.hops, hop)
		if hop.polymorphic() {
			return c.throughName(o, steps[i+1:], pos)
		}
		if t = c.org.table(hop.refTo[0]); t == nil {
			return nil, c.wrong(pos, "INVALID_TYPE", "sObject type '%s' is not supported.", hop.refTo[0])
		}
	}
	last := steps[len(steps)-1]
	if o.f = t.field(last); o.f == nil {
		return nil, c.noColumn(pos, last, t.name)
	}
	return o, nil
}

// throughName resolves the rest of a path after a polymorphic reference.
func (c *compiler) throughName(o *operand, rest []string, pos soql.Position) (*operand, *apiError) {
	name := strings.ToLower(rest[0])
	if len(rest) > 1 || nameFields[name] == nil {
		return nil, c.noColumn(pos, strings.Join(rest, "."), "Name")
	}
	o.f, o.name = nameFields[name], name
	o.f = &field{name: o.f.name, typ: o.f.typ, filterable: true, sortable: true}
	return o, nil
}

func (c *compiler) noColumn(pos soql.Position, name, object string) *apiError {
	return c.wrong(pos, "INVALID_FIELD", "No such column '%s' on entity '%s'. If you are attempting to use a custom field, be sure to append the '__c' "+
		"after the custom field name. Please reference your WSDL or the describe call for the appropriate names.", name, object)
}

// operand resolves a field or a function of one.
func (c *compiler) operand(call *soql.Call, path string, pos soql.Position) (*operand, *apiError) {
	if call == nil {
		return c.field(path, pos)
	}
	name := strings.ToUpper(call.Name)
	if call.Arg == nil {
		return nil, c.wrong(call.Pos, "MALFORMED_QUERY", "unexpected token: ')'")
	}
	inner, err := c.operand(call.Arg.Call, call.Arg.Field, call.Arg.Pos)
	if err != nil {
		return nil, err
	}
	switch name {
	case "TOLABEL", "CONVERTCURRENCY", "CONVERTTIMEZONE":
		return inner, nil
	case "FORMAT":
		out := *inner
		before := inner.fn
		out.f = &field{name: inner.f.name, typ: "string"}
		if out.own() || out.fn == nil {
			of := inner.f
			out.f.system, out.f.slot, out.f.compute = of.system, of.slot, of.compute
		}
		out.fn = func(x cell) cell {
			if before != nil {
				x = before(x)
			}
			return textCell(x.plain())
		}
		return &out, nil
	}
	part, ok := dateParts[name]
	if !ok {
		return nil, c.wrong(call.Pos, "MALFORMED_QUERY", "unexpected token: '%s'", call.Name)
	}
	if inner.f.typ != "date" && inner.f.typ != "datetime" {
		return nil, c.wrong(call.Pos, "INVALID_FIELD", "field %s is not a date or datetime: %s cannot be used with it", inner.f.name, call.Name)
	}
	out := *inner
	typ := "int"
	if name == "DAY_ONLY" {
		typ = "date"
	}
	of := inner.f
	out.f = &field{name: of.name, typ: typ, system: of.system, slot: of.slot, compute: of.compute, filterable: of.filterable, sortable: true}
	out.fn = func(x cell) cell { return part(moment(x)) }
	return &out, nil
}

// moment is the time of a day or a moment.
func moment(c cell) time.Time {
	if c.kind == isDay {
		return time.Unix(c.int*86400, 0).UTC()
	}
	return time.Unix(c.int, 0).UTC()
}

func whole(n int) cell { return numCell(float64(n)) }

// dateParts are the date functions.
var dateParts = map[string]func(time.Time) cell{
	"CALENDAR_YEAR":    func(t time.Time) cell { return whole(t.Year()) },
	"CALENDAR_QUARTER": func(t time.Time) cell { return whole((int(t.Month())-1)/3 + 1) },
	"CALENDAR_MONTH":   func(t time.Time) cell { return whole(int(t.Month())) },
	"FISCAL_YEAR":      func(t time.Time) cell { return whole(t.Year()) },
	"FISCAL_QUARTER":   func(t time.Time) cell { return whole((int(t.Month())-1)/3 + 1) },
	"FISCAL_MONTH":     func(t time.Time) cell { return whole(int(t.Month())) },
	"DAY_IN_MONTH":     func(t time.Time) cell { return whole(t.Day()) },
	"DAY_IN_WEEK":      func(t time.Time) cell { return whole(int(t.Weekday()) + 1) },
	"DAY_IN_YEAR":      func(t time.Time) cell { return whole(t.YearDay()) },
	"WEEK_IN_MONTH":    func(t time.Time) cell { return whole((t.Day()-1)/7 + 1) },
	"WEEK_IN_YEAR":     func(t time.Time) cell { return whole((t.YearDay()-1)/7 + 1) },
	"HOUR_IN_DAY":      func(t time.Time) cell { return whole(t.Hour()) },
	"DAY_ONLY":         func(t time.Time) cell { return dayCell(floorDay(t.Unix())) },
}
