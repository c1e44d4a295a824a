package statetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/syncline/syncline/runtime/state"
)

// digests holds the digests to the records, through many commits with questions in between, and through one that fails.
func digests(t *testing.T, ctx context.Context, s state.Store) {
	got, err := Digests(ctx, s, rule)
	must(t, err)
	same(t, len(got), 0)
	random := rand.New(rand.NewPCG(1, 2))
	records := map[string]state.Record{}
	change := func() state.Outcome {
		o := state.Outcome{Rule: rule}
		for range random.IntN(30) {
			r := state.Record{Source: fmt.Sprint("s", random.IntN(500)), Target: []string{"", "t"}[random.IntN(4)&1|random.IntN(2)], Hash: uint64(random.IntN(5))}
			if !slices.ContainsFunc(o.Records, func(x state.Record) bool { return x.Source == r.Source }) {
				o.Records = append(o.Records, r)
			}
		}
		for range random.IntN(4) {
			if id := fmt.Sprint("s", random.IntN(500)); !slices.ContainsFunc(o.Records, func(x state.Record) bool { return x.Source == id }) {
				o.Forget = append(o.Forget, id)
			}
		}
		return o
	}
	for round := range 60 {
		o := change()
		must(t, s.Commit(ctx, o))
		for _, r := range o.Records {
			records[r.Source] = r
		}
		for _, id := range o.Forget {
			delete(records, id)
		}
		if round == 30 {
			gone, cancel := context.WithCancel(ctx)
			cancel()
			if s.Commit(gone, change()) == nil {
				t.Fatal("a commit under a cancelled context succeeds")
			}
		}
		if random.IntN(3) > 0 {
			continue
		}
		got, err := Digests(ctx, s, rule)
		must(t, err)
		same(t, got, digestsOf(records))
	}
	other, err := Digests(ctx, s, "sync.b")
	must(t, err)
	same(t, len(other), 0)
}

// Digests gives all digests of a rule.
func Digests(ctx context.Context, s state.DigestStore, rule string) (all []state.Digest, err error) {
	err = s.Digests(ctx, rule, func(part []state.Digest, most int) error {
		if all = append(all, part...); len(all) > most {
			return fmt.Errorf("there are more than %d", most)
		}
		return nil
	})
	return all, err
}

func digestsOf(records map[string]state.Record) (out []state.Digest) {
	for id, r := range records {
		if r.Target != "" && r.Hash != 0 {
			out = append(out, state.Digest{Source: state.SourceHash(id), Hash: r.Hash})
		}
	}
	slices.SortFunc(out, func(a, b state.Digest) int { return cmp.Compare(a.Source, b.Source) })
	return out
}
