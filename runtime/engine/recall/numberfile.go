package recall

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"
	"unsafe"
)

// numberFile keeps pairs by the leading bits of their hashes: those of one part are gathered until they fill a block, which
// is appended to the file. The last pair of a hash counts. Where the disk is full, memory has to do.
type numberFile struct {
	file     *os.File
	filter   []uint64 // a power of two long
	giveBack func()   // its memory
	puts     int
	parts    [fileParts]filePart
	blocks   uint32 // written
	full     bool   // the file takes no more: the tails grow
	block    []byte // scratch
}

type filePart struct {
	tail   []pair   // not written yet
	blocks []uint32 // numbers of those written
}

const (
	fileParts  = 1 << 10
	blockPairs = 128     // pairs
	filterMost = 1 << 21 // words of the filter at most: thirteen bits a pair for ten million
	wordPairs  = 6       // pairs to a word of the filter before that
)

func newNumberFile() (*numberFile, error) {
	file, err := tempFile()
	if err != nil {
		return nil, err
	}
	f := &numberFile{file: file, block: make([]byte, blockPairs*16)}
	f.makeFilter(1 << 12)
	return f, nil
}

func (f *numberFile) close() {
	f.giveBack()
	closeTemp(f.file)
}

// mark gives the word of the filter that a hash concerns, and its bits there: one word, for each takes a wait for memory.
func (f *numberFile) mark(hash uint64) (word int, mask uint64) {
	h := spread(hash)
	return int(h >> (64 - bits.Len(uint(len(f.filter)-1)))), 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63) | 1<<(h>>18&63)
}

func (f *numberFile) put(p pair) error {
	if f.puts++; f.puts > len(f.filter)*wordPairs && len(f.filter) < filterMost {
		if err := f.widen(); err != nil {
			return err
		}
	}
	word, mask := f.mark(p.hash)
	f.filter[word] |= mask
	part := &f.parts[p.hash>>(64-bits.Len(fileParts-1))]
	part.tail = append(part.tail, p)
	if len(part.tail) < blockPairs || f.full {
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

func (f *numberFile) makeFilter(words int) {
	mem, giveBack := Outside(words * 8)
	f.filter, f.giveBack = unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(mem))), words), giveBack
}

// widen doubles the filter until it is as large as it may get.
func (f *numberFile) widen() error {
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
func (f *numberFile) read(block uint32) error {
	if _, err := f.file.ReadAt(f.block, int64(block)*int64(len(f.block))); err != nil {
		return fmt.Errorf("looking up what was read, in the folder for temporary files: %w", err)
	}
	return nil
}

func (f *numberFile) get(hash uint64) (uint64, error) {
	if word, mask := f.mark(hash); f.filter[word]&mask != mask {
		return 0, nil
	}
	part := &f.parts[hash>>(64-bits.Len(fileParts-1))]
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
