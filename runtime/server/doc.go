// Package server is the HTTP side of a running project: a status page, a JSON API, metrics and health.
//
// It knows nothing of rules or compilers: Backend tells it what there is to show and does what a person asks for. On
// loopback it is open to this machine; on any other address every request needs a token, whose role says whether it
// may look or also act.
package server
