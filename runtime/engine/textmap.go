package engine

import "bytes"

// textMap keeps a text for each of very many others, exactly, in memory that does not grow with them. The zero textMap is
// empty. Of two keys that have the same hash it knows the last one, as if the other had never been.
type textMap struct {
	at    recall // hash of the key → place of the pair
	pairs texts
}

// get gives the text of a key; found: it has one, which may be "".
func (m *textMap) get(key []byte) (text string, found bool, err error) {
	place, err := m.at.get(hashOf(key))
	if err != nil || place == 0 {
		return "", false, err
	}
	known, text, err := m.pairs.at(place)
	if err != nil || !bytes.Equal(known, key) {
		return "", false, err
	}
	return text, true, nil
}

// put sets the text of a key.
func (m *textMap) put(key []byte, text string) error {
	return m.at.put(hashOf(key), m.pairs.add(key, text))
}

// drop forgets the key that has a hash.
func (m *textMap) drop(hash uint64) error { return m.at.put(hash, 0) }

// reset forgets everything, and gives the files back.
func (m *textMap) reset() {
	m.at.reset()
	m.pairs.close()
}

// hashOf is never 0.
func hashOf(key []byte) uint64 { return max(fnv64(key), 1) }
