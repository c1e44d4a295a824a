package engine

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// A target that is written whole has no records to match and nothing to remember: pages stream through filter
// and map into the new content. Decoding, evaluation and encoding run beside each other; pages are evaluated in
// parallel and appended in the order in which they were read.

// replacer is a run of such a rule.
type replacer struct {
	r      *runner
	layout *value.Layout
	target connectors.Replacement // nil in a dry run
	pages  *pageReader
	work   chan *parcel
	queue  chan *parcel
	spare  chan *value.Batch
	quit   chan struct{}
	// finds are those of the rule in the order in which they are looked up, where all that they look up is on shelves, which
	// the workers ask themselves; else none.
	finds []*seeker
}

// parcel is one page on its way.
type parcel struct {
	page     *page
	out      *value.Batch
	ids      []string // of the source records that out's records come from, where a plan tells of them
	filtered int
	failed   []rejection
	asides   asides
	letters  []state.DeadLetter
	done     chan struct{}
}

// rejection is a record that could not be mapped.
type rejection struct {
	id, step string
	err      error
}

func (r *runner) replace() error {
	if !r.job.DryRun { // the rule may have had another kind of target before
		if err := r.account(); err != nil {
			return err
		}
	}
	if err := r.handOutAll(); err != nil {
		return err
	}
	p, err := r.openReplace()
	if err != nil {
		return err
	}
	if err := p.shelve(); err != nil {
		p.abort()
		return err
	}
	if err := p.stream(); err != nil {
		p.abort()
		return err
	}
	if p.target == nil {
		return nil
	}
	if r.run.Created == 0 && r.run.Dead > r.besides {
		p.abort()
		return badJob("none of the %d records could be mapped, so %s was left as it is", r.run.Read, r.p.To.Object.Name)
	}
	if err := p.target.Commit(r.to.counted(r.work)); err != nil {
		p.abort()
		return failedFor(r.to.name, "writing "+r.p.To.Object.Name+" to", err)
	}
	r.written = r.run.Created
	// Every record was evaluated anew: what did not fail this time is mended.
	return r.settleUnless(func(l state.DeadLetter) bool {
		return r.unread[l.Source.ID] || !r.ofSource(l) && !r.lookedThrough(l)
	})
}

func (p *replacer) abort() {
	if p.target != nil {
		p.r.run.Created = 0 // none of it is there
		if err := p.target.Abort(); err != nil {
			p.r.log.Warn("the unfinished content could not be removed", "object", p.r.p.To.Object.Name, "error", err)
		}
	}
}

func (r *runner) openReplace() (*replacer, error) {
	names := make([]string, len(r.p.Map))
	for i, m := range r.p.Map {
		names[i] = m.Field.Name
		if !delivery.Allowed(r.to.allow, r.p.To.Object.Name, names[i]) {
			return nil, badJob("the connection %s does not allow writing %s.%s; add it to allow { write = […] } if it is meant", r.to.name, r.p.To.Object.Name, names[i])
		}
	}
	target, ok := r.to.conn.(connectors.Replacer)
	if !ok {
		return nil, badJob("%s cannot write an object whole", r.to.name)
	}
	workers := max(runtime.GOMAXPROCS(0), 1)
	p := &replacer{r: r, layout: value.NewLayout(names...), work: make(chan *parcel, workers+1), queue: make(chan *parcel, workers+1),
		spare: make(chan *value.Batch, workers+3), quit: make(chan struct{})}
	if r.job.DryRun {
		return p, nil
	}
	var err error
	if p.target, err = target.Replace(r.to.counted(r.work), r.p.To.Object, p.layout); err != nil {
		return nil, failedFor(r.to.name, "writing "+r.p.To.Object.Name+" to", err)
	}
	return p, nil
}

// stream moves all pages through.
func (p *replacer) stream() error {
	workers := max(runtime.GOMAXPROCS(0), 1)
	p.pages = p.r.newPageReader(p.r.sourceQuery(), workers+2)
	p.pages.once, p.pages.sift = true, p.sift()
	var group sync.WaitGroup
	p.pages.give = p.distribute
	for range workers {
		group.Go(p.evaluate)
	}
	group.Go(func() {
		defer close(p.work)
		defer close(p.queue)
		p.pages.run()
	})
	err := p.collect()
	close(p.quit)
	p.pages.stop()
	group.Wait()
	return err
}

// sift lets the reader leave out what the rule's conditions exclude. With max_records they count, so all are read.
func (p *replacer) sift() *sift {
	tests, slots := p.r.ownTests()
	if p.r.p.MaxRecords > 0 {
		tests = nil
	}
	return newSift(tests, slots, plan.RootSource, p.frame())
}

// frame is a frame for one goroutine.
func (p *replacer) frame() *expr.Frame {
	return &expr.Frame{Now: p.r.now, Cover: p.r.job.Cover, Records: make([]value.Record, p.r.p.RootIt()+1)}
}

// distribute hands a page to the workers and keeps its place in the order.
func (p *replacer) distribute(pg *page) bool {
	c := &parcel{page: pg, done: make(chan struct{})}
	select {
	case p.queue <- c:
	case <-p.quit:
		return false
	}
	select {
	case p.work <- c:
		return true
	case <-p.quit:
		return false
	}
}

func (p *replacer) evaluate() {
	w := &mapper{frame: p.frame()}
	for c := range p.work {
		if c.page.batch != nil && c.page.batch.Len() > 0 {
			select {
			case c.out = <-p.spare:
				c.out.Reset()
			default:
				c.out = value.NewBatch(p.layout, c.page.batch.Len())
			}
			if len(p.r.finds) == len(p.finds) {
				p.mapPage(c, w)
			}
		}
		close(c.done)
	}
}

// mapper is what one goroutine needs to map records.
type mapper struct {
	frame  *expr.Frame
	passed []int // of the records that are mapped together, those that passed the filters: their numbers in the page
	look   looker
}

// mapPage filters and maps a page, so many records at a time as are looked up together.
func (p *replacer) mapPage(c *parcel, w *mapper) {
	in := c.page.batch
	w.frame.Texts = c.out // built texts live as long as the records that hold them
	for start := 0; start < in.Len(); start += findAhead {
		w.passed = w.passed[:0]
		for i := start; i < min(start+findAhead, in.Len()); i++ {
			w.frame.Records[plan.RootSource] = in.Record(i)
			if passed, err := p.passes(c, w); err != nil {
				c.failed = append(c.failed, rejection{p.recordID(in.Record(i)), "filter", err})
			} else if passed {
				w.passed = append(w.passed, i)
			}
		}
		if len(p.finds) > 0 {
			p.lookAhead(c, w)
		}
		for n, i := range w.passed {
			w.frame.Records[plan.RootSource] = in.Record(i)
			if step, err := p.mapRecord(c, w, n); err != nil {
				c.failed = append(c.failed, rejection{p.recordID(in.Record(i)), step, err})
			}
		}
	}
}

// passes tells whether the record in the frame is one that the rule is about, and counts it where it is not.
func (p *replacer) passes(c *parcel, w *mapper) (bool, error) {
	for _, f := range p.r.filters {
		if c.page.clean && f.Own == f.Whole {
			continue
		}
		in, err := f.Whole.Test(w.frame)
		if err != nil {
			return false, fmt.Errorf("the condition fails for this record: %w", err)
		}
		if !in {
			c.filtered++
			return false, nil
		}
	}
	if p.r.pilot == nil {
		return true, nil
	}
	in, err := p.r.pilot.has(w.frame, p.pilotID(w.frame.Records[plan.RootSource]))
	if err == nil && !in {
		c.filtered++
	}
	return in, err
}

// mapRecord maps the record in the frame, the n-th of those that passed.
func (p *replacer) mapRecord(c *parcel, w *mapper, n int) (step string, err error) {
	frame := w.frame
	if len(p.finds) > 0 {
		if there, err := p.lookUp(c, w, n); err != nil || !there {
			return "find", err
		}
	}
	row := c.out.Append()
	for i, m := range p.r.p.Map {
		v, err := m.Value.Eval(frame)
		if err == nil {
			v, err = value.Conform(m.Field, v)
		}
		if err != nil {
			c.out.DropLast()
			return "evaluate", fmt.Errorf("%s: %w", m.Field.Name, err)
		}
		row[i] = v
	}
	if p.reports() {
		c.ids = append(c.ids, p.recordID(frame.Records[plan.RootSource]))
	}
	return "", nil
}

// recordID names a record in a dead letter; "" where it has no key.
func (p *replacer) recordID(src value.Record) string {
	if p.r.p.From.Object.Key == "" {
		return ""
	}
	return string(src.At(0).AppendText(nil))
}

// pilotID is what a record draws its lot by where nothing else is written.
func (p *replacer) pilotID(src value.Record) string {
	if id := p.recordID(src); id != "" {
		return id
	}
	return p.r.nameless(src)
}

// mapItems maps a page whose rule looks other records up. Finds remember what they found, so this is done by one
// goroutine, the one that counts.
func (p *replacer) mapItems(c *parcel) error {
	var items []*item
	for i := range c.page.batch.Len() {
		src := c.page.batch.Record(i)
		id := p.recordID(src)
		if p.r.pilot != nil {
			id = p.pilotID(src)
		}
		items = append(items, p.r.newItem(id, src))
	}
	p.r.filter(items)
	if err := p.r.enroll(items, false); err != nil {
		return err
	}
	if err := p.r.runFinds(items, false); err != nil {
		return err
	}
	if err := p.r.runFinds(items, true); err != nil {
		return err
	}
	p.r.evaluate(items)
	for _, it := range items {
		if it.verdict == pending {
			copy(c.out.Append(), it.want)
			if p.reports() {
				c.ids = append(c.ids, it.id)
			}
			continue
		}
		p.r.count(it)
		if it.letter != nil {
			c.letters = append(c.letters, *it.letter)
		}
	}
	return nil
}

// collect appends what the workers made, in order.
func (p *replacer) collect() error {
	r := p.r
	for c := range p.queue {
		select {
		case <-c.done:
		case <-r.ctx.Done():
			return errInterrupted
		}
		if r.ctx.Err() != nil {
			return errInterrupted
		}
		if c.page.err != nil && c.page.err != io.EOF {
			return c.page.err
		}
		if err := p.take(c); err != nil {
			return err
		}
		if c.page.err == io.EOF {
			return nil
		}
		p.pages.free <- c.page.batch
		if c.out != nil {
			select {
			case p.spare <- c.out:
			default:
			}
		}
	}
	return errInterrupted
}

// take appends one page and stores what failed of it.
func (p *replacer) take(c *parcel) error {
	r := p.r
	first := r.run.Read
	out, bad := r.leftOut(c.page.bad)
	if c.out != nil && len(r.finds) > len(p.finds) {
		if err := p.mapItems(c); err != nil {
			return err
		}
	}
	r.run.Read += c.page.batch.Len() + c.page.sifted + len(out)
	r.run.Filtered += c.page.sifted + c.filtered + len(out)
	p.settle(&c.asides)
	if c.out != nil && c.out.Len() > 0 {
		if p.target != nil {
			if err := p.target.Append(r.to.counted(r.work), c.out); err != nil {
				return failedFor(r.to.name, "writing "+r.p.To.Object.Name+" to", err)
			}
		}
		r.run.Created += c.out.Len()
		r.changes = r.run.Created
		p.report(c)
	}
	letters := slices.Concat(r.lookUpLetters(), r.badRows(bad), c.letters)
	for i, f := range c.failed {
		if f.id == "" {
			f.id = anonymous + strconv.Itoa(first+i+1)
		}
		it := &item{id: f.id}
		r.reject(it, f.step, f.err)
		r.run.Dead++
		letters = append(letters, *it.letter)
	}
	r.progress("read")
	if len(letters) == 0 {
		return nil
	}
	for _, l := range letters {
		r.unread[l.Source.ID] = true
	}
	return r.commit(state.Outcome{Rule: r.p.ID(), Dead: letters})
}

// reports tells whether somebody wants to know each record: in a dry run.
func (p *replacer) reports() bool { return p.r.job.DryRun && p.r.job.OnChange != nil }

// report tells of the records that a dry run would write.
func (p *replacer) report(c *parcel) {
	if !p.reports() {
		return
	}
	r := p.r
	for i := range c.out.Len() {
		change := Change{Rule: r.p.ID(), Action: "create", Connection: r.p.To.Connection, Object: r.p.To.Object.Name,
			Source: Ref{Connection: r.p.From.Connection, Object: r.p.From.Object.Name, ID: c.ids[i]}}
		for n, v := range c.out.Record(i) {
			change.Fields = append(change.Fields, FieldDiff{Name: p.layout.Names[n], After: v.JSON(), Expression: r.p.Map[n].Text})
		}
		r.job.OnChange(change)
	}
}
