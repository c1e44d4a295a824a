package smtp

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"
)

const (
	idle    = 2 * time.Minute
	largest = 32 << 20
)

// session is one conversation.
type session struct {
	system *System
	conn   net.Conn
	text   *textproto.Conn
	secure bool
	mail   envelope
	begun  bool
	user   string
}

func newSession(s *System, conn net.Conn) *session {
	return &session{system: s, conn: conn, text: textproto.NewConn(conn)}
}

// run talks until the client leaves or a fault cuts it off.
func (s *session) run() {
	if !s.pass("connect", nil) {
		return
	}
	for {
		_ = s.conn.SetDeadline(time.Now().Add(idle))
		line, err := s.text.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		if !s.command(strings.ToUpper(verb), strings.TrimSpace(rest)) {
			return
		}
	}
}

// say answers; false when the client is gone.
func (s *session) say(code int, text string) bool {
	return s.text.PrintfLine("%d %s", code, strings.Join(strings.Fields(text), " ")) == nil
}

// pass lets the HTTP side answer a step.
func (s *session) pass(step string, body any) bool {
	r, ok := s.system.step(step, body)
	return ok && s.say(r.Code, r.Text) && r.Code != 421
}

// ask is pass for steps whose refusal changes what follows.
func (s *session) ask(step string, body any) (accepted, goOn bool) {
	r, ok := s.system.step(step, body)
	if !ok || !s.say(r.Code, r.Text) {
		return false, false
	}
	return r.Code < 400, r.Code != 421
}

func (s *session) command(verb, rest string) bool {
	switch verb {
	case "EHLO", "HELO":
		return s.hello(verb, rest)
	case "STARTTLS":
		return s.encrypt()
	case "AUTH":
		return s.auth(rest)
	case "MAIL":
		return s.from(rest)
	case "RCPT":
		return s.to(rest)
	case "DATA":
		return s.data()
	case "RSET":
		s.mail, s.begun = envelope{}, false
		return s.say(250, "2.0.0 Ok")
	case "NOOP":
		return s.say(250, "2.0.0 Ok")
	case "QUIT":
		s.say(221, "2.0.0 Bye")
		return false
	}
	return s.say(500, "5.5.2 Error: command not recognized")
}

func (s *session) hello(verb, name string) bool {
	r, ok := s.system.step("ehlo", map[string]string{"name": name})
	if !ok || r.Code >= 400 || verb == "HELO" {
		return ok && s.say(r.Code, r.Text)
	}
	lines := []string{"sandbox.example", "SIZE 33554432", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN"}
	if s.system.options.TLS != nil && !s.secure {
		lines = append(lines, "STARTTLS")
	}
	for i, line := range lines {
		mark := "-"
		if i == len(lines)-1 {
			mark = " "
		}
		if s.text.PrintfLine("250%s%s", mark, line) != nil {
			return false
		}
	}
	return true
}

func (s *session) encrypt() bool {
	if s.system.options.TLS == nil || s.secure {
		return s.say(502, "5.5.1 Error: command not implemented")
	}
	if !s.say(220, "2.0.0 Ready to start TLS") {
		return false
	}
	wire := tls.Server(s.conn, s.system.options.TLS)
	if wire.Handshake() != nil {
		return false
	}
	s.text, s.secure, s.mail, s.begun = textproto.NewConn(wire), true, envelope{}, false
	return true
}

func (s *session) auth(rest string) bool {
	how, first, _ := strings.Cut(rest, " ")
	var user, pass string
	var err error
	switch strings.ToUpper(how) {
	case "PLAIN":
		if first == "" {
			if first, err = s.prompt(""); err != nil {
				return false
			}
		}
		plain, _ := base64.StdEncoding.DecodeString(first)
		if parts := strings.Split(string(plain), "\x00"); len(parts) == 3 {
			user, pass = parts[1], parts[2]
		}
	case "LOGIN":
		for _, part := range []struct {
			into *string
			ask  string
		}{{&user, "Username:"}, {&pass, "Password:"}} {
			answer, err := s.prompt(part.ask)
			if err != nil {
				return false
			}
			plain, _ := base64.StdEncoding.DecodeString(answer)
			*part.into = string(plain)
		}
	default:
		return s.say(504, "5.5.4 Unrecognized authentication type")
	}
	accepted, goOn := s.ask("auth", map[string]string{"username": user, "password": pass})
	if accepted {
		s.user = user
	}
	return goOn
}

func (s *session) prompt(text string) (string, error) {
	if err := s.text.PrintfLine("334 %s", base64.StdEncoding.EncodeToString([]byte(text))); err != nil {
		return "", err
	}
	return s.text.ReadLine()
}

// path is the address between < and > after FROM: or TO:.
func path(rest, word string) (string, bool) {
	if len(rest) < len(word) || !strings.EqualFold(rest[:len(word)], word) {
		return "", false
	}
	rest = strings.TrimSpace(rest[len(word):])
	end := strings.IndexByte(rest, '>')
	if !strings.HasPrefix(rest, "<") || end < 0 {
		return "", false
	}
	return rest[1:end], true
}

func (s *session) from(rest string) bool {
	address, ok := path(rest, "FROM:")
	switch {
	case !ok:
		return s.say(501, "5.5.4 Syntax: MAIL FROM:<address>")
	case s.begun:
		return s.say(503, "5.5.1 Error: nested MAIL command")
	case s.system.options.Login && s.user == "":
		return s.say(530, "5.7.0 Authentication required")
	}
	accepted, goOn := s.ask("mail", map[string]string{"from": address})
	if accepted {
		s.mail, s.begun = envelope{From: address, User: s.user}, true
	}
	return goOn
}

func (s *session) to(rest string) bool {
	address, ok := path(rest, "TO:")
	switch {
	case !ok || !strings.Contains(address, "@"):
		return s.say(501, "5.1.3 Bad recipient address syntax")
	case !s.begun:
		return s.say(503, "5.5.1 Error: need MAIL command")
	}
	accepted, goOn := s.ask("rcpt", map[string]string{"to": address})
	if accepted {
		s.mail.To = append(s.mail.To, address)
	}
	return goOn
}

func (s *session) data() bool {
	if !s.begun || len(s.mail.To) == 0 {
		return s.say(503, "5.5.1 Error: need RCPT command")
	}
	if !s.say(354, "End data with <CR><LF>.<CR><LF>") {
		return false
	}
	data, err := io.ReadAll(io.LimitReader(s.text.DotReader(), largest+1))
	if err != nil {
		return false
	}
	if len(data) > largest {
		_, _ = io.Copy(io.Discard, bufio.NewReader(s.text.DotReader()))
		return s.say(552, "5.3.4 Message too big")
	}
	s.mail.Data = string(data)
	mail := s.mail
	s.mail, s.begun = envelope{}, false
	return s.pass("message", mail)
}
