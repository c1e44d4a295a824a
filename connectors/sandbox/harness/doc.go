// Package harness is what all simulated systems share: the HTTP server of one system, its
// call log, faults on request, latency, and the control endpoints under /_sandbox.
//
// A simulated system implements System: its own API as an http.Handler, and plain access
// to its records. Serve puts the harness around it and opens its port. The system sees
// only requests that are meant for it, with faults already played; what it adds is the
// number of records that a call carried (CountRecords) and the shape of its failures (Fail).
package harness
