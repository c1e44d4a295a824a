package salesforce

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// Objects implements harness.Data.
func (s *System) Objects() []string {
	var out []string
	for _, o := range s.org.objects {
		out = append(out, o.name)
	}
	slices.Sort(out)
	return out
}

// Records gives the records of an object for the control endpoints.
func (s *System) Records(object string) (iter.Seq[harness.Record], error) {
	o := s.org.objects[strings.ToLower(object)]
	if o == nil {
		return nil, harness.UnknownObject(object)
	}
	return func(yield func(harness.Record) bool) {
		for from := 0; ; {
			page := s.page(o.name, &from)
			if page == nil {
				return
			}
			for _, rec := range page {
				if !yield(rec) {
					return
				}
			}
		}
	}, nil
}

// page reads some records under the lock; nil after the last.
func (s *System) page(object string, from *int) []harness.Record {
	s.org.mu.RLock()
	defer s.org.mu.RUnlock()
	t := s.org.table(object)
	out := []harness.Record{}
	for ; *from < len(t.rows); *from++ {
		if len(out) == 500 {
			return out
		}
		if r := t.rows[*from]; !r.deleted {
			out = append(out, t.plainRecord(r))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// plainRecord is a record with all its fields as JSON values.
func (t *table) plainRecord(r *row) harness.Record {
	rec := make(harness.Record, len(t.fields))
	for _, f := range t.fields {
		if f.typ == "address" {
			continue
		}
		c := t.value(f, r)
		switch c.kind {
		case isNull:
			rec[f.name] = nil
		case isNumber:
			rec[f.name] = c.num
		case isTrue, isFalse:
			rec[f.name] = c.kind == isTrue
		default:
			rec[f.name] = c.plain()
		}
	}
	return rec
}

// Put changes or creates records as a person in the org would.
func (s *System) Put(object string, records []harness.Record) ([]harness.Record, error) {
	s.org.mu.Lock()
	defer s.org.mu.Unlock()
	t := s.org.table(object)
	if t == nil {
		return nil, harness.UnknownObject(object)
	}
	mark := s.org.begin()
	defer s.org.commit()
	out := make([]harness.Record, len(records))
	for i, rec := range records {
		at, err := s.put(t, rec)
		if err != nil {
			s.org.rollback(mark)
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
		out[i] = t.plainRecord(t.rows[at])
	}
	return out, nil
}

func (s *System) put(t *table, rec harness.Record) (pos, error) {
	in := input{}
	at := pos(-1)
	for name, v := range rec {
		if strings.EqualFold(name, "Id") {
			id, _ := v.(string)
			full, isID := world.FullID(id)
			if at = t.findID(full); id != "" && (!isID || at < 0 || t.rows[at].deleted) {
				return 0, fmt.Errorf("there is no %s with the id %q; leave Id out to create one", t.name, id)
			}
			continue
		}
		in[name] = v
	}
	if at < 0 {
		id, err := s.org.create(t, in, s.admin())
		if err != nil {
			return 0, err
		}
		return t.findID(id), nil
	}
	// A record that was read here and comes back whole also has the fields that nobody can set.
	for name, v := range in {
		f := t.field(name)
		if f == nil || f.updateable || f.userOnly {
			continue
		}
		if now := t.value(f, t.rows[at]); now.plain() == plainAny(v) {
			delete(in, name)
		}
	}
	if err := s.org.change(t, at, in, s.admin()); err != nil {
		return 0, err
	}
	return at, nil
}

// plainAny is a JSON value as cell.plain has it.
func plainAny(v any) string {
	text, _ := asText(v)
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return numCell(n).plain()
	}
	return text
}

// Delete deletes a record as a person in the org would.
func (s *System) Delete(object, id string) error {
	s.org.mu.Lock()
	defer s.org.mu.Unlock()
	t := s.org.table(object)
	if t == nil {
		return harness.UnknownObject(object)
	}
	full, isID := world.FullID(id)
	at := t.findID(full)
	if !isID || at < 0 {
		return fmt.Errorf("there is no %s with the id %q", t.name, id)
	}
	mark := s.org.begin()
	defer s.org.commit()
	if err := s.org.remove(t, at, s.admin()); err != nil {
		s.org.rollback(mark)
		return err
	}
	return nil
}

// Reset brings back the data of the start and ends all sessions.
func (s *System) Reset() error {
	s.org.mu.Lock()
	defer s.org.mu.Unlock()
	s.org.reset()
	s.sessions.clear()
	s.cursors.clear()
	s.requests.Store(0)
	return nil
}
