// Package http calls programs over HTTP: webhooks of other systems, automation platforms, services of one's own.
//
// Each call carries its key in the header Idempotency-Key. Where the receiver heeds it (setting idempotent), and for
// methods that are idempotent by definition, a call whose answer was lost may be sent again; else it is in doubt.
// With a signing secret each call is signed, so that the receiver knows it is ours and not a replay:
//
//	X-Syncline-Signature: t=UNIX_SECONDS,v1=hex(HMAC-SHA256(secret, t + "." + body))
package http
