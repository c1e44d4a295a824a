package engine

import (
	"fmt"
	"math/bits"
	"strings"
	"unsafe"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/engine/recall"
	"github.com/syncline/syncline/runtime/state"
)

// Where a source gives all its records each time and few of them are new, asking the store for each would be most of
// the work of a run. The digests of what is known are loaded at once instead, eleven bytes a record, and records whose
// digest is the same pass without becoming items.

// digests are those of one run, in order of Source. Of the hash of a source they keep some bits, so that two records may
// share a place; those of the record's own hash, on which a verdict rests, are all there.
type digests struct {
	n      int
	tails  []uint16 // bits of the source's hash behind those that starts goes by
	hashes []uint64
	// passed marks records that this run saw unchanged, void those whose digest does not count any more, because
	// the run did something about them.
	passed, void bitset
	// starts says where the records begin whose sources' hashes have the same leading bits.
	starts   []uint32
	shift    int
	started  int // starts that are known
	giveBack func()
	// touched is of no use but to findAll.
	touched uint64
	read    int // number of the read that passed is of
}

type bitset []uint64

func newBitset(n int) bitset    { return make(bitset, (n+63)/64) }
func (b bitset) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }

// loadDigests prepares a run for passing over unchanged records, where that is possible: the read gives everything,
// and what is remembered is trusted and does not change with time.
func (r *runner) loadDigests() error {
	if !r.whole || r.verify || r.p.TimeDependent {
		return nil
	}
	err := r.job.Store.Digests(r.work, r.p.ID(), func(part []state.Digest, most int) error {
		if r.digests == nil {
			r.digests = newDigests(most)
		}
		r.digests.add(part)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading what is known of records: %w", err)
	}
	if r.digests != nil {
		r.digests.complete()
	}
	return nil
}

// newDigests makes room for so many.
func newDigests(most int) *digests {
	d := &digests{}
	width := max(bits.Len(uint(most))-4, 0) // some ten records a bucket
	d.shift = 64 - width
	d.starts = make([]uint32, 1<<width+1)
	mem, giveBack := recall.Outside(most*10 + 8)
	d.giveBack = giveBack
	d.hashes = unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(mem))), most)
	d.tails = unsafe.Slice((*uint16)(unsafe.Pointer(&mem[most*8])), most)
	return d
}

// add takes more digests, which come in order.
func (d *digests) add(part []state.Digest) {
	for _, x := range part {
		for bucket := int(x.Source >> d.shift); d.started <= bucket; d.started++ {
			d.starts[d.started] = uint32(d.n)
		}
		d.hashes[d.n], d.tails[d.n] = x.Hash, d.tail(x.Source)
		d.n++
	}
}

// tail is what distinguishes the sources of a bucket.
func (d *digests) tail(source uint64) uint16 { return uint16(source << (64 - d.shift) >> 48) }

// complete is called when all were added.
func (d *digests) complete() {
	for ; d.started < len(d.starts); d.started++ {
		d.starts[d.started] = uint32(d.n)
	}
	d.passed, d.void = newBitset(d.n), newBitset(d.n)
}

// close gives the memory back; there may be no digests.
func (d *digests) close() {
	if d != nil {
		d.giveBack()
		d.n, d.tails, d.hashes = 0, nil, nil
		clear(d.starts)
	}
}

// find gives the index of a record's digest, or -1: that with the hash, or another one that may be the record's.
func (d *digests) find(source, hash uint64) int {
	bucket, tail, other := source>>d.shift, d.tail(source), -1
	for at := int(d.starts[bucket]); at < int(d.starts[bucket+1]); at++ {
		if d.tails[at] != tail {
			continue
		}
		if d.hashes[at] == hash {
			return at
		}
		other = at
	}
	return other
}

// findAhead is how many records are found together.
const findAhead = 64

// findAll puts the indexes of several records' digests into at. The digests are far larger than the caches of the processor,
// so that finding is waiting for memory: what does not depend on each other is waited for together.
func (d *digests) findAll(sources, hashes []uint64, at []int) {
	var starts [findAhead]uint32
	for i, s := range sources {
		starts[i] = d.starts[s>>d.shift]
	}
	var touched uint64
	for i := range sources {
		if n := int(starts[i]); n < d.n {
			touched |= d.hashes[n] | uint64(d.tails[n])
		}
	}
	d.touched = touched // or the compiler would leave the reading out
	for i, s := range sources {
		at[i] = d.find(s, hashes[i])
	}
}

// identify gives the identity and the hash of the records of a page from start on, some of them, and where their digests are.
func (r *runner) identify(p *page, start int, into *identified) {
	into.n = min(findAhead, p.batch.Len()-start)
	for i := range into.n {
		into.ids[i], into.hashes[i] = r.identity(p, start+i), r.hash(p.batch.Record(start+i))
		into.sources[i] = state.SourceHash(into.ids[i])
	}
	if r.digests != nil {
		r.digests.findAll(into.sources[:into.n], into.hashes[:into.n], into.at[:into.n])
	}
}

// identified are records that are next to each other on a page.
type identified struct {
	n       int
	ids     [findAhead]string
	hashes  [findAhead]uint64
	sources [findAhead]uint64
	at      [findAhead]int // of their digests, -1 for none
}

// pass tells whether a record, whose digest is at, is known as it is; from then on it counts as seen.
func (r *runner) pass(id string, hash uint64, at int) bool {
	d := r.digests
	if d == nil || id == "" || at < 0 {
		return false
	}
	if d.hashes[at] != hash || d.void.has(at) || len(r.dead.retry) > 0 && r.dead.retry[id] {
		d.void.set(at)
		return false
	}
	if d.passed.has(at) && r.repeats.on {
		return true // the same record twice
	}
	d.passed.set(at)
	r.run.Matched++
	r.run.Unchanged++
	return true
}

// has tells whether a record passed; hash is the one that is remembered of it, 0 for none.
func (d *digests) has(id string, hash uint64) bool {
	if d == nil || hash == 0 {
		return false
	}
	at := d.find(state.SourceHash(id), hash)
	return at >= 0 && d.hashes[at] == hash && d.passed.has(at)
}

// saw tells whether this run saw a record that it did not mark in the store; hash is the one that is remembered of it.
func (r *runner) saw(id string, hash uint64) (bool, error) {
	seen, err := r.seen.Get(fnv64(id))
	return seen != 0 || r.digests.has(id, hash), err
}

// beginRead forgets what passed when a read that broke off has begun anew: this page may be its first.
func (r *runner) beginRead(p *page) error {
	if r.digests == nil || r.digests.read == p.read {
		return nil
	}
	if err := r.flush(); err != nil {
		return err
	}
	r.digests.read = p.read
	clear(r.digests.passed)
	return nil
}

// gathered are items of several pages that are worked on together.
type gathered struct {
	items []*item
	at    map[string]int
}

// gatherMost is how many items are worked on together, sendMost how many changes are under way without being recorded.
const (
	gatherMost = 4000
	sendMost   = 1000
)

// add takes items over; their records are copied, because their page is read over. Of two states of one record the
// later one counts, unless both are to stay.
func (g *gathered) add(items []*item, both bool) {
	if g.at == nil {
		g.at = map[string]int{}
	}
	for _, it := range items {
		it.keep()
		if n, twice := g.at[it.id]; twice && !both {
			g.items[n] = it
			continue
		}
		g.at[it.id] = len(g.items)
		g.items = append(g.items, it)
	}
}

// take gives the items and begins anew.
func (g *gathered) take() []*item {
	items := g.items
	g.items = nil
	clear(g.at)
	return items
}

// keep makes an item independent of the page that it was read with.
func (it *item) keep() {
	it.src, it.version = it.src.Clone(), strings.Clone(it.version)
	it.records[plan.RootSource] = it.src
}
