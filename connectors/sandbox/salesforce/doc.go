// Package salesforce simulates a Salesforce org over its REST API.
//
// The layers, from the bottom: row.go stores a record in a few hundred bytes; table.go keeps the
// records of an object with their indexes and the order of their changes; schema.go, describe.go and custom.go
// make the objects from describe responses, which then drive all validation (input.go, write.go);
// the files query*.go run SOQL; the files rest*.go, composite*.go and auth.go are the HTTP API.
//
// One lock guards all: a request reads or writes under it, and a transaction (txn.go) undoes what it did when it fails.
// Handlers are plain functions from request to response, so that /composite can call them for its subrequests.
package salesforce
