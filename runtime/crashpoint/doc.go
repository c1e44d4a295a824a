// Package crashpoint names the instants at which it costs the most when the process dies: between what was decided and
// what is stored, between what was sent and what is known of it. The suite in cmd/syncline/crash kills the real program
// at each of them.
//
// Only a program built with the tag crashpoints can die at one. In every other build Reach and Sending do nothing, read
// nothing, and are compiled away.
package crashpoint
