package server

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
)

// Role is what the holder of a token may do.
type Role uint8

const (
	Nobody   Role = iota
	Viewer        // looks
	Operator      // also runs, pauses, retries
)

func (r Role) String() string { return [...]string{"nobody", "viewer", "operator"}[r] }

// Tokens are the accepted tokens; none: no request needs one.
type Tokens struct{ list []token }

type token struct {
	sum  [sha256.Size]byte
	role Role
}

// shortest is the fewest characters of a token: shorter ones can be guessed.
const shortest = 16

// Add accepts a token.
func (t *Tokens) Add(role Role, text string) error {
	if len(text) < shortest {
		return fmt.Errorf("a token of a %s has %d characters, and needs %d at least; `openssl rand -hex 24` makes one", role, len(text), shortest)
	}
	t.list = append(t.list, token{sha256.Sum256([]byte(text)), role})
	return nil
}

// Empty tells whether there is no token.
func (t *Tokens) Empty() bool { return len(t.list) == 0 }

// ReadTokens reads a file of tokens: a role and a token on each line, # for comments.
func (t *Tokens) ReadTokens(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("the token file cannot be read: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o004 != 0 && info.Mode().IsRegular() && !mounted(path) {
		return fmt.Errorf("every user of this machine can read the token file %s: chmod 600 it", path)
	}
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		n++
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, text, _ := strings.Cut(line, " ")
		role, ok := map[string]Role{"viewer": Viewer, "operator": Operator}[strings.TrimSuffix(word, ":")]
		if !ok {
			return fmt.Errorf("%s:%d: write \"viewer TOKEN\" or \"operator TOKEN\"", path, n)
		}
		if err := t.Add(role, strings.TrimSpace(text)); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	if t.Empty() {
		return fmt.Errorf("the token file %s holds no token: write lines \"viewer TOKEN\" or \"operator TOKEN\"", path)
	}
	return nil
}

// mounted tells whether a file is a container platform's mount, whose permissions it cannot choose.
func mounted(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&os.ModeSymlink != 0 || strings.HasPrefix(path, "/run/secrets/")
}

// role is what a request may do. The comparison takes as long for a wrong token as for a right one.
func (t *Tokens) role(r *http.Request) Role {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		// Browsers ask for a name and a password: the token is the password.
		_, text, ok = r.BasicAuth()
	}
	if !ok {
		return Nobody
	}
	sum := sha256.Sum256([]byte(text))
	role := Nobody
	for _, t := range t.list {
		if subtle.ConstantTimeCompare(sum[:], t.sum[:]) == 1 {
			role = max(role, t.role)
		}
	}
	return role
}

// Loopback tells whether an address can only be reached from this machine.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// localHost tells whether a request names this machine by a name that no other site can have. Without the check, a
// page on the internet whose name was pointed at 127.0.0.1 could read the answers.
func localHost(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// Allowed says why a server may not listen on an address with these tokens; nil when it may.
func Allowed(addr string, t *Tokens) error {
	if !t.Empty() || Loopback(addr) {
		return nil
	}
	return errors.New("an address other than loopback needs tokens: give --token-file FILE with lines \"viewer TOKEN\" or \"operator TOKEN\", " +
		"or set SYNCLINE_VIEWER_TOKEN and SYNCLINE_OPERATOR_TOKEN")
}
