package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/syncline/syncline/connectors"
)

const (
	// codeTooMany is the code of a 429 whose answer says no more.
	codeTooMany = "http_429"
	// codeNoHost is the code of a name that name servers do not know: asking again at once is no use.
	codeNoHost = "unknown_host"
)

// byStatus is the error of an answer that the connector has no better word for.
func byStatus(a *Answer, safe bool) *connectors.Error {
	e := &connectors.Error{Code: fmt.Sprintf("http_%d", a.Status), Message: "the system answered " + statusText(a)}
	switch s := a.Status; {
	case s == http.StatusUnauthorized:
		e.Class, e.Hint = connectors.Auth, "check the credentials of the connection"
	case s == http.StatusForbidden:
		e.Class, e.Hint = connectors.Permanent, "the user of the connection may not do this"
	case s == http.StatusTooManyRequests:
		e.Class = connectors.Limit
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusServiceUnavailable:
		e.Class = connectors.Retry
	case s >= 500:
		// A gateway that gave up, or a server that broke, may have carried a write out.
		e.Class = unanswered(safe)
	case s >= 300 && s < 400:
		e.Class = connectors.Permanent
		if to := a.Header.Get("Location"); to != "" {
			e.Hint = "it has moved to " + to + "; write that address in the connection"
		}
	default:
		e.Class = connectors.Permanent
	}
	return e
}

// unanswered is the class of a request that may have been carried out.
func unanswered(safe bool) connectors.Class {
	if safe {
		return connectors.Retry
	}
	return connectors.InDoubt
}

var (
	htmlTitle = pattern(`(?is)<title>\s*(.{1,200}?)\s*</title>`)
	spaces    = pattern(`\s+`)
)

// statusText is the status with what a page for people says.
func statusText(a *Answer) string {
	s := fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	if m := htmlTitle().FindSubmatch(a.Body[:min(len(a.Body), 16<<10)]); m != nil {
		s += fmt.Sprintf(" (%s)", spaces().ReplaceAllString(string(m[1]), " "))
	}
	return strings.TrimSpace(s)
}

// unreachable is the error of a request that got no answer, or half of one.
func (c *Client) unreachable(ctx context.Context, err error, host string, sent, safe bool) *connectors.Error {
	e := &connectors.Error{Class: connectors.Retry, Err: err}
	if sent {
		e.Class = unanswered(safe)
	}
	if cause := ctx.Err(); cause != nil {
		e.Err, e.Message = cause, "stopped: "+cause.Error()
		if sent && !safe {
			e.Message = "stopped before the answer came: " + cause.Error()
		}
		return e
	}
	e.Message, e.Hint = c.Redact(explain(err, host)), hintFor(err, host)
	var hostname x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	if errors.As(err, &hostname) || errors.As(err, &authority) || errors.As(err, &invalid) {
		e.Class = connectors.Permanent
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		e.Code = codeNoHost
	}
	// The cause's own text may hold the URL with its query; ours does not, so only its type is kept.
	e.Err = quiet{e.Message, err}
	return e
}

// quiet is an error whose text was cleaned.
type quiet struct {
	text  string
	cause error
}

func (q quiet) Error() string        { return q.text }
func (q quiet) Is(target error) bool { return errors.Is(q.cause, target) }
func (q quiet) Timeout() bool        { return isTimeout(q.cause) }

func explain(err error, host string) string {
	var dns *net.DNSError
	var op *net.OpError
	var tlsErr *tls.CertificateVerificationError
	switch {
	case errors.As(err, &dns):
		return fmt.Sprintf("cannot reach %s: the name %s is not known", host, dns.Name)
	case errors.As(err, &tlsErr):
		return fmt.Sprintf("cannot trust %s: %v", host, tlsErr.Err)
	case isTimeout(err):
		return fmt.Sprintf("%s did not answer in time", host)
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Sprintf("cannot reach %s: %v", host, op.Err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return host + " closed the connection before it had answered"
	case errors.As(err, &op):
		return fmt.Sprintf("lost the connection to %s: %v", host, op.Err)
	}
	return fmt.Sprintf("no answer from %s: %v", host, strip(err))
}

func hintFor(err error, host string) string {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return "check the address in the connection, and this machine's network"
	}
	if isTimeout(err) {
		return "check that this is the system's address, and that it is up"
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return "check that " + host + " is up, and that a firewall or proxy lets us through"
	}
	return ""
}

// strip takes off what net/http wraps around a cause: the method and the URL with its query.
func strip(err error) error {
	for {
		var u interface{ Unwrap() error }
		if strings.Contains(err.Error(), "://") && errors.As(err, &u) && u.Unwrap() != nil {
			err = u.Unwrap()
			continue
		}
		return err
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// neverSent tells whether the error itself proves that no connection was made.
func neverSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}
