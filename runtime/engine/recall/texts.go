package recall

import (
	"bytes"

	"github.com/cespare/xxhash/v2"
)

// Texts keep a text for each of very many others. The zero Texts are empty. Of two keys that have the same hash it knows the last one, as if the other had never been.
type Texts struct {
	at    Numbers // hash of the key → place of the pair
	pairs pairs
}

// Get gives the text of a key; found: it has one, which may be "".
func (t *Texts) Get(key []byte) (text string, found bool, err error) {
	place, err := t.at.Get(Hash(key))
	if err != nil || place == 0 {
		return "", false, err
	}
	known, text, err := t.pairs.at(place)
	if err != nil || !bytes.Equal(known, key) {
		return "", false, err
	}
	return text, true, nil
}

// Put sets the text of a key.
func (t *Texts) Put(key []byte, text string) error {
	return t.at.Put(Hash(key), t.pairs.add(key, text))
}

// Drop forgets the key that has a hash.
func (t *Texts) Drop(hash uint64) error { return t.at.Put(hash, 0) }

// Reset forgets everything, and gives the files back.
func (t *Texts) Reset() {
	t.at.Reset()
	t.pairs.close()
}

// Hash is that of a key for Drop, and never 0.
func Hash(key []byte) uint64 { return max(xxhash.Sum64(key), 1) }
