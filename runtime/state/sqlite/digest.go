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

// digestRange is about how many changes are merged at once, sortMost how many digests are sorted.
var (
	digestRange = 1 << 19
	sortMost    = 1 << 21
)

// digested is what is known of a rule's digests, in numbers of pairs.
type digested struct {
	base, changes int
}

func (d digested) merge() bool { return d.changes > d.base/4+digestSlack }
func (d digested) drop() bool  { return d.changes > 2*d.base+8*digestSlack }

// Digests gives a rule's digests, and brings their pieces into good order on the way.
func (s *Store) Digests(ctx context.Context, rule string, f func(part []state.Digest, most int) error) error {
	id, err := s.ruleID(ctx, rule)
	if err != nil || id == 0 {
		return s.explain(err)
	}
	known, err := digestsOf(ctx, s.read, id)
	if err != nil {
		return s.explain(err)
	}
	if s.lock == nil {
		f = atMost(f)
	}
	if known.base == 0 {
		if s.lock == nil {
			return s.sortedDigests(ctx, id, f)
		}
		if known, err = s.gatherDigests(ctx, id); err != nil || known.changes == 0 {
			return err
		}
	}
	most := known.base + known.changes
	give := func(part []state.Digest) error { return f(part, most) }
	if s.lock == nil || known.base > 0 && !known.merge() {
		return s.explain(s.eachDigest(ctx, id, known, give))
	}
	if err := s.mergeRenewed(ctx, firstID(id), firstID(id+1)); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error { return s.renewBase(ctx, tx, id, known, give) })
}

// atMost leaves out digests beyond the number that was told. Where another process holds the state, it may have stored more
// records by the time that they are read; a record without a digest is looked up.
func atMost(f func([]state.Digest, int) error) func([]state.Digest, int) error {
	given := 0
	return func(part []state.Digest, most int) error {
		part = part[:min(len(part), most-given)]
		given += len(part)
		return f(part, most)
	}
}

// eachDigest gives the base with the changes merged into it, to f in parts. Many changes are taken by ranges of their hashes,
// for which they are read again each time, so that they need no memory for all of them.
func (s *Store) eachDigest(ctx context.Context, rule int64, known digested, f func([]state.Digest) error) error {
	rows, err := s.read.QueryContext(ctx, "SELECT data FROM digest WHERE rule = ? AND base ORDER BY seq", rule)
	if err != nil {
		return err
	}
	defer rows.Close()
	piece := make([]state.Digest, 0, digestPiece)
	var base []state.Digest // what is left of the piece
	ranges := uint64(known.changes/digestRange + 1)
	var changes []state.Digest
	for n := range ranges {
		first, last := hashRange(n, ranges)
		if changes, err = s.changedDigests(ctx, rule, changes[:0], first, last); err != nil {
			return err
		}
		slices.SortStableFunc(changes, bySource)
		rest := changes
		for {
			if len(base) == 0 && rows.Next() {
				var data sql.RawBytes
				if err := rows.Scan(&data); err != nil {
					return err
				}
				piece = unpack(piece[:0], data)
				base = piece
			}
			here := base[:after(base, last)]
			if len(here) == 0 {
				break
			}
			base = base[len(here):]
			upTo := len(rest)
			if len(base) == 0 { // the next piece may go on in this range
				upTo = after(rest, here[len(here)-1].Source)
			}
			if err := f(mergeDigests(slices.Clip(here), rest[:upTo])); err != nil {
				return err
			}
			rest = rest[upTo:]
		}
		if len(rest) > 0 {
			if err := f(mergeDigests(nil, rest)); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

// after is how many of some sorted digests come no later than a hash.
func after(sorted []state.Digest, last uint64) int {
	n, _ := slices.BinarySearchFunc(sorted, last, func(d state.Digest, last uint64) int {
		if d.Source <= last {
			return -1
		}
		return 1
	})
	return n
}

// changedDigests appends the changes of a range of hashes, in their order.
func (s *Store) changedDigests(ctx context.Context, rule int64, to []state.Digest, first, last uint64) ([]state.Digest, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT data FROM digest WHERE rule = ? AND NOT base ORDER BY seq", rule)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var data sql.RawBytes
		if err := rows.Scan(&data); err != nil {
			return nil, err
		}
		for ; len(data) >= digestSize; data = data[digestSize:] {
			if d := digestAt(data); first <= d.Source && d.Source <= last {
				to = append(to, d)
			}
		}
	}
	return to, rows.Err()
}

// eachRecord gives the digests of a rule's records, in the order in which they lie.
func (s *Store) eachRecord(ctx context.Context, rule int64, f func(state.Digest) error) error {
	rows, err := s.read.QueryContext(ctx, `
SELECT r.source, coalesce(n.hash, r.hash) FROM record r`+renewedToo+`
WHERE r.id > ? AND r.id < ? AND r.target_key <> 0 AND coalesce(n.hash, r.hash) <> 0`, firstID(rule), firstID(rule+1))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var source sql.RawBytes
		var hash int64
		if err := rows.Scan(&source, &hash); err != nil {
			return err
		}
		if err := f(state.Digest{Source: state.SourceHash(string(source)), Hash: uint64(hash)}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sortedDigests makes the digests of the records where none can be kept. Those of many records are made by ranges of their
// hashes, for which the records are read again each time, so that they need no memory for all of them.
func (s *Store) sortedDigests(ctx context.Context, rule int64, f func([]state.Digest, int) error) error {
	var most int
	err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM record WHERE id > ? AND id < ?", firstID(rule), firstID(rule+1)).Scan(&most)
	if err != nil {
		return s.explain(err)
	}
	ranges := uint64(most/sortMost + 1)
	var some []state.Digest
	for n := range ranges {
		first, last := hashRange(n, ranges)
		some = some[:0]
		err := s.eachRecord(ctx, rule, func(d state.Digest) error {
			if first <= d.Source && d.Source <= last {
				some = append(some, d)
			}
			return nil
		})
		if err != nil {
			return s.explain(err)
		}
		slices.SortFunc(some, bySource)
		if some = slices.CompactFunc(some, sameSource); len(some) == 0 {
			continue
		}
		if err := f(some, most); err != nil {
			return err
		}
	}
	return nil
}

// hashRange gives the n-th of so many ranges of all hashes.
func hashRange(n, ranges uint64) (first, last uint64) {
	width := ^uint64(0) / ranges
	if n == ranges-1 {
		return width * n, ^uint64(0)
	}
	return width * n, width*(n+1) - 1
}

// gatherDigests makes the digests of the records and keeps them as if they were changes, to be sorted into a base.
func (s *Store) gatherDigests(ctx context.Context, rule int64) (known digested, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM digest WHERE rule = ?", rule); err != nil {
			return err
		}
		piece := make([]state.Digest, 0, digestPiece)
		store := func() error {
			known.changes += len(piece)
			err := putDigests(ctx, tx, rule, false, piece)
			piece = piece[:0]
			return err
		}
		err := s.eachRecord(ctx, rule, func(d state.Digest) error {
			if piece = append(piece, d); len(piece) < digestPiece {
				return nil
			}
			return store()
		})
		if err == nil && len(piece) > 0 {
			err = store()
		}
		return err
	})
	return known, err
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
		dst = append(dst, digestAt(data))
	}
	return dst
}

func digestAt(data []byte) state.Digest {
	return state.Digest{Source: binary.LittleEndian.Uint64(data), Hash: binary.LittleEndian.Uint64(data[8:])}
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

// renewBase makes one base of all pieces of a rule, and gives it to f.
func (s *Store) renewBase(ctx context.Context, tx *sql.Tx, rule int64, known digested, f func([]state.Digest) error) error {
	var before int64
	if err := tx.QueryRowContext(ctx, "SELECT max(seq) FROM digest WHERE rule = ?", rule).Scan(&before); err != nil {
		return err
	}
	piece := make([]state.Digest, 0, digestPiece)
	n := 0
	err := s.eachDigest(ctx, rule, known, func(part []state.Digest) error {
		n += len(part)
		for rest := part; len(rest) > 0; {
			take := min(len(rest), digestPiece-len(piece))
			if piece, rest = append(piece, rest[:take]...), rest[take:]; len(piece) < digestPiece {
				continue
			}
			if err := putDigests(ctx, tx, rule, true, piece); err != nil {
				return err
			}
			piece = piece[:0]
		}
		return f(part)
	})
	if err == nil && len(piece) > 0 {
		err = putDigests(ctx, tx, rule, true, piece)
	}
	if err != nil {
		return err
	}
	s.noteDigests(rule, digested{base: n})
	_, err = tx.ExecContext(ctx, "DELETE FROM digest WHERE rule = ? AND seq <= ?", rule, before)
	return err
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
