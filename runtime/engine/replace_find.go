package engine

import (
	"fmt"

	"github.com/syncline/syncline/lang/value"
)

// shelve fills the shelves of the rule's finds, where all of them have one: then pages are looked up and mapped in parallel.
func (p *replacer) shelve() error {
	for _, s := range p.r.finds {
		if !s.shelvable() {
			return nil
		}
	}
	for _, s := range p.r.finds {
		if err := s.stock(); err != nil {
			return err
		}
	}
	p.shelved = len(p.r.finds) > 0
	return nil
}

// looking is the scratch memory of look-ups.
type looking struct {
	values []value.Value
	keys   [][]byte // by alternative; empty where one of its values is
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

// lookUp puts what the finds give into the frame; there is false for a record that they settle.
func (p *replacer) lookUp(c *parcel, w *mapper) (there bool, err error) {
	for _, s := range p.r.finds {
		w.frame.Records[s.find.Root] = nil
	}
	for _, after := range [...]bool{false, true} {
		for _, s := range p.r.finds {
			if s.find.AfterMatch != after {
				continue
			}
			if there, err := p.find(s, c, w); err != nil || !there {
				return false, err
			}
		}
	}
	return true, nil
}

func (p *replacer) find(s *seeker, c *parcel, w *mapper) (there bool, err error) {
	if err := w.look.eval(s, w); err != nil {
		return false, fmt.Errorf("the key of %s: %w", s.name, err)
	}
	var q ask
	for a := range s.spec.By {
		if len(w.look.keys[a]) == 0 || q.done {
			continue
		}
		if s.broken.hit(&q, a, w.look.keys[a]) {
			break
		}
		found, err := s.shelf.find(a, w.look.keys[a])
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
func (l *looking) eval(s *seeker, w *mapper) error {
	for len(l.keys) < len(s.spec.By) {
		l.keys = append(l.keys, nil)
	}
	for a, alt := range s.spec.By {
		vs, err := evalKey(l.values[:0], alt, w.frame)
		if err != nil {
			return err
		}
		if l.keys[a] = appendKey(l.keys[a][:0], vs); vs != nil {
			l.values = vs
		}
	}
	return nil
}

// settle counts the records that finds have settled.
func (p *replacer) settle(a *asides) {
	p.r.run.Unmatched += a.unmatched
	p.r.run.Ambiguous += a.ambiguous
	for _, x := range a.problems {
		p.r.setAside(&item{id: x.id}, x.verdict, "find", x.why)
	}
}
