package connectors

import (
	"errors"
	"fmt"
	"time"
)

// Class is what a failure makes the engine do. The set is closed; each connector maps its system's codes to it.
type Class uint8

const (
	// Retry: the same call may succeed later (a lock, a 503, a reset connection before the request was sent).
	// Nothing was written.
	Retry Class = iota
	// InDoubt: the call may have been carried out, its answer was lost. Look before sending it again.
	InDoubt
	// Reject: the record is wrong for the target; the same record will fail again. It becomes a dead letter.
	Reject
	// Gone: the target record does not exist (any more).
	Gone
	// Auth: the credentials are not accepted, after one renewal.
	Auth
	// Limit: the system's or the project's quota is used up until RetryAfter.
	Limit
	// Permanent: the call itself is wrong (unknown object or field, no permission); no record of it can succeed.
	Permanent
)

func (c Class) String() string {
	return [...]string{"retry", "in_doubt", "reject", "gone", "auth", "limit", "permanent"}[c]
}

// Error is a failure of a call or of a record. It never holds a secret.
type Error struct {
	Class Class
	// Code is the system's own code ("REQUIRED_FIELD_MISSING"), "" when it gave none.
	Code string
	// Message is the system's own text, or ours.
	Message string
	// Fields are the fields that the system blames.
	Fields []string
	// Hint says what a person can do, "" when there is nothing to add.
	Hint string
	// RetryAfter is how long the system asked us to wait; 0: it did not say.
	RetryAfter time.Duration
	// Exhausted: the connector tried again for as long as that makes sense, so the caller must not.
	Exhausted bool
	// Request and Answer are the call as sent and as answered, shortened, without secrets; for dead letters.
	Request, Answer string
	Err             error
}

func (e *Error) Error() string {
	s := e.Message
	if s == "" && e.Err != nil {
		s = e.Err.Error()
	}
	if e.Code != "" {
		s = fmt.Sprintf("%s: %s", e.Code, s)
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// AsError finds the *Error in err's chain; any other error is made one of class Retry.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Retry, Message: err.Error(), Err: err}
}
