// Package engine runs one rule of a plan: it takes a plan.Sync, plan.Trigger or plan.Track, open connections and a
// store, and gives a state.Run.
//
// A sync's run goes through its source page by page, and each page through the same steps, one file each:
//
//	read → filter → find and match → evaluate → diff → deliver → record
//
// A step looks at the items of a page that are still pending and settles those that it can: filtered,
// unmatched, dead, unchanged. What is left at the end are changes. The outcome of a page (links, shadows,
// ledger, dead letters, counts, checkpoint) moves in one transaction, after its changes were delivered, so that
// the checkpoint never passes a record whose outcome is not stored.
//
// A rule with a guard is run in two phases: all pages are evaluated into the outbox, the sum is compared with
// the guard, and only then is anything sent (stage.go). Where the target is a file that is written whole,
// pages stream through without any state (replace.go). A plan is the same code with the writes withheld.
//
// A trigger's run (trigger_*.go) has two halves that meet in the store. The first observes: it takes records, as they are
// polled, told of by events, or looked at again because of the time, through a pure state machine (package edge), and stores
// edges, what fired and the reader's position in one transaction. The second delivers from the outbox: firings are
// taken through their steps at the same pace (find → build → mark as sent → send → record), so that what one
// system takes together goes together; what was marked and has no outcome is looked up and not sent again.
package engine
