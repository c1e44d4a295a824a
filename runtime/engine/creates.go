package engine

import (
	"fmt"
	"maps"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/state"
)

// creating remembers the keys of creates that a match cannot find yet, because they were not sent: of the page in
// hand, or of the whole run where it is evaluated before it is delivered. Two source records with one key are to
// make one record, and the second of them is to be told.
type creating struct {
	keys map[uint64]string // hash of the key → source
	full bool              // there were too many to remember; they are looked up before they are sent
}

// createsMost bounds how many are remembered.
var createsMost = 500_000

// claim notes a create; taken: another source record is about to create the same.
func (c *creating) claim(lookup []byte, source string) (first string, taken bool) {
	if len(lookup) == 0 {
		return "", false
	}
	key := fnv64(lookup)
	if first, ok := c.keys[key]; ok && first != source {
		return first, true
	}
	if c.keys == nil {
		c.keys = map[uint64]string{}
	}
	if len(c.keys) >= createsMost {
		c.full = true
		return "", false
	}
	c.keys[key] = source
	return "", false
}

// release gives the keys of creates back that are not made after all.
func (c *creating) release(sources map[string]bool) {
	if len(sources) > 0 {
		maps.DeleteFunc(c.keys, func(_ uint64, source string) bool { return sources[source] })
	}
}

// forget begins a new page: what was sent is found by the match.
func (c *creating) forget() { clear(c.keys) }

func (r *runner) refuseCreate(it *item, first string) {
	message := fmt.Sprintf("%s %s has the same key and creates the record", r.p.From.Object.Name, first)
	if r.match.spec.Ambiguous == plan.AmbiguousSkip {
		r.setAside(it, ambiguous, "match", message)
		return
	}
	r.run.Ambiguous++
	r.reject(it, "match", fmt.Errorf("%s; two source records reach one target", message))
}

// recheckCreates looks staged creates up where their keys were too many to remember, and takes out those whose
// record another change of the run has made meanwhile.
func (r *runner) recheckCreates(changes []*change, out *state.Outcome) ([]*change, error) {
	if !r.creates.full {
		return changes, nil
	}
	var lookups [][]byte
	var at []*change
	for _, c := range changes {
		if c.Target == "" && len(c.Lookup) > 0 {
			lookups, at = append(lookups, c.Lookup), append(at, c)
		}
	}
	found, err := r.lookFor(lookups)
	if err != nil {
		return nil, err
	}
	taken := map[*change]bool{}
	for i, c := range at {
		if !found[i].Found && found[i].Decided {
			continue
		}
		taken[c] = true
		r.run.Dead++
		failure := &connectors.Error{Class: connectors.Reject, Message: fmt.Sprintf("%s has the same key by now; two source records reach one target", found[i].ID)}
		if !found[i].Found {
			failure.Message = "it cannot be told whether the record to be created is there: several have its key, or a row that may be it cannot be read"
		}
		source := state.SourceRef{Connection: r.p.From.Connection, Object: r.p.From.Object.Name, ID: c.Source, Version: c.Version}
		out.Dead = append(out.Dead, *r.letterFor(source, "", "match", failure))
		out.Records = append(out.Records, r.afterwards(c, "", false))
		if c.seq > 0 {
			out.Unstage = append(out.Unstage, c.seq)
		}
	}
	kept := changes[:0:0]
	for _, c := range changes {
		if !taken[c] {
			kept = append(kept, c)
		}
	}
	return kept, nil
}
