// Package planner makes plans of a checked program: which fields are read, which conditions the systems evaluate
// themselves, by which keys records are looked up, in which order rules run, and what a rule's fingerprint is.
//
// A condition is pushed down by small named rewrites (rewrite.go), each of which gives a predicate that lets
// through all that the condition does, and perhaps more. The condition itself is evaluated on what comes, so
// a rewrite that lets too much through costs time and one that lets too little through is a bug: a property
// test holds all of them to it.
package planner
