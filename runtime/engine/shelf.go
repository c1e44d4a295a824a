package engine

import (
	"bytes"
	"io"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// A system that cannot be asked by key, such as a file, gives all of its records whatever the question. Where more than
// one page of records is looked up, they are read once a run and put on a shelf.

// shelf holds records encoded one after the other, and finds them by key: about 20 bytes a record beside the fields
// that the rule uses. It may be asked by several goroutines.
type shelf struct {
	by     []plan.Alternative
	slots  [][]int // of each alternative's key fields
	width  int
	blocks [][]byte
	// at is where each record begins: the number of its block, and the offset in it.
	at    []uint64
	index []chains // by alternative
	key   []byte   // scratch of add
}

const (
	blockBits = 20
	blockSize = 1 << blockBits
)

func newShelf(by []plan.Alternative, slots [][]int, width int) *shelf {
	return &shelf{by: by, slots: slots, width: width, index: make([]chains, len(by))}
}

// add encodes a record.
func (s *shelf) add(rec value.Record) {
	last := len(s.blocks) - 1
	if last < 0 || blockSize-len(s.blocks[last]) < 4096 {
		s.blocks = append(s.blocks, make([]byte, 0, blockSize))
		last++
	}
	// A record that is longer than what is left takes its block elsewhere, with all that stands in it.
	b := s.blocks[last]
	start := len(b)
	for _, v := range rec {
		b = v.AppendBinary(b)
	}
	s.blocks[last] = b
	s.at = append(s.at, uint64(last)<<blockBits|uint64(start))
	for a, alt := range s.by {
		s.key = appendCandidateKey(s.key[:0], alt, s.slots[a], rec)
		s.index[a].add(uint32(len(s.at)-1), hashKey(s.key), len(s.key) > 0)
	}
}

// record decodes a record into dst, whose texts share the shelf's memory.
func (s *shelf) record(n uint32, dst value.Record) error {
	at := s.at[n]
	b := s.blocks[at>>blockBits][at&(blockSize-1):]
	for i := range dst {
		var err error
		if dst[i], b, err = value.DecodeShared(b); err != nil {
			return err
		}
	}
	return nil
}

// find gives the records that have the key, in the order in which they were read. The key is that of appendKey.
func (s *shelf) find(a int, key []byte) ([]value.Record, error) {
	var out []value.Record
	var buf [128]byte
	var rec value.Record
	hash := hashKey(key)
	for n := s.index[a].first(hash); n != none; n = s.index[a].next(n, hash) {
		if rec == nil {
			rec = make(value.Record, s.width)
		}
		if err := s.record(n, rec); err != nil {
			return nil, err
		}
		if bytes.Equal(appendCandidateKey(buf[:0], s.by[a], s.slots[a], rec), key) {
			out, rec = append(out, rec), nil
		}
	}
	slices.Reverse(out)
	return out, nil
}

func hashKey(key []byte) uint32 {
	h := xxhash.Sum64(key)
	return uint32(h ^ h>>32)
}

// chains is a hash table of numbers from 0 on, each added once and in order; those of one bucket are chained, the last
// that was added first.
type chains struct {
	heads  []uint32 // by bucket; none: empty. Their number is a power of two
	links  []uint32 // by number
	hashes []uint32 // by number
}

const none = ^uint32(0)

// add adds the next number; in: it can be found.
func (c *chains) add(n, hash uint32, in bool) {
	c.links, c.hashes = append(c.links, none), append(c.hashes, hash)
	if !in {
		c.hashes[n], c.links[n] = 0, n // a chain of its own, which nothing leads to
		return
	}
	if len(c.links) > len(c.heads) {
		c.grow()
		return
	}
	c.link(n)
}

func (c *chains) link(n uint32) {
	head := &c.heads[c.hashes[n]&uint32(len(c.heads)-1)]
	c.links[n], *head = *head, n
}

func (c *chains) grow() {
	c.heads = make([]uint32, max(1024, 2*len(c.heads)))
	for i := range c.heads {
		c.heads[i] = none
	}
	for n := range c.links {
		if c.links[n] != uint32(n) {
			c.link(uint32(n))
		}
	}
}

// first gives the first number of a hash, none when there is none; next the one after n.
func (c *chains) first(hash uint32) uint32 {
	if len(c.heads) == 0 {
		return none
	}
	return c.skip(c.heads[hash&uint32(len(c.heads)-1)], hash)
}

func (c *chains) next(n, hash uint32) uint32 { return c.skip(c.links[n], hash) }

func (c *chains) skip(n, hash uint32) uint32 {
	for n != none && c.hashes[n] != hash {
		n = c.links[n]
	}
	return n
}

// shelvable tells whether the system would give all records anyway, and the run does not change them.
func (s *seeker) shelvable() bool {
	return !s.noCache && len(s.spec.By) > 0 && s.unasked()
}

// stock fills the shelf, unless it is full.
func (s *seeker) stock() error {
	s.asked = true
	for try := 1; s.shelf == nil; try++ {
		full, err := s.readShelf()
		if err == nil {
			s.shelf = full
			break
		}
		if again, stop := s.r.again(s.r.ctx, err, try); stop != nil {
			return stop
		} else if !again {
			return failedFor(s.side.name, "looking up "+s.name+" in", err)
		}
	}
	return nil
}

// readShelf reads all records that the find's own condition does not exclude.
func (s *seeker) readShelf() (*shelf, error) {
	ctx := s.side.counted(s.r.ctx)
	rows, err := s.side.reader.Read(ctx, query.Read{Object: s.end.Object.Name, Layout: s.layout, Where: s.pushed})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	wanted := s.wanted()
	all := wanted.hand(rows) || wanted.want == nil
	broken, _ := rows.(connectors.BadRows)
	out := newShelf(s.spec.By, s.slots, s.layout.Len())
	for batch := value.NewBatch(s.layout, 256); ; {
		if err := rows.Next(ctx, batch); err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		if broken != nil {
			s.lament(broken.Bad())
		}
		for i := range batch.Len() {
			if rec := batch.Record(i); all || wanted.want(rec) {
				out.add(rec)
			}
		}
	}
}

// wanted is the look-up's own condition, for one read. Where a test notes what was covered, all candidates are tried in
// their turn instead. The keys are decoded with it: of a broken row it has to be known whether it is the one.
func (s *seeker) wanted() *sift {
	slots := slices.Concat(s.slots...)
	if s.spec.Where == nil || s.spec.Where.Own == nil || s.r.frame.Cover != nil {
		return newSift(nil, slots, s.r.rootIt, nil)
	}
	frame := &expr.Frame{Now: s.r.now, Records: make([]value.Record, s.r.rootIt+1)}
	return newSift([]*expr.Program{s.spec.Where.Own}, append(slots, s.spec.Where.OwnSlots...), s.r.rootIt, frame)
}

// seekShelf tries one alternative on the shelf for the asks that are still open.
func (s *seeker) seekShelf(a int, asks []*ask) error {
	if err := s.stock(); err != nil {
		return err
	}
	var buf []byte
	for _, q := range asks {
		if q.done || q.alts[a] == nil {
			continue
		}
		buf = appendKey(buf[:0], q.alts[a])
		if s.broken.hit(q, a, buf) {
			continue
		}
		found, err := s.shelf.find(a, buf)
		if err != nil {
			return badJob("looking up %s: %v", s.name, err)
		}
		s.decide(q, s.r.put(q.it), found)
		s.broken.doubt(q)
	}
	return nil
}
