package engine

import (
	"fmt"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/engine/recall"
)

// creating remembers the keys of creates that a match cannot find yet, because they were not sent: of the page in
// hand, or of the whole run where it is evaluated before it is delivered. Two source records with one key are to
// make one record, and the second of them is to be told.
type creating struct {
	claims recall.Texts // key → source
}

// claim notes a create, and gives the hash of its key, 0 for none; first: the other source record that is about to create the same.
func (c *creating) claim(lookup []byte, source string) (hash uint64, first string, err error) {
	if len(lookup) == 0 {
		return 0, "", nil
	}
	by, found, err := c.claims.Get(lookup)
	switch {
	case err != nil:
		return 0, "", err
	case !found:
		err = c.claims.Put(lookup, source)
	case by != source:
		first = by
	}
	return recall.Hash(lookup), first, err
}

// release gives the key of a create back that is not made after all.
func (c *creating) release(hash uint64) error { return c.claims.Drop(hash) }

// forget begins a new page: what was sent is found by the match.
func (c *creating) forget() { c.claims.Reset() }

func (r *runner) refuseCreate(it *item, first string) {
	message := fmt.Sprintf("%s %s has the same key and creates the record", r.p.From.Object.Name, first)
	if r.match.spec.Ambiguous == plan.AmbiguousSkip {
		r.setAside(it, ambiguous, "match", message)
		return
	}
	r.run.Ambiguous++
	r.reject(it, "match", fmt.Errorf("%s; two source records reach one target", message))
}
