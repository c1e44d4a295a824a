package smtp

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

const (
	username = "sandbox"
	password = "sandbox-mail-password"
)

// Options say what server to simulate.
type Options struct {
	// Control is the address of the HTTP side.
	Control string
	// Addr is where to listen for mail, host:port; port 0 takes a free one.
	Addr string
	// TLS switches STARTTLS on.
	TLS *tls.Config
	// Login: mail is taken only after a login.
	Login bool
}

// System is a simulated mail server. It implements harness.System and io.Closer.
type System struct {
	options Options
	ln      net.Listener
	client  *http.Client
	wait    sync.WaitGroup

	mu    sync.Mutex
	open  map[net.Conn]bool // nil when closed
	next  int
	mails []harness.Record
}

// New makes a server that listens for mail until Close.
func New(o Options) (*System, error) {
	ln, err := harness.Listen(context.Background(), o.Addr)
	if err != nil {
		return nil, err
	}
	s := &System{options: o, ln: ln, open: map[net.Conn]bool{}, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	s.wait.Go(s.accept)
	return s, nil
}

// Env is what clients need to reach the server.
func (s *System) Env() []string {
	host, port, _ := net.SplitHostPort(s.ln.Addr().String())
	return []string{"SMTP_HOST=" + host, "SMTP_PORT=" + port, "SMTP_ADDR=" + s.ln.Addr().String(), "SMTP_USERNAME=" + username, "SMTP_PASSWORD=" + password,
		"SMTP_FROM=syncline@sandbox.example", "SMTP_CONTROL_URL=" + s.options.Control}
}

func (s *System) accept() {
	for {
		conn, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.open == nil {
			s.mu.Unlock()
			_ = conn.Close()
			return
		}
		s.open[conn] = true
		s.mu.Unlock()
		s.wait.Go(func() {
			newSession(s, conn).run()
			_ = conn.Close()
			s.mu.Lock()
			delete(s.open, conn)
			s.mu.Unlock()
		})
	}
}

// Close stops listening and hangs up on all.
func (s *System) Close() error {
	s.mu.Lock()
	open := s.open
	s.open = nil
	for conn := range open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	err := s.ln.Close()
	s.client.CloseIdleConnections()
	s.wait.Wait()
	return err
}

// reply is what the server says to a step.
type reply struct {
	Code int    `json:"code"`
	Text string `json:"text"`
}

// step passes a step through the HTTP side. ok is false when the conversation is to be cut off.
func (s *System) step(name string, body any) (r reply, ok bool) {
	data, err := json.Marshal(body)
	if err != nil {
		return reply{}, false
	}
	res, err := s.client.Post(s.options.Control+"/smtp/"+name, "application/json", strings.NewReader(string(data)))
	if err != nil {
		return reply{}, false
	}
	defer res.Body.Close()
	if json.NewDecoder(res.Body).Decode(&r) != nil || r.Code == 0 {
		return reply{}, false
	}
	return r, true
}

// envelope is a mail with its route.
type envelope struct {
	From string   `json:"from"`
	To   []string `json:"to"`
	User string   `json:"user"`
	Data string   `json:"data"`
}

// ServeHTTP answers the steps of conversations.
func (s *System) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, found := strings.CutPrefix(r.URL.Path, "/smtp/")
	body, err := io.ReadAll(r.Body)
	if !found || err != nil || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	say := func(code int, text string) { write(w, reply{code, text}) }
	switch name {
	case "connect":
		say(220, "sandbox.example ESMTP Syncline sandbox")
	case "ehlo", "mail", "rcpt":
		say(250, "2.1.0 Ok")
	case "auth":
		var login struct{ Username, Password string }
		if json.Unmarshal(body, &login) != nil || login.Username != username || login.Password != password {
			say(535, "5.7.8 Error: authentication failed")
			return
		}
		say(235, "2.7.0 Authentication successful")
	case "message":
		var e envelope
		if err := json.Unmarshal(body, &e); err != nil {
			say(554, "5.6.0 "+err.Error())
			return
		}
		say(250, "2.0.0 Ok: queued as "+s.take(e))
		harness.CountRecords(r.Context(), 1)
	default:
		http.NotFound(w, r)
	}
}

func write(w http.ResponseWriter, r reply) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(r)
}

// Fail refuses the step with the fault's status as reply code; 451 when there is none.
func (s *System) Fail(w http.ResponseWriter, _ *http.Request, f harness.Fault) {
	if f.Status == 0 || f.Status == http.StatusTooManyRequests {
		f.Status = 451
	}
	if f.ExpireSession {
		f.Status = 535
	}
	if f.Message == "" {
		f.Message = "refused by the sandbox"
	}
	if f.ErrorCode != "" {
		f.Message = f.ErrorCode + " " + f.Message
	}
	write(w, reply{f.Status, f.Message})
}

// Objects implements harness.Data.
func (s *System) Objects() []string { return []string{"mails"} }

// Records gives the mails, oldest first.
func (s *System) Records(object string) (iter.Seq[harness.Record], error) {
	if object != "mails" {
		return nil, harness.UnknownObject(object)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Values(slices.Clone(s.mails)), nil
}

// Put is refused: mails come in by being sent.
func (s *System) Put(object string, _ []harness.Record) ([]harness.Record, error) {
	if object != "mails" {
		return nil, harness.UnknownObject(object)
	}
	return nil, fmt.Errorf("mails come in by SMTP, to %s", s.ln.Addr())
}

// Delete forgets a mail.
func (s *System) Delete(object, id string) error {
	if object != "mails" {
		return harness.UnknownObject(object)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.mails)
	s.mails = slices.DeleteFunc(s.mails, func(r harness.Record) bool { return r["id"] == id })
	if len(s.mails) == before {
		return fmt.Errorf("there is no mail %q", id)
	}
	return nil
}

// Reset forgets all mails.
func (s *System) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.mails = 0, nil
	return nil
}

var (
	_ harness.System = (*System)(nil)
	_ io.Closer      = (*System)(nil)
)
