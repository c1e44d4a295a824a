package recall

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// pairs keep two texts each by the place that it gives them: the last ones in memory, those before in a temporary file.
type pairs struct {
	file  *os.File // nil: all are in memory
	moved int64    // bytes in the file
	full  bool     // it takes no more
	mem   []byte
}

// pairsMemory bounds what of them is kept in memory.
var pairsMemory = 1 << 20

// add gives the place of a pair, which is never 0.
func (p *pairs) add(a []byte, b string) (place uint64) {
	if len(p.mem) >= pairsMemory && !p.full {
		p.spill()
	}
	place = uint64(p.moved) + uint64(len(p.mem)) + 1
	p.mem = binary.LittleEndian.AppendUint32(p.mem, uint32(len(a)))
	p.mem = binary.LittleEndian.AppendUint32(p.mem, uint32(len(b)))
	p.mem = append(append(p.mem, a...), b...)
	return place
}

// spill moves what is in memory to the file. Where none can be made, or the disk is full, memory has to do.
func (p *pairs) spill() {
	var err error
	if p.file == nil {
		if p.file, err = tempFile(); err != nil {
			p.full = true
			return
		}
	}
	if _, err := p.file.WriteAt(p.mem, p.moved); err != nil {
		p.full = true
		return
	}
	p.moved += int64(len(p.mem))
	p.mem = p.mem[:0]
}

// at gives the pair of a place.
func (p *pairs) at(place uint64) (a []byte, b string, err error) {
	var head [8]byte
	if err := p.read(int64(place)-1, head[:]); err != nil {
		return nil, "", err
	}
	n, m := int(binary.LittleEndian.Uint32(head[:])), int(binary.LittleEndian.Uint32(head[4:]))
	both := make([]byte, n+m)
	if err := p.read(int64(place)-1+8, both); err != nil {
		return nil, "", err
	}
	return both[:n], string(both[n:]), nil
}

func (p *pairs) read(at int64, into []byte) error {
	if at >= p.moved {
		copy(into, p.mem[at-p.moved:])
		return nil
	}
	if _, err := p.file.ReadAt(into, at); err != nil && err != io.EOF {
		return fmt.Errorf("looking up what was noted, in the folder for temporary files: %w", err)
	}
	return nil
}

// close gives the file back; there are no pairs then.
func (p *pairs) close() {
	if p.file != nil {
		closeTemp(p.file)
	}
	*p = pairs{mem: p.mem[:0]}
}
