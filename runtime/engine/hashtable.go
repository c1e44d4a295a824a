package engine

// hashTable gives the last place that was put under a hash. What it holds of a hash stands together, at the index that
// its leading bits name or behind it: most look-ups wait for memory once.
type hashTable struct {
	entries []entry // a power of two, two thirds in use at most
	used    int
}

type entry struct {
	hash uint32
	at   place
}

// first is where looking for a hash begins.
func (t *hashTable) first(hash uint32) int {
	return int(uint64(hash) * uint64(len(t.entries)) >> 32)
}

// index is where a hash stands, or would stand.
func (t *hashTable) index(hash uint32) int {
	i := t.first(hash)
	for t.entries[i].at != none && t.entries[i].hash != hash {
		i = (i + 1) & (len(t.entries) - 1)
	}
	return i
}

// touch reads where looking for each of the hashes begins.
func (t *hashTable) touch(hashes []uint32) (touched uint32) {
	if t.used > 0 {
		for _, hash := range hashes {
			touched ^= t.entries[t.first(hash)].hash
		}
	}
	return touched
}

// get gives the last place of a hash.
func (t *hashTable) get(hash uint32) place {
	if t.used == 0 {
		return none
	}
	return t.entries[t.index(hash)].at
}

// put puts a place under a hash, and gives the one before it.
func (t *hashTable) put(hash uint32, at place) (before place) {
	if 3*t.used >= 2*len(t.entries) {
		old := t.entries
		t.entries = make([]entry, max(1024, 2*len(old)))
		for _, e := range old {
			if e.at != none {
				t.entries[t.index(e.hash)] = e
			}
		}
	}
	e := &t.entries[t.index(hash)]
	if before = e.at; before == none {
		t.used++
	}
	*e = entry{hash, at}
	return before
}
