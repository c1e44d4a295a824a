package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"slices"

	"github.com/syncline/syncline/runtime/state"
)

// Digests lie in the digest table as pieces of packed pairs: the base, which is sorted, and behind it what later
// commits changed, with a hash of zero for what is gone. A rule has them once they were asked for; they are made of
// its records then, and dropped when the changes outgrow the base without anybody having asked again.

const (
	digestSize  = 16
	digestPiece = 1 << 16 // digests in a piece of the base
	// Changes of more than a quarter of the base, or so many, are merged into it.
	digestSlack = 1 << 12
)

// digested is what is known of a rule's digests, in numbers of pairs.
type digested struct {
	base, changes int
}

func (d digested) merge() bool { return d.changes > d.base/4+digestSlack }
func (d digested) drop() bool  { return d.changes > 2*d.base+8*digestSlack }

// Digests loads a rule's digests, and brings their pieces into good order on the way.
func (s *Store) Digests(ctx context.Context, rule string) ([]state.Digest, error) {
	id, err := s.ruleID(ctx, s.read, rule)
	if err != nil || id == 0 {
		return nil, s.explain(err)
	}
	out, known, err := s.loadDigests(ctx, id)
	if err != nil {
		return nil, s.explain(err)
	}
	if known.base == 0 {
		if out, err = s.digestRecords(ctx, id); err != nil {
			return nil, s.explain(err)
		}
	}
	if s.lock != nil && len(out) > 0 && (known.base == 0 || known.merge()) {
		if err := s.mergeRenewed(ctx, firstID(id), firstID(id+1)); err != nil {
			return nil, err
		}
		err = s.tx(ctx, func(tx *sql.Tx) error { return s.putBase(ctx, tx, id, out) })
	}
	return out, err
}

// loadDigests merges the pieces.
func (s *Store) loadDigests(ctx context.Context, rule int64) ([]state.Digest, digested, error) {
	known, err := digestsOf(ctx, s.read, rule)
	if err != nil || known.base == 0 {
		return nil, known, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT base, data FROM digest WHERE rule = ? ORDER BY seq", rule)
	if err != nil {
		return nil, known, err
	}
	defer rows.Close()
	base, changes := make([]state.Digest, 0, known.base), make([]state.Digest, 0, known.changes)
	for rows.Next() {
		var isBase bool
		var data sql.RawBytes
		if err := rows.Scan(&isBase, &data); err != nil {
			return nil, known, err
		}
		if isBase {
			base = unpack(base, data)
		} else {
			changes = unpack(changes, data)
		}
	}
	return mergeDigests(base, changes), known, rows.Err()
}

// digestRecords makes the digests of the records.
func (s *Store) digestRecords(ctx context.Context, rule int64) ([]state.Digest, error) {
	rows, err := s.read.QueryContext(ctx, `
SELECT r.source, coalesce(n.hash, r.hash) FROM record r`+renewedToo+`
WHERE r.id > ? AND r.id < ? AND r.target_key <> 0 AND coalesce(n.hash, r.hash) <> 0`, firstID(rule), firstID(rule+1))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []state.Digest
	for rows.Next() {
		var source sql.RawBytes
		var hash int64
		if err := rows.Scan(&source, &hash); err != nil {
			return nil, err
		}
		out = append(out, state.Digest{Source: state.SourceHash(string(source)), Hash: uint64(hash)})
	}
	slices.SortFunc(out, bySource)
	return slices.CompactFunc(out, sameSource), rows.Err()
}

func bySource(a, b state.Digest) int    { return cmp.Compare(a.Source, b.Source) }
func sameSource(a, b state.Digest) bool { return a.Source == b.Source }

// mergeDigests applies changes, in their order, to a sorted base, in the memory that the base has.
func mergeDigests(base, changes []state.Digest) []state.Digest {
	slices.SortStableFunc(changes, bySource)
	fresh, gone, at := changes[:0], false, 0
	for i, c := range changes {
		if i+1 < len(changes) && changes[i+1].Source == c.Source {
			continue // the last change counts
		}
		n, found := slices.BinarySearchFunc(base[at:], c, bySource)
		if at += n; found {
			base[at].Hash = c.Hash
			gone = gone || c.Hash == 0
		} else if c.Hash != 0 {
			fresh = append(fresh, c)
		}
	}
	if gone {
		base = slices.DeleteFunc(base, func(d state.Digest) bool { return d.Hash == 0 })
	}
	// From the end, so that nothing is in the way.
	from, to := len(base), len(base)+len(fresh)
	base = slices.Grow(base, len(fresh))[:to]
	for n := len(fresh); n > 0; {
		to--
		if from > 0 && base[from-1].Source > fresh[n-1].Source {
			from--
			base[to] = base[from]
		} else {
			n--
			base[to] = fresh[n]
		}
	}
	return base
}

func unpack(dst []state.Digest, data []byte) []state.Digest {
	for ; len(data) >= digestSize; data = data[digestSize:] {
		dst = append(dst, state.Digest{Source: binary.LittleEndian.Uint64(data), Hash: binary.LittleEndian.Uint64(data[8:])})
	}
	return dst
}

func pack(digests []state.Digest) []byte {
	out := make([]byte, 0, len(digests)*digestSize)
	for _, d := range digests {
		out = binary.LittleEndian.AppendUint64(out, d.Source)
		out = binary.LittleEndian.AppendUint64(out, d.Hash)
	}
	return out
}

// querier is what both a database and a transaction can do.
type querier interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// digestsOf counts the pairs that are kept of a rule.
func digestsOf(ctx context.Context, q querier, rule int64) (d digested, err error) {
	err = q.QueryRowContext(ctx, `
SELECT coalesce(sum(length(data)) FILTER (WHERE base), 0) / 16, coalesce(sum(length(data)) FILTER (WHERE NOT base), 0) / 16
FROM digest WHERE rule = ?`, rule).Scan(&d.base, &d.changes)
	return d, err
}

// putBase replaces all pieces of a rule.
func (s *Store) putBase(ctx context.Context, tx *sql.Tx, rule int64, digests []state.Digest) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM digest WHERE rule = ?", rule); err != nil {
		return err
	}
	for piece := range slices.Chunk(digests, digestPiece) {
		if err := putDigests(ctx, tx, rule, true, piece); err != nil {
			return err
		}
	}
	s.noteDigests(rule, digested{base: len(digests)})
	return nil
}

func putDigests(ctx context.Context, tx *sql.Tx, rule int64, base bool, digests []state.Digest) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO digest (rule, base, data) VALUES (?, ?, ?)", rule, base, pack(digests))
	return err
}

func (s *Store) noteDigests(rule int64, d digested) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.digested[rule] = d
}

// changeDigests notes what a commit does to a rule's records, where digests of it are kept.
func (s *Store) changeDigests(ctx context.Context, tx *sql.Tx, rule int64, records []state.Record, forget []string) error {
	s.mu.Lock()
	known, loaded := s.digested[rule]
	s.mu.Unlock()
	if !loaded {
		var err error
		if known, err = digestsOf(ctx, tx, rule); err != nil {
			return err
		}
	}
	if known.base == 0 {
		s.noteDigests(rule, known)
		return nil
	}
	if known.drop() {
		s.noteDigests(rule, digested{})
		_, err := tx.ExecContext(ctx, "DELETE FROM digest WHERE rule = ?", rule)
		return err
	}
	changes := make([]state.Digest, 0, len(records)+len(forget))
	for _, r := range records {
		d := state.Digest{Source: state.SourceHash(r.Source), Hash: r.Hash}
		if r.Target == "" {
			d.Hash = 0
		}
		changes = append(changes, d)
	}
	for _, id := range forget {
		changes = append(changes, state.Digest{Source: state.SourceHash(id)})
	}
	known.changes += len(changes)
	s.noteDigests(rule, known)
	return putDigests(ctx, tx, rule, false, changes)
}
