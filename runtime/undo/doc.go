// Package undo takes back what runs wrote, from the ledger.
//
// Collect gathers what the entries of a run did to each record, oldest value before and newest value after. Compare
// reads the records as they are now and decides, field by field, what can be put back: a field that somebody changed
// since is left alone. Apply writes, and tells the ledger, so that what was taken back can be taken back as well.
package undo
