// Package alert decides what people are told of trouble with rules, and when: all that begins together is told together
// and once, again only as the alert's repeat says, and once more when it is over. It keeps what was told as a document for
// the state, so that a restart neither forgets trouble nor tells it a second time. It sends nothing and has no clock.
package alert
