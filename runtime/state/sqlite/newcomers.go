package sqlite

// A first load asks of each record, by its source and by its target, whether it is known, and it never is: most of these
// questions would read a page of their own. So the store remembers which keys there are of the rule whose first record it
// added last, by a bit for the leading bits of their hashes, and does not ask for those that there cannot be.
type newcomers struct {
	rule int64
	bits []uint64
}

const newcomerBits = 24 // 2 MiB, in which one of sixteen bits is set for a million keys

func (n *newcomers) bit(key int64) (word int64, bit uint64) {
	at := key & (1<<ruleShift - 1) >> (ruleShift - newcomerBits)
	return at / 64, 1 << (at % 64)
}

func (n *newcomers) add(key int64) {
	word, bit := n.bit(key)
	n.bits[word] |= bit
}

func (n *newcomers) has(key int64) bool {
	word, bit := n.bit(key)
	return n.bits[word]&bit != 0
}

// come notes keys that records of a rule will have. first: it has no records yet. Nothing is known of a store that others
// may write to.
func (s *Store) come(rule int64, first bool, keys []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first && s.lock != nil {
		s.newcomers = &newcomers{rule: rule, bits: make([]uint64, 1<<newcomerBits/64)}
	}
	if s.newcomers == nil || s.newcomers.rule != rule {
		return
	}
	for _, key := range keys {
		s.newcomers.add(key)
	}
}
