package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors"
)

// failed is the error of a step before the mail's end was sent: the mail is surely not sent.
func (s *session) failed(step string, err error) *connectors.Error {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return s.conn.refused(step, reply)
	}
	return s.conn.broken(s.ctx, step, err)
}

// unanswered is the error of a mail whose end may have been sent. A reply is an answer; anything else leaves it open.
func (s *session) unanswered(err error) *connectors.Error {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return s.conn.refused("the mail", reply)
	}
	e := s.conn.broken(s.ctx, "the mail", err)
	e.Class, e.Code = connectors.InDoubt, "unanswered"
	e.Message = "the mail was handed over and not confirmed: " + e.Message
	e.Hint = "look whether it arrived; its Message-ID is in the log of the mail server"
	return e
}

// refused maps a reply to its class.
func (c *conn) refused(step string, reply *textproto.Error) *connectors.Error {
	text := c.redact(strings.Join(strings.Fields(reply.Msg), " "))
	e := &connectors.Error{Code: strconv.Itoa(reply.Code), Message: fmt.Sprintf("the mail server refuses %s: %s", step, text), Answer: fmt.Sprintf("%d %s", reply.Code, text)}
	switch {
	case step == "AUTH" && reply.Code >= 500, reply.Code == 530, reply.Code == 535, reply.Code == 534, reply.Code == 538:
		e.Class, e.Hint = connectors.Auth, "check username and password; some providers want a password made for the program"
	case reply.Code == 552 && step != "greeting":
		e.Class, e.Hint = connectors.Reject, "the mail is too large, or the mailbox is full"
	case reply.Code >= 400 && reply.Code < 500:
		e.Class = connectors.Retry
	case reply.Code >= 500 && (step == "RCPT" || step == "DATA" || step == "the mail"):
		e.Class = connectors.Reject
	case step == "MAIL":
		e.Class, e.Hint = connectors.Permanent, "the server does not let this user send from "+c.from.Address
	default:
		e.Class = connectors.Permanent
	}
	return e
}

// broken is the error of a connection that was not made, or lost.
func (c *conn) broken(ctx context.Context, step string, err error) *connectors.Error {
	e := &connectors.Error{Class: connectors.Retry, Err: err}
	if cause := ctx.Err(); cause != nil {
		e.Err, e.Message = cause, "stopped: "+cause.Error()
		return e
	}
	var reply *textproto.Error
	var dns *net.DNSError
	var op *net.OpError
	var timeout net.Error
	var hostname x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &reply):
		return c.refused(step, reply)
	case errors.As(err, &hostname), errors.As(err, &authority), errors.As(err, &invalid):
		e.Class, e.Message = connectors.Permanent, fmt.Sprintf("cannot trust %s: %v", c.addr, err)
		e.Hint = "host must be the name in the server's certificate; ca_file takes one of your own authority"
	case errors.As(err, &record):
		e.Class, e.Message = connectors.Permanent, c.addr+" does not speak TLS from the first byte"
		e.Hint = `set tls = "starttls", usually with port 587`
	case errors.As(err, &dns):
		e.Message, e.Hint = fmt.Sprintf("cannot reach %s: the name is not known", c.addr), "check host in the connection, and this machine's network"
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Message = fmt.Sprintf("%s did not answer in time (%s)", c.addr, step)
	case errors.As(err, &op) && op.Op == "dial":
		e.Message, e.Hint = fmt.Sprintf("cannot reach %s: %v", c.addr, op.Err), "check that the server is up, and that a firewall lets us through"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Message = fmt.Sprintf("%s closed the connection (%s)", c.addr, step)
	case strings.Contains(err.Error(), "unencrypted connection"):
		e.Class, e.Message, e.Hint = connectors.Permanent, "the password would go in the clear", `use tls = "starttls" or "tls"`
	default:
		e.Message = c.redact(fmt.Sprintf("lost the connection to %s (%s): %v", c.addr, step, err))
	}
	return e
}
