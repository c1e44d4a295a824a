package state

import (
	"context"

	"github.com/cespare/xxhash/v2"
)

// DigestStore answers for very many records at once whether anything is new: a read that gives a source whole, again
// and again, passes over what it knows by some bytes a record instead of a look-up each.
type DigestStore interface {
	// Digests gives a digest of each record of the rule that has a target and a hash, in order of Source, without
	// repetitions: to f, part by part, each with a number that is no less than that of all. A part is read over
	// when f returns, whose error ends it. Where two source ids have one SourceHash, one of them is left out.
	// A store may begin to keep them only when they are asked for the first time.
	Digests(ctx context.Context, rule string, f func(part []Digest, most int) error) error
}

// Digest stands for a record.
type Digest struct {
	Source uint64 // SourceHash of Record.Source
	Hash   uint64 // Record.Hash
}

// SourceHash is the hash by which digests go.
func SourceHash(id string) uint64 { return xxhash.Sum64String(id) }
