// Package smtp simulates a mail server that takes every mail and delivers none.
//
// It listens on two ports: SMTP, and HTTP for the control endpoints. Each step of a conversation is passed through the
// HTTP side as a request to /smtp/STEP (connect, ehlo, auth, mail, rcpt, message), so that the call log shows it and faults
// play on it as on any other system: {"match":{"path":"/smtp/rcpt","body":"bob@"},"status":550} refuses Bob, and
// drop_response on /smtp/message takes the mail and hangs up without a word.
package smtp
