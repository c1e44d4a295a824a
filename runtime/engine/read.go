package engine

import (
	"context"
	"encoding/binary"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// page is one page of the source, with where the reader stands after it.
type page struct {
	batch  *value.Batch
	ids    []string // of records without a key field
	bad    []connectors.BadRow
	cursor query.Cursor
	sifted int   // records that the reader left out, for they are not wanted
	clean  bool  // all that are given passed the conditions of the sift
	read   int   // which read it is of: one that broke off may have begun again
	err    error // the read is over; io.EOF: well
}

// pageReader reads the source ahead of the engine, on batches that take turns.
type pageReader struct {
	a    *access
	from *side
	q    query.Read
	// ids: the source's own ids are wanted, for its records have no key field.
	ids bool
	out chan *page
	// give hands a page on, false when nobody wants more; send, where nothing else is set.
	give   func(*page) bool
	free   chan *value.Batch
	cancel context.CancelFunc
	ctx    context.Context
	rows   connectors.Rows
	given  int
	reads  int // how often the read was begun
	// once: a record must not be given twice, so a read that broke off in the middle is over.
	once bool
	// sift is which records are wanted, for a reader that can leave the others out, and what is needed of broken ones; nil: all.
	sift  *sift
	sieve bool // the reader does leave them out
	last  query.Cursor
}

// readPages starts reading. The caller takes pages from out, gives their batches back to free, and calls stop.
func (r *runner) readPages(q query.Read) *pageReader {
	p := r.newPageReader(q, 2)
	if _, slots := r.ownTests(); len(slots) > 0 {
		p.sift = newSift(nil, slots, plan.RootSource, nil)
	}
	go p.run()
	return p
}

// newPageReader prepares a read with so many batches that take turns.
func (r *runner) newPageReader(q query.Read, batches int) *pageReader {
	ids := r.p.From.Object.Key == "" && r.p.Match != nil
	return r.access.newPageReader(r.from, q, batches, ids)
}

func (r *access) newPageReader(from *side, q query.Read, batches int, ids bool) *pageReader {
	ctx, cancel := context.WithCancel(from.counted(r.ctx))
	p := &pageReader{a: r, from: from, q: q, ids: ids, out: make(chan *page), free: make(chan *value.Batch, batches), cancel: cancel, ctx: ctx}
	p.give = p.send
	for range batches {
		p.free <- value.NewBatch(q.Layout, 256)
	}
	return p
}

// stop ends the read and waits until the reader is closed.
func (p *pageReader) stop() {
	p.cancel()
	for range p.out {
	}
}

func (p *pageReader) run() {
	defer close(p.out)
	defer func() {
		if p.rows != nil {
			p.rows.Close()
		}
	}()
	for {
		var batch *value.Batch
		select {
		case batch = <-p.free:
		case <-p.ctx.Done():
			return
		}
		next := p.next(batch)
		if !p.give(next) || next.err != nil {
			return
		}
	}
}

// send hands a page to who reads out.
func (p *pageReader) send(next *page) bool {
	select {
	case p.out <- next:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// next reads a page. A read that broke off goes on from the last page's cursor, or from the start where the
// source cannot resume: records seen twice are evaluated twice, which changes nothing.
func (p *pageReader) next(b *value.Batch) *page {
	for try := 1; ; try++ {
		out, err := p.fill(b)
		if err == nil || err == io.EOF {
			out.err = err
			return out
		}
		if p.rows != nil {
			p.rows.Close()
			p.rows = nil
		}
		again, stop := p.a.again(p.ctx, err, try)
		if stop != nil {
			return &page{err: stop}
		}
		if !again || p.once && p.given > 0 {
			return &page{err: failedFor(p.from.name, "reading "+p.q.Object+" from", err)}
		}
		if p.last != "" {
			p.q.Since = p.last
			if p.q.Limit > 0 {
				p.q.Limit -= p.given
				p.given = 0
			}
		}
	}
}

func (p *pageReader) fill(b *value.Batch) (*page, error) {
	if p.rows == nil {
		rows, err := p.from.reader.Read(p.ctx, p.q)
		if err != nil {
			return nil, err
		}
		p.rows = rows
		p.reads++
		p.sieve = p.sift.hand(rows) && p.sift != nil
	}
	err := p.rows.Next(p.ctx, b)
	if err != nil && err != io.EOF {
		return nil, err
	}
	out := &page{batch: b, cursor: p.rows.Cursor(), read: p.reads}
	p.last = out.cursor
	if p.sieve {
		out.sifted, out.clean = p.rows.(connectors.Sieve).Sifted(), p.sift.want != nil && !p.sift.failed.Load()
	}
	p.given += b.Len() + out.sifted
	if bad, ok := p.rows.(connectors.BadRows); ok {
		out.bad = bad.Bad()
	}
	if keyed, ok := p.rows.(connectors.Keyed); ok && p.ids {
		out.ids = make([]string, b.Len())
		for i := range out.ids {
			out.ids[i] = keyed.ID(i)
		}
	}
	return out, err
}

// sourceQuery is the question to the source.
func (r *runner) sourceQuery() query.Read {
	return query.Read{Object: r.p.From.Object.Name, Layout: r.p.Source, Where: r.pushdown(),
		Since: query.Cursor(r.cp.Cursor), Limit: r.p.MaxRecords}
}

// items makes items of the records of a page that do not pass. Of two states of one record the later one counts; where
// they are two records, both stay for repeats.settle.
func (r *runner) items(p *page) []*item {
	r.repeats.begin(p, r.p.From.Object.Key != "")
	var at map[string]int // grows with the new records, of which most pages have few
	var out []*item
	next := &r.next
	for i := range p.batch.Len() {
		if i%findAhead == 0 {
			r.identify(p, i, next)
		}
		src, n := p.batch.Record(i), i%findAhead
		id, hash := next.ids[n], next.hashes[n]
		if r.pass(id, hash, next.at[n]) {
			if r.job.OnRead != nil {
				r.tellRead(r.newItem(strings.Clone(id), src))
			}
			continue
		}
		it := r.newItem(strings.Clone(id), src) // it outlives the page
		it.hash = hash
		if id == "" {
			// Without an identity a record is what it holds: a changed one is another one.
			it.id = r.nameless(src)
		}
		if at == nil {
			at = map[string]int{}
		}
		if first, twice := at[it.id]; twice && !r.repeats.on {
			out[first] = nil
		}
		at[it.id] = len(out)
		out = append(out, it)
	}
	return slices.DeleteFunc(out, func(it *item) bool { return it == nil })
}

// identity is the id of a record of a page, which may point into the page; "" when it has none.
func (r *runner) identity(p *page, i int) string {
	switch {
	case r.p.From.Object.Key != "":
		return p.batch.Record(i).At(0).String()
	case p.ids != nil:
		return p.ids[i]
	}
	return ""
}

// anonymous begins the ids of records that have none of their own.
const anonymous = "#"

// nameless is the id of a record that has none of its own.
func (r *runner) nameless(src value.Record) string {
	return anonymous + strconv.FormatUint(r.hash(src), 16)
}

// hash is a fingerprint of what the rule reads of a record. It covers the rule's meaning, so that another
// meaning never passes for "unchanged". Zero stands for "not known".
func (r *runner) hash(src value.Record) uint64 {
	var buf [512]byte
	b := binary.BigEndian.AppendUint64(buf[:0], r.meaning)
	for _, v := range src {
		b = v.AppendBinary(b)
	}
	return max(xxhash.Sum64(b), 1)
}

func fnv64[T string | []byte](b T) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(b) {
		h = (h ^ uint64(b[i])) * 1099511628211
	}
	return h
}
