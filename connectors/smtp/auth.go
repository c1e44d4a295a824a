package smtp

import (
	"errors"
	netsmtp "net/smtp"
	"slices"
	"strings"
)

// choose picks a login among those offered, nil when we know none of them.
func choose(offered string, c *conn) netsmtp.Auth {
	list := strings.Fields(strings.ToUpper(offered))
	switch {
	case slices.Contains(list, "PLAIN"):
		return netsmtp.PlainAuth("", c.username, c.password, c.host)
	case slices.Contains(list, "LOGIN"):
		return &loginAuth{c.username, c.password, loopback(c.host)}
	}
	return nil
}

// loginAuth is AUTH LOGIN, the only login of some servers: it asks for user and password one after the other.
type loginAuth struct {
	username, password string
	local              bool
}

// Start begins the login, unless the password would be seen on its way.
func (a *loginAuth) Start(server *netsmtp.ServerInfo) (string, []byte, error) {
	if !server.TLS && !a.local {
		return "", nil, errors.New("unencrypted connection")
	}
	return "LOGIN", nil, nil
}

// Next answers the server's questions.
func (a *loginAuth) Next(question []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	switch q := strings.ToLower(string(question)); {
	case strings.Contains(q, "user"):
		return []byte(a.username), nil
	case strings.Contains(q, "pass"):
		return []byte(a.password), nil
	}
	return nil, errors.New("the server asks for neither user nor password")
}
