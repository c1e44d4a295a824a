package check

import "github.com/syncline/syncline/lang/resolve"

// writing is how records of an object are written: by a sync, or by an action of a trigger.
type writing struct {
	To               End
	creates, updates bool
	onNull           string // of the rule; "" where it says nothing
	sync             *Sync  // exactly one of sync and action is set
	action           *resolve.Action
}

// writing is how a sync writes its target.
func (s *Sync) writing() *writing {
	return &writing{To: s.To, creates: s.Creates(), updates: true, onNull: s.Decl.OnNull, sync: s}
}

// lookup is how records are found by their id, for messages.
func (w *writing) lookup() string {
	if w.action != nil {
		return "find { by = … }"
	}
	return "match { by = … }"
}
