package engine

import (
	"fmt"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

// shelve fills the shelves of the rule's finds, where all of them have one: then pages are looked up and mapped in parallel.
func (p *replacer) shelve() error {
	for _, s := range p.r.finds {
		if !s.shelvable() {
			return nil
		}
	}
	for _, after := range [...]bool{false, true} {
		for _, s := range p.r.finds {
			if s.find.AfterMatch != after {
				continue
			}
			if err := s.stock(); err != nil {
				return err
			}
			p.finds = append(p.finds, s)
		}
	}
	return nil
}

// looker is the memory in which one goroutine looks up.
type looker struct {
	// ahead are the questions of the first find for the records that are mapped together: its keys depend on nothing that
	// was found. The questions of the others come one by one.
	ahead [findAhead]question
	one   [1]question
	// touched is of no use but to locate.
	touched uint32
}

// question is what one record asks a find.
type question struct {
	values []value.Value
	keys   [][]byte // by alternative; empty where one of its values is
	at     []place  // where on the shelf each is found
	err    error    // the keys cannot be computed
}

// asides counts the records of a page that a find has settled without a failure.
type asides struct {
	unmatched, ambiguous int
	problems             []aside
}

// aside is one of them, where somebody wants to know.
type aside struct {
	id, why string
	verdict verdict
}

// lookAhead puts the questions of the first find for the records that passed.
func (p *replacer) lookAhead(c *parcel, w *mapper) {
	p.forget(w)
	for n, i := range w.passed {
		w.frame.Records[plan.RootSource] = c.page.batch.Record(i)
		w.look.ahead[n].eval(p.finds[0], w.frame)
	}
	w.look.touched = p.finds[0].shelf.locate(w.look.ahead[:len(w.passed)])
}

// forget empties what finds gave for another record.
func (p *replacer) forget(w *mapper) {
	for _, s := range p.finds {
		w.frame.Records[s.find.Root] = nil
	}
}

// lookUp puts what the finds give for the n-th of the records that passed into the frame; there is false for a record
// that they settle.
func (p *replacer) lookUp(c *parcel, w *mapper, n int) (there bool, err error) {
	p.forget(w)
	there, err = p.find(p.finds[0], c, w, &w.look.ahead[n])
	for _, s := range p.finds[1:] {
		if err != nil || !there {
			break
		}
		w.look.one[0].eval(s, w.frame)
		w.look.touched = s.shelf.locate(w.look.one[:])
		there, err = p.find(s, c, w, &w.look.one[0])
	}
	return there, err
}

func (p *replacer) find(s *seeker, c *parcel, w *mapper, asked *question) (there bool, err error) {
	if asked.err != nil {
		return false, fmt.Errorf("the key of %s: %w", s.name, asked.err)
	}
	var q ask
	for a := range s.spec.By {
		if len(asked.keys[a]) == 0 || q.done {
			continue
		}
		if s.broken.hit(&q, a, asked.keys[a]) {
			break
		}
		found, err := s.shelf.find(a, asked.keys[a], asked.at[a])
		if err != nil {
			return false, err
		}
		s.decide(&q, w.frame, found)
		s.broken.doubt(&q)
	}
	v := s.verdict(&q)
	switch v {
	case pending:
		w.frame.Records[s.find.Root] = q.found
		return true, nil
	case dead:
		if len(q.many) > 0 {
			c.asides.ambiguous++
		}
		return false, s.why(&q)
	case ambiguous:
		c.asides.ambiguous++
	case unmatched:
		c.asides.unmatched++
	}
	if p.r.job.OnProblem != nil {
		c.asides.problems = append(c.asides.problems, aside{id: p.recordID(w.frame.Records[0]), why: s.why(&q).Error(), verdict: v})
	}
	return false, nil
}

// eval computes the keys of all alternatives.
func (q *question) eval(s *seeker, frame *expr.Frame) {
	for len(q.keys) < len(s.spec.By) {
		q.keys, q.at = append(q.keys, nil), append(q.at, none)
	}
	for a, alt := range s.spec.By {
		var vs []value.Value
		if vs, q.err = evalKey(q.values[:0], alt, frame); q.err != nil {
			return
		}
		if q.keys[a] = appendKey(q.keys[a][:0], vs); vs != nil {
			q.values = vs
		}
	}
}

// settle counts the records that finds have settled.
func (p *replacer) settle(a *asides) {
	p.r.run.Unmatched += a.unmatched
	p.r.run.Ambiguous += a.ambiguous
	for _, x := range a.problems {
		p.r.setAside(&item{id: x.id}, x.verdict, "find", x.why)
	}
}
