package engine

import (
	"fmt"
	"io"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// A row that cannot be read (a broken line of a file) is a dead letter where `where` does not leave it out. Where records
// are looked up it is one too, and it may be the record that is sought: "there is none" is then not known, and a rule that
// acted on it would create what is there already, or write as empty what is not.

// brokenRow is the answer to a look-up that such a row stands in the way of.
type brokenRow struct {
	place string
	err   error
	sure  bool // it has the key that is sought
}

func (b *brokenRow) Error() string {
	if b.sure {
		return fmt.Sprintf("%s has the key that is looked for and cannot be read (%v); mend the row", b.place, b.err)
	}
	return fmt.Sprintf("nothing was found, but %s may be it and cannot be read (%v); mend or delete the row", b.place, b.err)
}

// maybe gives the answer for a record that was asked for by its id and not given: one of the rows that could not be read
// is it, or may be; nil: it is not there.
func maybe(bad []connectors.BadRow, id string) *brokenRow {
	var out *brokenRow
	for _, b := range bad {
		switch {
		case b.ID == id:
			return &brokenRow{place: b.Place, err: b.Err, sure: true}
		case b.ID == "" && out == nil:
			out = &brokenRow{place: b.Place, err: b.Err}
		}
	}
	return out
}

// brokenRows are the rows that the reads of a look-up could not decode.
type brokenRows struct {
	byKey map[string]*brokenRow // by alternative and key: the first, of those whose keys are known
	any   *brokenRow            // the first of those of which nothing is known
}

func brokenKey[T string | []byte](a int, key T) string { return string(rune(a)) + string(key) }

// hit settles an ask whose key, that of appendKey, a broken row has.
func (b *brokenRows) hit(q *ask, a int, key []byte) bool {
	return len(b.byKey) > 0 && b.hitAt(q, brokenKey(a, key))
}

func (b *brokenRows) hitAt(q *ask, at string) bool {
	row := b.byKey[at]
	if row != nil {
		q.err, q.done = row, true
	}
	return row != nil
}

// doubt settles an ask that found nothing, where that is not known for certain.
func (b *brokenRows) doubt(q *ask) {
	if !q.done && b.any != nil {
		q.err, q.done = b.any, true
	}
}

// lament remembers rows that the seeker's reads could not decode, and has them reported.
func (s *seeker) lament(bad []connectors.BadRow) {
	for _, b := range bad {
		row := &brokenRow{place: b.Place, err: b.Err}
		s.r.lament(s.end, b)
		if b.Known == nil || len(s.spec.By) == 0 {
			if s.broken.any == nil {
				s.broken.any = row
			}
			continue
		}
		row.sure = true
		for a, alt := range s.spec.By {
			key := candidateKey(alt, s.slots[a], b.Known)
			if key == "" {
				continue // an empty key finds nothing
			}
			if s.broken.byKey == nil {
				s.broken.byKey = map[string]*brokenRow{}
			}
			if at := brokenKey(a, key); s.broken.byKey[at] == nil {
				s.broken.byKey[at] = row
			}
		}
	}
}

// lookedUpRow is a row that a look-up came by and could not read.
type lookedUpRow struct {
	end plan.End
	row connectors.BadRow
}

// lament has a row reported that a look-up could not read, once a run.
func (r *access) lament(end plan.End, b connectors.BadRow) {
	at := objectName(end) + "\x00" + b.Place
	if r.lamented[at] {
		return
	}
	if r.lamented == nil {
		r.lamented = map[string]bool{}
	}
	r.lamented[at] = true
	r.broken = append(r.broken, lookedUpRow{end, b})
}

// lookUpLetters makes dead letters of the rows that look-ups could not read since it was last called.
func (r *runner) lookUpLetters() (out []state.DeadLetter) {
	for _, b := range r.broken {
		if r.unread[b.row.Place] {
			continue
		}
		r.unread[b.row.Place] = true
		r.run.Dead++
		r.besides++
		source := state.SourceRef{Connection: b.end.Connection, Object: b.end.Object.Name, ID: b.row.Place}
		out = append(out, *r.letterFor(source, "", "read", &connectors.Error{Class: connectors.Reject, Message: b.row.Err.Error(), Request: b.row.Text}))
		if r.job.OnProblem != nil {
			r.job.OnProblem(Problem{Rule: r.p.ID(), Kind: "rejected", Source: Ref{source.Connection, source.Object, source.ID}, Step: "read", Message: b.row.Err.Error()})
		}
	}
	r.broken = nil
	return out
}

// lookUpLetters stores dead letters of the rows that look-ups could not read since it was last called.
func (t *triggerRun) lookUpLetters() error {
	out := state.Outcome{Rule: t.p.ID()}
	for _, b := range t.broken {
		t.run.Dead++
		e := &connectors.Error{Class: connectors.Reject, Message: b.row.Err.Error(), Request: b.row.Text}
		letter := t.letter(b.row.Place, "", "read", b.end.Connection, b.end.Object.Name, e)
		letter.Source.Connection, letter.Source.Object = b.end.Connection, b.end.Object.Name
		out.Dead = append(out.Dead, letter)
		t.problem(b.row.Place, "rejected", "read", e)
		t.unread[b.row.Place] = true
	}
	t.broken = nil
	if len(out.Dead) == 0 || t.job.DryRun {
		return nil
	}
	return t.commit(out)
}

// reread settles the dead letters of rows that are read well by now: those of the rule's own object after all of it was read,
// and those that finds came by where a look-up goes through all records anyway.
func (t *triggerRun) reread() error {
	if len(t.dead.open) == 0 {
		return nil
	}
	letters, err := t.job.Store.DeadLetters(t.work, state.DeadFilter{Rule: t.p.ID(), Status: state.DeadOpen})
	if err != nil {
		return fmt.Errorf("reading dead letters: %w", err)
	}
	out := state.Outcome{Rule: t.p.ID()}
	through := map[string]map[string]bool{}
	for _, l := range letters {
		if l.Step != "read" || l.Firing != "" || t.unread[l.Source.ID] {
			continue
		}
		well := t.whole && l.Source.Connection == t.p.On.Connection && l.Source.Object == t.p.On.Object.Name
		for _, s := range t.finds {
			if well || s.end.Connection != l.Source.Connection || s.end.Object.Name != l.Source.Object || !s.unasked() {
				continue
			}
			name := objectName(s.end)
			if through[name] == nil {
				if through[name], err = s.unread(); err != nil {
					return nil // whoever looks something up there says what is wrong
				}
			}
			well = !through[name][l.Source.ID]
		}
		if well {
			out.Revived = append(out.Revived, l.Source.ID)
		}
	}
	if len(out.Revived) == 0 {
		return nil
	}
	return t.commit(out)
}

// unasked tells whether the system of a look-up gives all its records whatever the question.
func (s *seeker) unasked() bool { return s.end.Catalog != nil && !s.end.Catalog.Filter.In }

// unread are the places of all rows of the seeker's object that cannot be read.
func (s *seeker) unread() (map[string]bool, error) {
	ctx := s.side.counted(s.r.work)
	rows, err := s.side.reader.Read(ctx, query.Read{Object: s.end.Object.Name, Layout: s.layout})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]bool{}
	for batch := value.NewBatch(s.layout, 256); ; {
		err := rows.Next(ctx, batch)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if broken, ok := rows.(connectors.BadRows); ok {
			for _, b := range broken.Bad() {
				out[b.Place] = true
			}
		}
	}
}

// ofSource tells whether a letter is of the rule's own source, not of what it looks up.
func (r *runner) ofSource(l state.DeadLetter) bool {
	return l.Source.Connection == r.p.From.Connection && l.Source.Object == r.p.From.Object.Name
}

// lookedThrough tells whether this run looked something up where the letter's row stands. Had it come by the row and
// found it broken, the row would be among those that are unread.
func (r *runner) lookedThrough(l state.DeadLetter) bool {
	for _, s := range append(r.finds[:len(r.finds):len(r.finds)], r.match) {
		if s != nil && s.asked && s.end.Connection == l.Source.Connection && s.end.Object.Name == l.Source.Object {
			return true
		}
	}
	return false
}

// ownTests are the parts of the rule's conditions that read the source record alone, and the slots that they and the
// record's id are in.
func (r *runner) ownTests() (tests []*expr.Program, slots []int) {
	for _, f := range r.filters {
		if f.Own != nil {
			tests, slots = append(tests, f.Own), append(slots, f.OwnSlots...)
		}
	}
	if (len(tests) > 0 || r.outbox != nil || r.p.OnDelete.Kind != plan.DepartureIgnore) && r.p.From.Object.Key != "" && r.p.Match != nil {
		slots = append(slots, 0) // a row that cannot be read is to be told whose it is
	}
	return tests, slots
}

// leftOut parts the rows that could not be decoded into those that the rule's conditions leave out, which are not looked at
// further, and the others.
func (r *runner) leftOut(rows []connectors.BadRow) (out, bad []connectors.BadRow) {
	if len(rows) == 0 {
		return nil, nil
	}
	tests, _ := r.ownTests()
	frame := &expr.Frame{Now: r.now, Cover: r.job.Cover, Records: make([]value.Record, r.p.RootIt()+1)}
	for _, b := range rows {
		if leavesOut(tests, plan.RootSource, frame, b) {
			out = append(out, b)
		} else {
			bad = append(bad, b)
		}
	}
	return out, bad
}

// leavesOut tells whether one of conditions is false for what is known of a row that could not be decoded.
func leavesOut(tests []*expr.Program, root int, frame *expr.Frame, b connectors.BadRow) bool {
	if b.Known == nil {
		return false
	}
	frame.Records[root] = b.Known
	for _, t := range tests {
		if in, err := t.Test(frame); err != nil || !in {
			return err == nil
		}
	}
	return false
}

// leftOutItems makes items of rows that are left out, so that a record that was in before is seen to leave.
func (r *runner) leftOutItems(rows []connectors.BadRow) (out []*item) {
	for _, b := range rows {
		if r.p.From.Object.Key == "" {
			r.run.Filtered++
			continue
		}
		it := r.newItem(b.Known.At(0).String(), b.Known)
		it.broken = b.Err
		out = append(out, it)
	}
	return out
}
