package smtp

import (
	"context"
	"strings"

	"github.com/syncline/syncline/connectors"
)

// Check connects, encrypts and logs in, and says goodbye. No mail is sent.
func (c *conn) Check(ctx context.Context) (connectors.Report, error) {
	done, err := c.limiter.Begin(ctx)
	if err != nil {
		return connectors.Report{}, err
	}
	defer done()
	s, err := c.dial(ctx)
	if err != nil {
		return connectors.Report{}, err
	}
	defer s.close()
	r := connectors.Report{User: c.username, Account: c.addr + ", from " + c.from.Address}
	if r.User == "" {
		r.User = "(no login)"
	}
	if _, encrypted := s.TLSConnectionState(); !encrypted {
		r.Notes = append(r.Notes, "mail goes to the server unencrypted")
	}
	if ok, size := s.Extension("SIZE"); ok && strings.TrimLeft(size, "0") != "" {
		r.Notes = append(r.Notes, "the server takes mails up to "+size+" bytes")
	}
	if err := s.Noop(); err != nil {
		return r, s.failed("NOOP", err)
	}
	s.goodbye()
	return r, nil
}
