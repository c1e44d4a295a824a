package engine

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// texts keeps pairs of texts by the place that it gives them: the last ones in memory, those before in a temporary file.
type texts struct {
	file  *os.File // nil: all are in memory
	moved int64    // bytes in the file
	full  bool     // it takes no more
	mem   []byte
}

// textsMemory bounds what of them is kept in memory.
var textsMemory = 1 << 20

// add gives the place of a pair, which is never 0.
func (t *texts) add(a []byte, b string) (place uint64) {
	if len(t.mem) >= textsMemory && !t.full {
		t.spill()
	}
	place = uint64(t.moved) + uint64(len(t.mem)) + 1
	t.mem = binary.LittleEndian.AppendUint32(t.mem, uint32(len(a)))
	t.mem = binary.LittleEndian.AppendUint32(t.mem, uint32(len(b)))
	t.mem = append(append(t.mem, a...), b...)
	return place
}

// spill moves what is in memory to the file. Where none can be made, or the disk is full, memory has to do.
func (t *texts) spill() {
	var err error
	if t.file == nil {
		if t.file, err = tempFile(); err != nil {
			t.full = true
			return
		}
	}
	if _, err := t.file.WriteAt(t.mem, t.moved); err != nil {
		t.full = true
		return
	}
	t.moved += int64(len(t.mem))
	t.mem = t.mem[:0]
}

// at gives the pair of a place.
func (t *texts) at(place uint64) (a []byte, b string, err error) {
	var head [8]byte
	if err := t.read(int64(place)-1, head[:]); err != nil {
		return nil, "", err
	}
	n, m := int(binary.LittleEndian.Uint32(head[:])), int(binary.LittleEndian.Uint32(head[4:]))
	both := make([]byte, n+m)
	if err := t.read(int64(place)-1+8, both); err != nil {
		return nil, "", err
	}
	return both[:n], string(both[n:]), nil
}

func (t *texts) read(at int64, into []byte) error {
	if at >= t.moved {
		copy(into, t.mem[at-t.moved:])
		return nil
	}
	if _, err := t.file.ReadAt(into, at); err != nil && err != io.EOF {
		return fmt.Errorf("looking up what was noted, in the folder for temporary files: %w", err)
	}
	return nil
}

// close gives the file back; there are no texts then.
func (t *texts) close() {
	if t.file != nil {
		closeTemp(t.file)
	}
	*t = texts{mem: t.mem[:0]}
}
