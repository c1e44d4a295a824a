package engine

import (
	"fmt"
	"slices"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/state"
)

// prepare looks up what firings refer to. ready are those that go on; again have to wait for what others write. An error
// is one of a whole system: then all of them wait.
func (t *triggerRun) prepare(fs []*firing) (ready []*firing, again []state.Firing, err error) {
	if err := t.complete(fs); err != nil {
		return fs, nil, err
	}
	var order []int64
	by := map[int64][]*firing{}
	for _, f := range fs {
		if f.standing == live && !f.progress.Ready {
			at := f.data.Now.UnixMicro()
			if by[at] == nil {
				order = append(order, at)
			}
			by[at] = append(by[at], f)
		}
	}
	asked := map[string]*firing{}
	// A firing's now is part of the question, so firings of different instants ask by themselves.
	for _, at := range order {
		if err := t.findAll(by[at], asked); err != nil {
			return fs, nil, err
		}
	}
	for _, f := range fs {
		if f.standing == behind {
			again = append(again, f.Firing)
			continue
		}
		if f.standing == live {
			f.progress.Ready = true
		}
		ready = append(ready, f)
	}
	return ready, again, nil
}

// complete reads records of which a firing does not keep all that the rule reads by now, because it was edited.
func (t *triggerRun) complete(fs []*firing) error {
	var ids []string
	lacking := map[string]*firing{}
	for _, f := range fs {
		if f.standing != live || f.progress.Ready {
			continue
		}
		if _, lacks, _ := f.data.New.record(t.p.Source); len(lacks) > 0 {
			ids = append(ids, f.Source)
			lacking[f.Source] = f
		}
	}
	if len(ids) == 0 {
		return nil
	}
	read, unread, err := t.readRecords(ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		f := lacking[id]
		if row := unread[id]; row != nil {
			t.fail(f, "find", asReject(row), t.p.On) // its fields are not empty for that
			continue
		}
		rec, _, _ := f.data.New.record(t.p.Source)
		_, lacks, _ := f.data.New.record(t.p.Source)
		for _, name := range lacks {
			slot := t.p.Source.Slot(name)
			rec[slot] = read[id].At(slot)
		}
		f.it.records[plan.RootNew] = rec
		f.data.New = keep(t.p.Source, rec)
		if f.Data, err = marshal(f.data); err != nil {
			return err
		}
	}
	return nil
}

// findAll looks up the finds of firings of one instant, in order, each for all of them at once.
func (t *triggerRun) findAll(fs []*firing, asked map[string]*firing) error {
	if len(fs) == 0 {
		return nil
	}
	defer t.at(fs[0])()
	for _, s := range t.finds {
		s.asked, s.all = false, nil
		var err error
		if s.pushed, err = t.bind(s.spec.Where); err != nil {
			return err
		}
		var asks []*ask
		who := map[*item]*firing{}
		for _, f := range fs {
			if f.standing != live || !t.looksUp(f, s.find) {
				continue
			}
			alts, err := evalKeys(s.spec.By, t.put(f.it))
			if err != nil {
				t.fail(f, "find", asReject(fmt.Errorf("the key of %s: %w", s.name, err)), s.end)
				continue
			}
			if t.contends(f, s, alts, asked) {
				f.standing = behind
				continue
			}
			who[f.it] = f
			asks = append(asks, &ask{it: f.it, alts: alts})
		}
		if len(asks) == 0 {
			continue
		}
		if err := s.seek(asks); err != nil {
			return err
		}
		for _, q := range asks {
			t.foundFor(who[q.it], s, q)
		}
	}
	return t.lookUpLetters()
}

// at makes now() and today() those of a firing, until the function that it gives is called.
func (t *triggerRun) at(f *firing) func() {
	now := t.now
	t.now, t.frame.Now = f.data.Now, f.data.Now
	return func() { t.now, t.frame.Now = now, now }
}

func (t *triggerRun) looksUp(f *firing, find *plan.Find) bool {
	if f.Kind == state.FiringRecovered {
		return slices.Contains(t.p.RecoveredFinds, find)
	}
	return slices.Contains(t.p.FiringFinds, find)
}

// contends tells whether an earlier firing looks for the same in an object that the rule writes as well: then this one has
// to see what that one wrote.
func (t *triggerRun) contends(f *firing, s *seeker, alts [][]value.Value, asked map[string]*firing) bool {
	if !t.outbox.contended[objectName(s.end)] {
		return false
	}
	var keys []string
	if len(alts) == 0 {
		keys = append(keys, objectName(s.end))
	}
	for i, vs := range alts {
		if vs == nil {
			continue
		}
		key := objectName(s.end)
		for n, k := range s.spec.By[i] {
			key += "\x00" + k.Field.Name + keyText(vs[n:n+1])
		}
		keys = append(keys, key)
	}
	for _, k := range keys {
		if first := asked[k]; first != nil && first != f {
			return true
		}
	}
	for _, k := range keys {
		asked[k] = f
	}
	return false
}

// foundFor takes an answer into the firing's frame, and into what is stored of it.
func (t *triggerRun) foundFor(f *firing, s *seeker, q *ask) {
	switch {
	case q.err != nil:
		t.fail(f, "find", asReject(q.err), s.end)
		return
	case len(q.many) > 0 && s.spec.Ambiguous == plan.AmbiguousError:
		t.run.Ambiguous++
		t.fail(f, "find", asReject(fmt.Errorf("%s; write order_by to choose one", severalText("find "+s.name, q.many))), s.end)
		return
	case q.found == nil && s.spec.Missing != plan.MissingEmpty && len(q.many) == 0:
		t.run.Unmatched++
		e := asReject(fmt.Errorf("find %s found nothing in %s", s.name, objectName(s.end)))
		e.Hint = "`syncline dead retry` looks again; missing = \"empty\" does without the record"
		t.fail(f, "find", e, s.end)
		return
	}
	list := q.all
	if list == nil && q.found != nil {
		list = []value.Record{q.found}
	}
	if f.progress.Finds == nil {
		f.progress.Finds = map[string][]kept{}
	}
	f.it.records[s.find.Root], f.all[s.find.Root] = q.found, list
	for _, rec := range list {
		f.progress.Finds[s.find.Name] = append(f.progress.Finds[s.find.Name], keep(s.find.Layout, rec))
	}
}

func asReject(err error) *connectors.Error {
	e := connectors.AsError(err)
	if e.Class == connectors.Retry {
		return &connectors.Error{Class: connectors.Reject, Message: err.Error(), Err: err}
	}
	return e
}
