package engine

import (
	"bytes"
	"fmt"

	"github.com/syncline/syncline/lang/plan"
)

// creating remembers the keys of creates that a match cannot find yet, because they were not sent: of the page in
// hand, or of the whole run where it is evaluated before it is delivered. Two source records with one key are to
// make one record, and the second of them is to be told.
type creating struct {
	keys   recall // hash of the key → its place among the claims
	claims texts  // keys and sources
}

// claim notes a create, and gives the hash of its key, 0 for none; first: the other source record that is about to create the same.
func (c *creating) claim(lookup []byte, source string) (hash uint64, first string, err error) {
	if len(lookup) == 0 {
		return 0, "", nil
	}
	hash = max(fnv64(lookup), 1)
	place, err := c.keys.get(hash)
	if err != nil {
		return 0, "", err
	}
	if place != 0 {
		key, by, err := c.claims.at(place)
		if err != nil {
			return 0, "", err
		}
		if bytes.Equal(key, lookup) {
			if by == source {
				by = ""
			}
			return hash, by, nil
		}
	}
	return hash, "", c.keys.put(hash, c.claims.add(lookup, source))
}

// release gives the key of a create back that is not made after all.
func (c *creating) release(hash uint64) error { return c.keys.put(hash, 0) }

// forget begins a new page: what was sent is found by the match.
func (c *creating) forget() {
	c.keys.reset()
	c.claims.close()
}

func (r *runner) refuseCreate(it *item, first string) {
	message := fmt.Sprintf("%s %s has the same key and creates the record", r.p.From.Object.Name, first)
	if r.match.spec.Ambiguous == plan.AmbiguousSkip {
		r.setAside(it, ambiguous, "match", message)
		return
	}
	r.run.Ambiguous++
	r.reject(it, "match", fmt.Errorf("%s; two source records reach one target", message))
}
