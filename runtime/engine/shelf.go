package engine

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
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

// shelf holds records encoded one after the other, and finds them by key: about 25 bytes a record beside the fields
// that the rule uses. It may be asked by several goroutines.
type shelf struct {
	by     []plan.Alternative
	slots  [][]int // of each alternative's key fields
	width  int
	blocks [][]byte
	index  []hashTable // by alternative
	// of the records that are added together, by alternative: the hashes of their keys, and whether they have one
	hashes  [][findAhead]uint32
	keyed   [][findAhead]bool
	key     []byte // scratch
	touched uint32 // of no use but to addAll
}

// place says where a record stands on a shelf: the number of its block, and the offset in it in units of placeUnit. 32
// bits are enough for 32 GB. There stands, by alternative, the place of the record before it whose key has the same hash,
// and then the record.
type place uint32

const (
	none      place = 0 // where no record stands
	placeUnit       = 8
	blockBits       = 20
	blockSize       = 1 << blockBits
	linkSize        = 4
)

func newShelf(by []plan.Alternative, slots [][]int, width int) *shelf {
	return &shelf{by: by, slots: slots, width: width, index: make([]hashTable, len(by)),
		hashes: make([][findAhead]uint32, len(by)), keyed: make([][findAhead]bool, len(by))}
}

// addAll adds records.
func (s *shelf) addAll(records []value.Record) error {
	for some := range slices.Chunk(records, findAhead) {
		for a, alt := range s.by {
			for i, rec := range some {
				s.key = appendCandidateKey(s.key[:0], alt, s.slots[a], rec)
				s.keyed[a][i], s.hashes[a][i] = len(s.key) > 0, hashKey(s.key)
			}
			s.touched ^= s.index[a].touch(s.hashes[a][:len(some)])
		}
		for i, rec := range some {
			if err := s.add(i, rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// add encodes the i-th of the records that are added together.
func (s *shelf) add(i int, rec value.Record) error {
	last := len(s.blocks) - 1
	if last < 0 || blockSize-len(s.blocks[last]) < 4096 {
		s.blocks = append(s.blocks, make([]byte, placeUnit, blockSize))
		last++
	}
	// A record that is longer than what is left takes its block elsewhere, with all that stands in it.
	b := s.blocks[last]
	at := (uint64(last)<<blockBits + uint64(len(b))) / placeUnit
	if at > math.MaxUint32 {
		return &connectors.Error{Class: connectors.Permanent, Message: "what is looked up there takes more than 32 GB of memory"}
	}
	for a := range s.by {
		before := none
		if s.keyed[a][i] {
			before = s.index[a].put(s.hashes[a][i], place(at))
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(before))
	}
	for _, v := range rec {
		b = v.AppendBinary(b)
	}
	for len(b)%placeUnit != 0 {
		b = append(b, 0)
	}
	s.blocks[last] = b
	return nil
}

// record decodes the record at a place into dst, whose texts share the shelf's memory, and gives the place of the one
// before it in an alternative.
func (s *shelf) record(a int, at place, dst value.Record) (before place, err error) {
	b := s.bytes(at)
	before = place(binary.LittleEndian.Uint32(b[a*linkSize:]))
	b = b[len(s.by)*linkSize:]
	for i := range dst {
		if dst[i], b, err = value.DecodeShared(b); err != nil {
			return none, err
		}
	}
	return before, nil
}

// bytes are what stands at a place, and behind it.
func (s *shelf) bytes(at place) []byte {
	start := uint64(at) * placeUnit
	return s.blocks[start>>blockBits][start&(blockSize-1):]
}

// locate finds the places of so many questions as are looked up together. A shelf is far larger than the caches of the
// processor, so that finding is waiting for memory: what does not depend on each other is waited for together, first the
// entries of the tables, then the records. touched is of no use, but without it the compiler would leave the reading out.
func (s *shelf) locate(list []question) (touched uint32) {
	var hashes [findAhead]uint32
	for a := range s.by {
		for i := range list {
			hashes[i] = hashKey(list[i].keys[a])
		}
		touched ^= s.index[a].touch(hashes[:len(list)])
		for i := range list {
			list[i].at[a] = s.index[a].get(hashes[i])
		}
		for i := range list {
			if at := list[i].at[a]; at != none {
				touched ^= uint32(s.bytes(at)[0])
			}
		}
	}
	return touched
}

// find gives the records that have the key, in the order in which they were read. The key is that of appendKey, at where
// its hash leads to.
func (s *shelf) find(a int, key []byte, at place) ([]value.Record, error) {
	var out []value.Record
	var buf [128]byte
	var rec value.Record
	for at != none {
		if rec == nil {
			rec = make(value.Record, s.width)
		}
		var err error
		if at, err = s.record(a, at, rec); err != nil {
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
	var records []value.Record
	for batch := value.NewBatch(s.layout, 256); ; {
		if err := rows.Next(ctx, batch); err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		if broken != nil {
			s.lament(broken.Bad())
		}
		records = records[:0]
		for i := range batch.Len() {
			if rec := batch.Record(i); all || wanted.want(rec) {
				records = append(records, rec)
			}
		}
		if err := out.addAll(records); err != nil {
			return nil, err
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
		found, err := s.shelf.find(a, buf, s.shelf.index[a].get(hashKey(buf)))
		if err != nil {
			return badJob("looking up %s: %v", s.name, err)
		}
		s.decide(q, s.r.put(q.it), found)
		s.broken.doubt(q)
	}
	return nil
}
