// Package httpx is the HTTP client under the connectors for JSON APIs.
//
// It takes a Request, and gives an Answer or a *connectors.Error that says what the engine is to do. On the way it
//
//   - authenticates, and renews an expired session once for all callers that meet the expiry,
//   - keeps to the connection's limits: calls at once, calls in a window of time,
//   - waits and repeats requests that only read (Request.Safe), as their failure's class allows, and
//   - never repeats a write: a write that was surely not carried out is an error of class Retry, one
//     whose answer was lost is of class InDoubt, and the engine, which can look, decides,
//   - keeps secrets out of every error, capture and log line,
//   - refuses plain http, except to this machine.
package httpx
