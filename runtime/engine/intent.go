package engine

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/state"
)

// What is about to be sent is staged under the rule's name, as intents, which go when its outcome is stored. Where the
// process dies in between, or a delivery ends without an answer, they stay: by the next run the target is as it is wanted,
// so that nothing would be written and the ledger never told. That run accounts for them first (account.go).

// intent is some changes on their way. Staged, it is its origin as JSON, with its length before it, and then the changes
// as a piece.
type intent struct {
	origin
	seq     int64
	changes []*change
}

// origin says of changes which run makes them, and where they come from and go to.
type origin struct {
	Rule     string    `json:"rule"`
	Run      string    `json:"run"`
	Revision string    `json:"revision"`
	Meaning  string    `json:"meaning"`
	At       time.Time `json:"at"`
	From     objectRef `json:"from"`
	To       objectRef `json:"to"`
}

// objectRef is an object that a rule reads or writes.
type objectRef struct {
	Connection string `json:"connection"`
	Object     string `json:"object"`
}

func refTo(e plan.End) objectRef { return objectRef{e.Connection, e.Object.Name} }

// origin is that of the changes of this run.
func (r *runner) origin() origin {
	return origin{Rule: r.p.ID(), Run: r.run.ID, Revision: r.run.Revision, Meaning: r.p.Meaning, At: r.clock(), From: refTo(r.p.From), To: refTo(r.p.To)}
}

// encode gives the staged form of the intent, whose changes are a piece.
func (in *intent) encode(piece []byte) ([]byte, error) {
	head, err := json.Marshal(in.origin)
	if err != nil {
		return nil, err
	}
	return append(appendText(make([]byte, 0, len(head)+len(piece)+binary.MaxVarintLen64), head), piece...), nil
}

// openIntent is the inverse.
func openIntent(row state.Staged) (*intent, error) {
	in := &intent{seq: row.Seq}
	r := pieceReader{rest: row.Data}
	head := r.bytes()
	err := r.err
	if err == nil {
		err = json.Unmarshal(head, &in.origin)
	}
	if err == nil {
		in.changes, err = decodePiece(state.Staged{Data: r.rest})
	}
	if err != nil {
		return in, fmt.Errorf("what was about to be sent cannot be read: %w", err)
	}
	return in, nil
}

// intend gives the intents of changes that are about to be sent, and the rows that they are staged as. A create that
// nothing would find is in none: its claim is held for a person.
func (r *runner) intend(changes []*change) (intents []*intent, rows []state.Staged, err error) {
	due := make([]*change, 0, len(changes))
	for _, c := range changes {
		if !c.Unlink && (c.Target != "" || len(c.Lookup) > 0) {
			due = append(due, c)
		}
	}
	encodePieces(due, pieceBytes, func(piece []byte, of []*change) {
		in := &intent{origin: r.origin(), changes: of}
		data, eerr := in.encode(piece)
		err = cmp.Or(err, eerr)
		intents, rows = append(intents, in), append(rows, state.Staged{Data: data})
	})
	return intents, rows, err
}

// fulfil adds to the outcome of a delivery that its intents are done, but for the changes of which it is not known whether
// they were written.
func (r *runner) fulfil(out *state.Outcome) error {
	for _, in := range r.intents {
		left := slices.DeleteFunc(slices.Clone(in.changes), func(c *change) bool { return !c.unanswered })
		if len(left) == 0 {
			out.Unstage = append(out.Unstage, in.seq)
			continue
		}
		data, err := in.encode(encodePiece(left))
		if err != nil {
			return err
		}
		out.Restage = append(out.Restage, state.Staged{Seq: in.seq, Data: data})
	}
	r.intents = nil
	return nil
}
