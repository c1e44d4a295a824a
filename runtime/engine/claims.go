package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/crashpoint"
	"github.com/syncline/syncline/runtime/delivery"
	"github.com/syncline/syncline/runtime/state"
)

// A create is claimed before it is sent. When the process dies, or an answer is lost, the claim tells the next
// run which records to look for before anything is created again. What it was to write is in its intent (intent.go).

// claimKey is the key of a create: the same for every attempt at the same record.
func (r *runner) claimKey(source string) string {
	sum := sha256.Sum256([]byte(r.p.ID() + "\x00" + source))
	return hex.EncodeToString(sum[:16])
}

// claim stores the changes as about to be sent, and the claims of the creates among them. Creates that are held for a
// person are taken out.
func (r *runner) claim(changes []*change, out *state.Outcome) ([]*change, error) {
	var claims []state.Claim
	kept := changes[:0:0]
	for _, c := range changes {
		if c.Op == connectors.Create && !c.Unlink {
			if held, ok := r.held[c.Source]; ok && !r.dead.retry[c.Source] {
				r.stillHeld(c, held, out)
				continue
			}
			claims = append(claims, state.Claim{Rule: r.p.ID(), Key: r.claimKey(c.Source), Source: c.Source,
				Object: r.p.To.Object.Name, Lookup: c.Lookup, Run: r.run.ID, At: r.clock()})
		}
		kept = append(kept, c)
	}
	intents, rows, err := r.intend(kept)
	if err != nil {
		return nil, fmt.Errorf("storing what is about to be sent: %w", err)
	}
	if len(claims)+len(rows) == 0 {
		return kept, nil
	}
	crashpoint.Reach(crashpoint.ClaimBefore)
	if err := r.job.Store.Claim(r.work, r.p.ID(), claims, rows); err != nil {
		return nil, fmt.Errorf("storing what is about to be sent: %w", err)
	}
	for i, in := range intents {
		in.seq = rows[i].Seq
	}
	r.intents = intents
	crashpoint.Reach(crashpoint.ClaimAfter)
	return kept, nil
}

func (r *runner) stillHeld(c *change, _ state.Claim, out *state.Outcome) {
	r.settle(c, delivery.Outcome{Status: delivery.Doubtful, Attempts: 1, Err: &connectors.Error{Class: connectors.InDoubt,
		Message: "an earlier create of this record was not answered, and looking did not tell whether it was carried out",
		Hint:    "see in the target whether the record is there; `syncline dead retry` creates it again, `syncline dead drop` leaves it"}}, out)
}

// resolveClaims looks for the creates of earlier runs whose outcome is not stored. Those found become links,
// those not there are forgotten and created again in due course, the undecidable are held.
func (r *runner) resolveClaims() error {
	claims, err := r.job.Store.Claims(r.work, r.p.ID())
	if err != nil {
		return fmt.Errorf("reading claims: %w", err)
	}
	if len(claims) == 0 {
		return nil
	}
	lookups := make([][]byte, len(claims))
	for i, c := range claims {
		lookups[i] = c.Lookup
	}
	found, err := r.lookFor(lookups)
	if err != nil {
		return err
	}
	out := state.Outcome{Rule: r.p.ID()}
	for i, c := range claims {
		if err := r.resolved(c, found[i], &out); err != nil {
			return err
		}
	}
	return r.commit(out)
}

func (r *runner) resolved(c state.Claim, f delivery.Found, out *state.Outcome) error {
	switch {
	case !f.Decided:
		r.held[c.Source] = c
	case f.Found:
		known, err := r.job.Store.Records(r.work, r.p.ID(), []string{c.Source})
		if err != nil {
			return fmt.Errorf("reading what is known of records: %w", err)
		}
		holders, err := r.job.Store.Holders(r.work, r.p.ID(), []string{f.ID})
		if err != nil {
			return fmt.Errorf("looking up links: %w", err)
		}
		if rec := known[0]; rec.Target == "" && (holders[0] == "" || holders[0] == c.Source) {
			out.Records = append(out.Records, r.linked(rec, c.Source, f.ID))
			out.Ledger = append(out.Ledger, r.linkEntry(c.Source, f.ID, ""))
		}
		out.Claims = append(out.Claims, c.Key)
	default:
		out.Claims = append(out.Claims, c.Key)
	}
	return nil
}

// lookCreates is delivery's question after a lost answer.
func (r *runner) lookCreates(_ context.Context, creates []delivery.Change) ([]delivery.Found, error) {
	lookups := make([][]byte, len(creates))
	for i, c := range creates {
		lookups[i] = r.pendingLookups[c.Order]
	}
	return r.lookFor(lookups)
}

// encodeLookup is how a created record can be found: key fields and values.
func encodeLookup(alt plan.Alternative, vs []value.Value) []byte {
	var b []byte
	for i, k := range alt {
		b = value.Text(k.Field.Name).AppendBinary(b)
		b = vs[i].AppendBinary(b)
	}
	return b
}

// lookFor looks for created records by their keys, many in one read. None found is decided; several are not, nor
// is a record that has nothing to be found by.
func (r *runner) lookFor(lookups [][]byte) ([]delivery.Found, error) {
	return r.lookForIn(r.to, r.p.To, lookups)
}

func (r *access) lookForIn(to *side, end plan.End, lookups [][]byte) ([]delivery.Found, error) {
	out := make([]delivery.Found, len(lookups))
	pairs := make([]value.Record, len(lookups))
	groups := map[string][]int{}
	var order []string
	for i, b := range lookups {
		p, err := value.DecodeRecord(b)
		if err != nil || len(p) < 2 || len(p)%2 != 0 {
			continue
		}
		names := ""
		for n := 0; n < len(p); n += 2 {
			names += p[n].AsText() + "\x00"
		}
		if groups[names] == nil {
			order = append(order, names)
		}
		pairs[i] = p
		groups[names] = append(groups[names], i)
	}
	for _, names := range order {
		group := groups[names]
		size := to.chunk(end.Catalog, len(group))
		for start := 0; start < len(group); start += size {
			if err := r.lookForSome(to, end, group[start:min(start+size, len(group))], pairs, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// lookForSome looks for creates that are found by the same fields.
func (r *access) lookForSome(to *side, end plan.End, group []int, pairs []value.Record, out []delivery.Found) error {
	var where query.And
	names := []string{end.Object.Key}
	for n := 0; n < len(pairs[group[0]]); n += 2 {
		in := query.In{Field: pairs[group[0]][n].AsText()}
		for _, i := range group {
			in.Values = append(in.Values, pairs[i][n+1])
		}
		where = append(where, in)
		if in.Field != names[0] {
			names = append(names, in.Field)
		}
	}
	layout := value.NewLayout(names...)
	got := r.readAll(to, query.Read{Object: end.Object.Name, Layout: layout, Where: where}, nil)
	if got.err != nil {
		return failedFor(to.name, "looking for creates in doubt in", got.err)
	}
	for _, i := range group {
		ids := map[string]bool{}
		for _, rec := range got.records {
			if matchesPairs(end.Object, layout, rec, pairs[i]) {
				ids[rec.At(0).String()] = true
				out[i].ID = rec.At(0).String()
			}
		}
		// A row that cannot be read may be it.
		out[i].Decided, out[i].Found = len(ids) == 1 || len(ids) == 0 && len(got.bad) == 0, len(ids) == 1
	}
	return nil
}

// matchesPairs compares again, exactly: the system may heed case less than we do.
func matchesPairs(object *schema.Object, layout *value.Layout, rec value.Record, pairs value.Record) bool {
	for p := 0; p < len(pairs); p += 2 {
		name := pairs[p].AsText()
		f := object.Field(name)
		if f == nil {
			return false
		}
		have, ok := keyForm(f, rec.At(layout.Slot(name)))
		if !ok || !value.Equal(have, pairs[p+1]) {
			return false
		}
	}
	return true
}
