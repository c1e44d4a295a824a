package salesforce

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// input is a record as it came in JSON.
type input = map[string]any

// actor is who writes.
type actor struct {
	id string
	// person: somebody in the org, rather than the integration user; may write what that user may only read.
	person bool
}

// writing is one record on its way into a table.
type writing struct {
	o     *org
	t     *table
	by    actor
	fresh bool
	cells []cell
	given map[int]bool // slots that the input sets
}

// create makes a record. Under a transaction, since it may be undone.
func (o *org) create(t *table, in input, by actor) (string, *apiError) {
	if !t.createable {
		return "", fail("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: "+t.label)
	}
	w := &writing{o, t, by, true, make([]cell, len(t.fields)), map[int]bool{}}
	if err := w.take(in); err != nil {
		return "", err
	}
	w.presets()
	if err := w.required(); err != nil {
		return "", err
	}
	if err := w.unique(-1); err != nil {
		return "", err
	}
	now := o.tick()
	w.follow(nil, now)
	w.set("CreatedById", textCell(by.id))
	w.set("LastModifiedById", textCell(by.id))
	num := t.last + 1
	o.insert(t, &row{num: num, created: now, changed: now, data: pack(w.cells)})
	return t.id(num), nil
}

// change changes the given fields of a record. Like any save, it moves the stamps even when nothing differs.
func (o *org) change(t *table, at pos, in input, by actor) *apiError {
	old := t.rows[at]
	if old.deleted {
		return errDeleted()
	}
	if !t.updateable {
		return fail("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be updated: "+t.label)
	}
	w := &writing{o, t, by, false, make([]cell, len(t.fields)), map[int]bool{}}
	old.unpack(w.cells)
	if err := w.take(in); err != nil {
		return err
	}
	if err := w.required(); err != nil {
		return err
	}
	if err := w.unique(at); err != nil {
		return err
	}
	now := o.tick()
	w.follow(old, now)
	w.set("LastModifiedById", textCell(by.id))
	o.update(t, at, &row{num: old.num, created: old.created, changed: now, data: pack(w.cells)})
	return nil
}

// remove puts a record into the bin, with what goes with it.
func (o *org) remove(t *table, at pos, by actor) *apiError {
	old := t.rows[at]
	if old.deleted {
		return errDeleted()
	}
	if !t.deletable {
		return fail("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
	}
	o.update(t, at, &row{num: old.num, created: old.created, changed: o.tick(), deleted: true, data: old.data})
	id := t.id(old.num)
	for _, c := range t.cascades {
		other := o.table(c.object)
		found, _ := other.lookup(other.field(c.field), id, nil)
		for _, p := range found {
			if r := other.rows[p]; !r.deleted && r.get(other.field(c.field).slot).text == id {
				if err := o.remove(other, p, by); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (w *writing) set(name string, c cell) {
	if f := w.t.field(name); f != nil && f.system == stored {
		w.cells[f.slot] = c
	}
}

func (w *writing) cell(name string) cell {
	if f := w.t.field(name); f != nil {
		return w.cells[f.slot]
	}
	return cell{}
}

func (w *writing) gave(name string) bool {
	f := w.t.field(name)
	return f != nil && w.given[f.slot]
}

// take puts the input into the cells, checked.
func (w *writing) take(in input) *apiError {
	for _, name := range slices.Sorted(maps.Keys(in)) {
		v := in[name]
		if strings.EqualFold(name, "attributes") {
			continue
		}
		f := w.t.field(name)
		if nested, ok := v.(map[string]any); ok && f == nil {
			if f = w.t.relations[strings.ToLower(name)]; f != nil {
				id, err := w.o.byExternal(w.t, f, name, nested)
				if err != nil {
					return err
				}
				v = id
			}
		}
		if f == nil {
			return errNoColumn(name, w.t.name)
		}
		if err := w.writable(f); err != nil {
			return err
		}
		c, err := w.o.parse(f, v)
		if err != nil {
			return err
		}
		w.cells[f.slot], w.given[f.slot] = c, true
	}
	return nil
}

func (w *writing) writable(f *field) *apiError {
	allowed, verb := f.updateable, "update"
	if w.fresh {
		allowed, verb = f.createable, "create"
	}
	if f.system == stored && (allowed || f.userOnly && w.by.person) {
		return nil
	}
	if f.system == sysID {
		return fail("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an "+map[bool]string{true: "insert", false: "update"}[w.fresh]+" call", "Id")
	}
	return fail("INVALID_FIELD_FOR_INSERT_UPDATE", fmt.Sprintf("Unable to create/update fields: %s. Please check the security settings of this field and verify that it is read/write for your profile or permission set. (%s)", f.name, verb), f.name)
}

// byExternal finds a parent by {"ExtId__c": value}.
func (o *org) byExternal(t *table, f *field, name string, nested input) (string, *apiError) {
	want := f.refTo
	for key, v := range nested {
		if strings.EqualFold(key, "attributes") {
			if m, ok := v.(map[string]any); ok {
				if typ, _ := m["type"].(string); typ != "" {
					want = []string{typ}
				}
			}
		}
	}
	for key, v := range nested {
		if strings.EqualFold(key, "attributes") {
			continue
		}
		text, _ := asText(v)
		for _, target := range want {
			other := o.table(target)
			if other == nil || other.field(key) == nil {
				continue
			}
			found := o.having(other, other.field(key), text)
			if len(found) == 1 {
				return other.id(other.rows[found[0]].num), nil
			}
		}
		return "", fail("INVALID_FIELD", fmt.Sprintf("Foreign key external ID: %s not found for field %s in entity %s", strings.ToLower(text), key, strings.Join(want, ",")))
	}
	return "", fail("INVALID_FIELD", "Cannot reference a foreign key field "+name+" without an external ID field")
}

// having finds the living records whose field has the value, as an external id has it.
func (o *org) having(t *table, f *field, text string) []pos {
	candidates, ok := t.lookup(f, text, nil)
	if !ok {
		for i := range t.rows {
			candidates = append(candidates, pos(i))
		}
	}
	if f.isReference() || f.system == sysID {
		if id, ok := world.FullID(text); ok {
			text = id
		}
	}
	return slices.DeleteFunc(candidates, func(p pos) bool {
		r := t.rows[p]
		return r.deleted || !f.same(t.value(f, r).plain(), text)
	})
}

// same compares texts as the field does.
func (f *field) same(a, b string) bool {
	if f.caseSensitive || f.typ == "id" || f.typ == "reference" {
		return a == b
	}
	return len(a) > 0 && strings.EqualFold(a, b)
}

// presets gives a new record what was not sent.
func (w *writing) presets() {
	for _, f := range w.t.fields {
		if f.system != stored || w.given[f.slot] {
			continue
		}
		if f.preset != "" {
			w.cells[f.slot] = textCell(f.preset)
		}
		if f.name == "OwnerId" {
			w.cells[f.slot] = textCell(w.by.id)
		}
	}
	if w.t.name == "Case" {
		w.set("CaseNumber", textCell(fmt.Sprintf("%08d", w.t.last+1)))
	}
}

// required wants all that cannot be empty. What Salesforce fills in itself comes back after an update to null.
func (w *writing) required() *apiError {
	var missing []string
	for _, f := range w.t.fields {
		if f.nillable || f.system != stored || f.typ == "boolean" || w.cells[f.slot].kind != isNull {
			continue
		}
		if !w.fresh && !w.given[f.slot] {
			continue
		}
		if f.createable && (!f.defaulted || w.given[f.slot]) {
			missing = append(missing, f.name)
		}
	}
	if body := w.t.field("Body"); w.t.name == "FeedItem" && w.cells[body.slot].kind == isNull {
		if kind := w.cell("Type").text; kind == "TextPost" || kind == "AdvancedTextPost" {
			missing = append(missing, "Body")
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fail("REQUIRED_FIELD_MISSING", "Required fields are missing: ["+strings.Join(missing, ", ")+"]", missing...)
}

// unique refuses values that another record has; at is the record's own position, -1 for a new one.
func (w *writing) unique(at pos) *apiError {
	for _, f := range w.t.fields {
		if !f.unique || !w.given[f.slot] || w.cells[f.slot].kind == isNull {
			continue
		}
		for _, p := range w.o.having(w.t, f, w.cells[f.slot].plain()) {
			if p != at {
				return fail("DUPLICATE_VALUE", fmt.Sprintf("duplicate value found: %s duplicates value on record with id: %s", f.name, w.t.id(w.t.rows[p].num)[:15]), f.name)
			}
		}
	}
	return nil
}

// follow sets what follows from other fields when a record is saved; old is nil for a new record.
func (w *writing) follow(old *row, now int64) {
	was := func(name string) string {
		if f := w.t.field(name); old != nil && f != nil {
			return old.get(f.slot).text
		}
		return ""
	}
	switch w.t.name {
	case "Opportunity":
		if s := w.cell("StageName").text; s != was("StageName") {
			if !w.gave("Probability") {
				w.set("Probability", numCell(stageOf(s).probability))
			}
			if !w.gave("ForecastCategoryName") {
				w.set("ForecastCategoryName", textCell(stageOf(s).forecastAs))
			}
			w.set("LastStageChangeDate", timeCell(now))
		}
	case "Task":
		w.closes(was("Status"), "Completed", "CompletedDateTime", now)
	case "Case":
		w.closes(was("Status"), "Closed", "ClosedDate", now)
	}
}

// closes keeps the moment of closing in step with the status.
func (w *writing) closes(was, closed, field string, now int64) {
	switch is := w.cell("Status").text; {
	case is == closed && was != closed:
		w.set(field, timeCell(now))
	case is != closed:
		w.set(field, cell{})
	}
}

// upsert changes the one record whose key has the value, or creates one that has it.
func (o *org) upsert(t *table, key *field, value any, in input, updateOnly bool, by actor) (id string, created bool, err *apiError) {
	text, ok := asText(value)
	if text = strings.TrimSpace(text); !ok || text == "" {
		return "", false, fail("MISSING_ARGUMENT", key.name+" not specified")
	}
	found := o.having(t, key, text)
	switch len(found) {
	case 0:
		if key.system == sysID || updateOnly {
			return "", false, errNotFound()
		}
		in = maps.Clone(in)
		in[key.name] = value
		id, err = o.create(t, in, by)
		return id, true, err
	case 1:
		return t.id(t.rows[found[0]].num), false, o.change(t, found[0], in, by)
	}
	ids := make([]string, len(found))
	for i, p := range found {
		ids[i] = t.id(t.rows[p].num)
	}
	return "", false, &apiError{code: "DUPLICATE_EXTERNAL_ID", fields: []string{key.name}, status: 300,
		message: fmt.Sprintf("%s: more than one record found for external id field: [%s]", key.label, strings.Join(ids, ", "))}
}

// savedRecord is the result of one record of a write.
type savedRecord struct {
	ID      string        `json:"id,omitempty"`
	Success bool          `json:"success"`
	Errors  []recordError `json:"errors"`
	Created *bool         `json:"created,omitempty"`
}

func saved(id string) savedRecord { return savedRecord{ID: id, Success: true, Errors: []recordError{}} }

func notSaved(err *apiError) savedRecord { return savedRecord{Errors: err.recordErrors()} }

// toJSON writes what cannot fail to be written.
func toJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return data
}
