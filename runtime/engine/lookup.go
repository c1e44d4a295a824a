package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// seeker looks records up by keys, for a match or a find: many items in one read.
type seeker struct {
	r      *access
	step   string // "match" or "find"
	name   string
	find   *plan.Find // nil for the match
	side   *side
	end    plan.End
	layout *value.Layout
	spec   *plan.Lookup
	slots  [][]int    // of each alternative's key fields
	pushed query.Pred // bound

	// cache holds the candidates of finds by alternative and key, within a run.
	cache map[string][]value.Record
	held  int // records in cache
	// all is the answer of a find without a key, once a run.
	all []value.Record
	// asked: the system was asked once.
	asked   bool
	noCache bool
	// shelf holds what can be found, where the system cannot be asked by key; nil until then.
	shelf *shelf
	// broken are the rows of its reads that could not be decoded.
	broken brokenRows
}

// cacheMost bounds the records that a find remembers within a run.
const cacheMost = 20_000

// ask is one item's question.
type ask struct {
	it    *item
	alts  [][]value.Value
	found value.Record
	all   []value.Record // of a find that wants every record
	err   error          // the look-up fails for this item
	many  []string
	done  bool
}

// newSeeker prepares a look-up. noCache: the run writes what is looked for, and has to see what it wrote.
func (r *access) newSeeker(step, name string, s *side, end plan.End, layout *value.Layout, spec *plan.Lookup, noCache bool) (*seeker, error) {
	out := &seeker{r: r, step: step, name: name, side: s, end: end, layout: layout, spec: spec, noCache: noCache, cache: map[string][]value.Record{}}
	for _, alt := range spec.By {
		slots := make([]int, len(alt))
		for i, k := range alt {
			if slots[i] = layout.Slot(k.Field.Name); slots[i] < 0 {
				return nil, badJob("the plan of %s does not read its key %s.%s", name, end.Object.Name, k.Field.Name)
			}
		}
		out.slots = append(out.slots, slots)
	}
	var err error
	if out.pushed, err = r.bind(spec.Where); err != nil {
		return nil, err
	}
	return out, nil
}

// seek answers the asks. An error is one of the whole system.
func (s *seeker) seek(asks []*ask) error {
	if len(s.spec.By) == 0 {
		return s.seekAll(asks)
	}
	for a, alt := range s.spec.By {
		if err := s.seekBy(a, alt, asks); err != nil {
			return err
		}
	}
	return nil
}

// seekBy tries one alternative for the asks that are still open.
func (s *seeker) seekBy(a int, alt plan.Alternative, asks []*ask) error {
	if s.shelvable() && (s.asked || s.shelf != nil) {
		return s.seekShelf(a, asks)
	}
	s.asked = true
	open := map[string][]*ask{}
	var order []string
	combos := map[string][]value.Value{}
	for _, q := range asks {
		if q.done || q.alts[a] == nil {
			continue
		}
		key := string(rune(a)) + keyText(q.alts[a])
		if open[key] == nil {
			order = append(order, key)
			combos[key] = q.alts[a]
		}
		open[key] = append(open[key], q)
	}
	found := map[string][]value.Record{}
	missing := order[:0:0]
	for _, key := range order {
		if hit, ok := s.cache[key]; ok {
			found[key] = hit
		} else {
			missing = append(missing, key)
		}
	}
	failed, err := s.fetch(a, alt, missing, combos, found)
	if err != nil {
		return err
	}
	for _, key := range order {
		for _, q := range open[key] {
			if why := failed[key]; why != nil {
				q.err, q.done = why, true
				continue
			}
			if s.broken.hitAt(q, key) {
				continue
			}
			s.decide(q, s.r.put(q.it), found[key])
			s.broken.doubt(q)
		}
	}
	return nil
}

// seekAll answers a find that depends on nothing outside: one read a run.
func (s *seeker) seekAll(asks []*ask) error {
	if !s.asked {
		got := s.r.readAll(s.side, query.Read{Object: s.end.Object.Name, Layout: s.layout, Where: s.pushed}, s.wanted)
		if got.err != nil {
			return failedFor(s.side.name, "looking up "+s.name+" in", got.err)
		}
		s.lament(got.bad)
		s.all, s.asked = got.records, true
	}
	for _, q := range asks {
		s.decide(q, s.r.put(q.it), s.all)
		s.broken.doubt(q)
	}
	return nil
}

// fetch reads the candidates of the keys into found. failed are keys that the system refuses to look for.
func (s *seeker) fetch(a int, alt plan.Alternative, keys []string, combos map[string][]value.Value, found map[string][]value.Record) (failed map[string]error, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	failed = map[string]error{}
	lead := s.lead(alt, keys, combos)
	slices.SortStableFunc(keys, func(x, y string) int { return value.Compare(combos[x][lead], combos[y][lead]) })
	size := s.side.chunk(s.end.Catalog, len(keys))
	chunks := chunkBy(keys, size, func(k string) value.Value { return combos[k][lead] })
	reads := make([]query.Read, len(chunks))
	for i, chunk := range chunks {
		reads[i] = s.query(alt, lead, chunk, combos)
	}
	for i, got := range s.r.readEach(s.side, reads, s.wanted) {
		if err := s.take(a, alt, lead, chunks[i], got, combos, found, failed); err != nil {
			return nil, err
		}
	}
	return failed, nil
}

// take sorts what one read gave. Where the system refuses the question, halves of it are asked, to find the value
// that it cannot look for; when no value is to blame, the question itself is wrong.
func (s *seeker) take(a int, alt plan.Alternative, lead int, keys []string, got answer, combos map[string][]value.Value, found map[string][]value.Record, failed map[string]error) error {
	if got.err == nil {
		s.lament(got.bad)
		s.keep(a, alt, keys, got.records, found)
		return nil
	}
	if connectors.AsError(got.err).Class != connectors.Reject {
		return failedFor(s.side.name, "looking up "+s.name+" in", got.err)
	}
	if len(keys) == 1 {
		failed[keys[0]] = fmt.Errorf("%s does not accept the key %s: %w", s.side.name, keyList(combos[keys[0]]), got.err)
		return nil
	}
	for _, half := range [][]string{keys[:len(keys)/2], keys[len(keys)/2:]} {
		again := s.r.readAll(s.side, s.query(alt, lead, half, combos), s.wanted)
		if err := s.take(a, alt, lead, half, again, combos, found, failed); err != nil {
			return err
		}
	}
	return nil
}

// keep sorts what a read gave to the keys that were asked for; whatever else the system let through is dropped.
func (s *seeker) keep(a int, alt plan.Alternative, keys []string, records []value.Record, found map[string][]value.Record) {
	want := make(map[string]bool, len(keys))
	for _, k := range keys {
		want[k] = true
		found[k] = nil
	}
	for _, rec := range records {
		if key := string(rune(a)) + candidateKey(alt, s.slots[a], rec); want[key] {
			found[key] = append(found[key], rec)
		}
	}
	if s.noCache {
		return
	}
	if s.held > cacheMost {
		s.cache, s.held = map[string][]value.Record{}, 0
	}
	for _, k := range keys {
		s.cache[k] = found[k]
		s.held += 1 + len(found[k])
	}
}

// lead is the key with the most different values: the one that narrows most.
func (s *seeker) lead(alt plan.Alternative, keys []string, combos map[string][]value.Value) int {
	best, most := 0, -1
	for i := range alt {
		seen := map[string]bool{}
		for _, k := range keys {
			seen[keyText(combos[k][i:i+1])] = true
		}
		if len(seen) > most {
			best, most = i, len(seen)
		}
	}
	return best
}

// query asks for the candidates of a chunk of keys. Of several key fields each is asked for by itself, which
// lets combinations through that nobody asked for; keep drops them.
func (s *seeker) query(alt plan.Alternative, lead int, keys []string, combos map[string][]value.Value) query.Read {
	var where query.And
	for i, k := range alt {
		var values []value.Value
		seen := map[string]bool{}
		for _, key := range keys {
			if v := combos[key][i]; !seen[keyText(combos[key][i:i+1])] {
				seen[keyText(combos[key][i:i+1])] = true
				values = append(values, v)
			}
		}
		if i == lead || len(values) <= s.side.chunk(s.end.Catalog, len(values)) {
			where = append(where, query.In{Field: k.Field.Name, Values: values})
		}
	}
	if s.pushed != nil {
		where = append(where, s.pushed)
	}
	return query.Read{Object: s.end.Object.Name, Layout: s.layout, Where: where}
}

// chunkBy cuts sorted keys so that no chunk has more than size different values.
func chunkBy(keys []string, size int, of func(string) value.Value) [][]string {
	var out [][]string
	start, n := 0, 0
	for i, k := range keys {
		if i > 0 && value.Equal(of(keys[i-1]), of(k)) {
			continue
		}
		if n == size {
			out = append(out, keys[start:i])
			start, n = i, 0
		}
		n++
	}
	return append(out, keys[start:])
}

// keyList is key values as they appear in messages.
func keyList(vs []value.Value) string {
	parts := make([]string, len(vs))
	for i, v := range vs {
		parts[i] = v.String()
	}
	return strings.Join(parts, ", ")
}
