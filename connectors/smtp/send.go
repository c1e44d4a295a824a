package smtp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	netsmtp "net/smtp"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/value"
)

// Send sends one mail.
func (c *conn) Send(ctx context.Context, m connectors.Message) (connectors.Receipt, error) {
	if err := m.Validate(sending()); err != nil {
		return connectors.Receipt{}, err
	}
	l, err := c.write(m)
	if err != nil {
		return connectors.Receipt{}, err
	}
	done, err := c.limiter.Begin(ctx)
	if err != nil {
		return connectors.Receipt{}, err
	}
	defer done()
	s, err := c.dial(ctx)
	if err != nil {
		return connectors.Receipt{}, err
	}
	defer s.close()
	answer, err := s.deliver(l)
	if err != nil {
		if e := connectors.AsError(err); e.Class == connectors.InDoubt && c.sendAgain {
			e.Class = connectors.Retry
		}
		return connectors.Receipt{}, err
	}
	return connectors.Receipt{ID: l.id, Fields: map[string]value.Value{"Answer": value.Text(answer)}}, nil
}

// Repeatable tells whether a mail may be sent a second time, as the connection says: it has the same Message-ID then.
func (c *conn) Repeatable(connectors.Message) bool { return c.sendAgain }

// session is a conversation with the server.
type session struct {
	*netsmtp.Client
	conn *conn
	raw  net.Conn
	ctx  context.Context
	stop func() bool
}

// dial connects, encrypts and logs in. When ctx ends, whatever waits for the server fails at once.
func (c *conn) dial(ctx context.Context) (*session, error) {
	deadline := time.Now().Add(c.patience) // of the network, not of the run's clock
	dialer := net.Dialer{Timeout: 15 * time.Second}
	raw, err := dialer.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return nil, c.broken(ctx, "connect", err)
	}
	_ = raw.SetDeadline(deadline)
	s := &session{conn: c, raw: raw, ctx: ctx, stop: context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })}
	wire := raw
	if c.mode == always {
		wire = tls.Client(raw, c.tls)
	}
	if s.Client, err = netsmtp.NewClient(wire, c.host); err != nil {
		s.stop()
		_ = raw.Close()
		return nil, c.broken(ctx, "greeting", err)
	}
	if err := s.enter(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) enter() error {
	c := s.conn
	if err := s.Hello(heloName()); err != nil {
		return s.failed("EHLO", err)
	}
	if c.mode == startTLS {
		if ok, _ := s.Extension("STARTTLS"); !ok {
			return &connectors.Error{Class: connectors.Permanent, Code: "no_starttls", Message: c.addr + " does not offer STARTTLS, so mail and password would go in the clear",
				Hint: `set tls = "tls" and its port, 465; or tls = "none" for a server on this machine`}
		}
		if err := s.StartTLS(c.tls); err != nil {
			return s.failed("STARTTLS", err)
		}
	}
	if c.username == "" {
		return nil
	}
	_, offered := s.Extension("AUTH")
	auth := choose(offered, c)
	if auth == nil {
		return &connectors.Error{Class: connectors.Auth, Code: "no_login", Message: fmt.Sprintf("%s offers no login that we know (it offers %q)", c.addr, offered),
			Hint: "we know PLAIN and LOGIN; leave username out where the server knows this machine"}
	}
	if err := s.Auth(auth); err != nil {
		return s.failed("AUTH", err)
	}
	return nil
}

// deliver hands the mail over and gives the server's last word.
func (s *session) deliver(l *letter) (string, error) {
	if ok, _ := s.Extension("SMTPUTF8"); l.unicode && !ok {
		return "", wrong("to", "%s takes no addresses with letters beyond ASCII", s.conn.addr)
	}
	if err := s.Mail(l.from); err != nil {
		return "", s.failed("MAIL", err)
	}
	for _, to := range l.recipients {
		// One refused recipient refuses the mail: the others would get it again with the next try.
		if err := s.Rcpt(to); err != nil {
			e := s.failed("RCPT", err)
			e.Message = to + ": " + e.Message
			return "", e
		}
	}
	if err := s.command(354, "DATA"); err != nil {
		return "", s.failed("DATA", err)
	}
	w := s.Text.DotWriter()
	if _, err := w.Write(l.data); err != nil {
		return "", s.failed("DATA", err) // without its end the server must forget it
	}
	// From here on the end may have got through.
	if err := w.Close(); err != nil {
		return "", s.unanswered(err)
	}
	_, answer, err := s.Text.ReadResponse(250)
	if err != nil {
		return "", s.unanswered(err)
	}
	s.goodbye()
	return answer, nil
}

// goodbye ends the conversation. The mail is theirs by now, so it neither fails nor waits long.
func (s *session) goodbye() {
	_ = s.raw.SetDeadline(time.Now().Add(2 * time.Second))
	_ = s.Quit()
}

func (s *session) command(want int, line string) error {
	id, err := s.Text.Cmd("%s", line)
	if err != nil {
		return err
	}
	s.Text.StartResponse(id)
	defer s.Text.EndResponse(id)
	_, _, err = s.Text.ReadResponse(want)
	return err
}

func (s *session) close() {
	s.stop()
	_ = s.Client.Close()
}
