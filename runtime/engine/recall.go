package engine

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"
	"unsafe"
)

// recall remembers a number for each of very many hashes, exactly, in memory that does not grow with them: in a table as long
// as they are few, and beyond that in a temporary file, behind a filter that tells at once of most hashes that they are
// not in it. The zero recall is empty. What a hash of two texts costs, its users say.
type recall struct {
	table []pair // open addressing; a power of two long; nil: empty
	used  int    // of table
	file  *recallFile
}

// pair is a hash, never 0, with its number; 0: taken back.
type pair struct{ hash, number uint64 }

// recallTable bounds the table of a recall, in pairs of sixteen bytes.
var recallTable = 1 << 16

func (c *recall) empty() bool { return c.used == 0 && c.file == nil }

// get gives the number of a hash, 0 for none.
func (c *recall) get(hash uint64) (uint64, error) {
	hash = max(hash, 1)
	if c.file != nil {
		return c.file.get(hash)
	}
	if len(c.table) == 0 {
		return 0, nil
	}
	return c.table[c.slot(hash)].number, nil
}

// slot is where a hash stands in the table, or would.
func (c *recall) slot(hash uint64) int {
	mask := len(c.table) - 1
	i := int(spread(hash)>>32) & mask
	for c.table[i].hash != 0 && c.table[i].hash != hash {
		i = (i + 1) & mask
	}
	return i
}

// spread makes all bits of a hash count in the leading ones.
func spread(hash uint64) uint64 { return (hash ^ hash>>31) * 0x9e3779b97f4a7c15 }

// put sets the number of a hash; 0 takes it back.
func (c *recall) put(hash, number uint64) error {
	hash = max(hash, 1)
	if c.file == nil && c.used >= len(c.table)/4*3 {
		if err := c.grow(); err != nil {
			return err
		}
	}
	if c.file != nil {
		return c.file.put(pair{hash, number})
	}
	at := &c.table[c.slot(hash)]
	if at.hash == 0 {
		c.used++
	}
	*at = pair{hash, number}
	return nil
}

// grow makes room for one more. Where no temporary file can be made, the table grows on.
func (c *recall) grow() error {
	old := c.table
	if len(old) >= recallTable {
		if file, err := newRecallFile(); err == nil {
			c.file, c.table, c.used = file, nil, 0
			for _, p := range old {
				if p.hash != 0 {
					if err := file.put(p); err != nil {
						return err
					}
				}
			}
			return nil
		}
	}
	c.table, c.used = make([]pair, max(64, 2*len(old))), 0
	for _, p := range old {
		if p.hash != 0 && p.number != 0 {
			c.table[c.slot(p.hash)] = p
			c.used++
		}
	}
	return nil
}

// reset forgets everything.
func (c *recall) reset() {
	c.close()
	clear(c.table)
}

// close gives the file back; the recall is empty then.
func (c *recall) close() {
	if c.file != nil {
		c.file.close()
	}
	c.file, c.used = nil, 0
}

// recallFile keeps pairs by the leading bits of their hashes: those of one part are gathered until they fill a block, which
// is appended to the file. The last pair of a hash counts. Where the disk is full, memory has to do.
type recallFile struct {
	file     *os.File
	filter   []uint64 // a power of two long
	giveBack func()   // its memory
	puts     int
	parts    [recallParts]recallPart
	blocks   uint32 // written
	full     bool   // the file takes no more: the tails grow
	block    []byte // scratch
}

type recallPart struct {
	tail   []pair   // not written yet
	blocks []uint32 // numbers of those written
}

const (
	recallParts  = 1 << 10
	recallBlock  = 128     // pairs
	recallFilter = 1 << 21 // words of the filter at most: thirteen bits a pair for ten million
	recallWord   = 6       // pairs to a word of the filter before that
)

func newRecallFile() (*recallFile, error) {
	file, err := tempFile()
	if err != nil {
		return nil, err
	}
	f := &recallFile{file: file, block: make([]byte, recallBlock*16)}
	f.makeFilter(1 << 12)
	return f, nil
}

// tempFile makes a file that goes with the process, however that ends, where the system can do that.
func tempFile() (*os.File, error) {
	file, err := os.CreateTemp("", "syncline-*")
	if err == nil {
		_ = os.Remove(file.Name()) // a system that keeps it as long as it is open removes it in closeTemp
	}
	return file, err
}

func closeTemp(file *os.File) {
	_ = file.Close()
	_ = os.Remove(file.Name())
}

func (f *recallFile) close() {
	f.giveBack()
	closeTemp(f.file)
}

// mark gives the word of the filter that a hash concerns, and its bits there: one word, for each takes a wait for memory.
func (f *recallFile) mark(hash uint64) (word int, mask uint64) {
	h := spread(hash)
	return int(h >> (64 - bits.Len(uint(len(f.filter)-1)))), 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63) | 1<<(h>>18&63)
}

func (f *recallFile) put(p pair) error {
	if f.puts++; f.puts > len(f.filter)*recallWord && len(f.filter) < recallFilter {
		if err := f.widen(); err != nil {
			return err
		}
	}
	word, mask := f.mark(p.hash)
	f.filter[word] |= mask
	part := &f.parts[p.hash>>(64-bits.Len(recallParts-1))]
	part.tail = append(part.tail, p)
	if len(part.tail) < recallBlock || f.full {
		return nil
	}
	b := f.block[:0]
	for _, p := range part.tail {
		b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, p.hash), p.number)
	}
	if _, err := f.file.WriteAt(b, int64(f.blocks)*int64(len(b))); err != nil {
		f.full = true
		return nil
	}
	part.blocks, part.tail = append(part.blocks, f.blocks), part.tail[:0]
	f.blocks++
	return nil
}

func (f *recallFile) makeFilter(words int) {
	mem, giveBack := outside(words * 8)
	f.filter, f.giveBack = unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(mem))), words), giveBack
}

// widen doubles the filter until it is as large as it may get.
func (f *recallFile) widen() error {
	words := 2 * len(f.filter)
	f.giveBack()
	f.makeFilter(words)
	add := func(hash uint64) {
		word, mask := f.mark(hash)
		f.filter[word] |= mask
	}
	for n := range f.blocks {
		if err := f.read(n); err != nil {
			return err
		}
		for at := 0; at < len(f.block); at += 16 {
			add(binary.LittleEndian.Uint64(f.block[at:]))
		}
	}
	for _, part := range f.parts {
		for _, p := range part.tail {
			add(p.hash)
		}
	}
	return nil
}

// read reads a block.
func (f *recallFile) read(block uint32) error {
	if _, err := f.file.ReadAt(f.block, int64(block)*int64(len(f.block))); err != nil {
		return fmt.Errorf("looking up what was read, in the folder for temporary files: %w", err)
	}
	return nil
}

func (f *recallFile) get(hash uint64) (uint64, error) {
	if word, mask := f.mark(hash); f.filter[word]&mask != mask {
		return 0, nil
	}
	part := &f.parts[hash>>(64-bits.Len(recallParts-1))]
	for i := len(part.tail) - 1; i >= 0; i-- {
		if part.tail[i].hash == hash {
			return part.tail[i].number, nil
		}
	}
	for n := len(part.blocks) - 1; n >= 0; n-- {
		if err := f.read(part.blocks[n]); err != nil {
			return 0, err
		}
		for at := len(f.block) - 16; at >= 0; at -= 16 {
			if binary.LittleEndian.Uint64(f.block[at:]) == hash {
				return binary.LittleEndian.Uint64(f.block[at+8:]), nil
			}
		}
	}
	return 0, nil
}
