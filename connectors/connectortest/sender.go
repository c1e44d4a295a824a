package connectortest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Trouble is a failure that a SenderFixture can make the system play once.
type Trouble string

const (
	Limited     Trouble = "limited"     // it asks us to slow down, for a second
	Unavailable Trouble = "unavailable" // it refuses for now, and surely does nothing
	LostAnswer  Trouble = "lost answer" // it takes the message and says nothing
	BadLogin    Trouble = "bad login"   // it does not accept the credentials
	Refused     Trouble = "refused"     // it does not take this message
)

// SenderFactory says how to exercise a connector that sends.
type SenderFactory struct {
	Type connectors.Type
	// Setup prepares a system for one test.
	Setup func(t *testing.T) SenderFixture
	// Repeatable: a message of the same key is taken once, so that a lost answer is of class Retry.
	Repeatable bool
	// Traces: the connection is a Tracer that can tell.
	Traces bool
	// NoID: receipts have no id.
	NoID bool
}

// SenderFixture is a prepared system.
type SenderFixture struct {
	Config connectors.Config
	// Message makes the i-th message; its Key and some text of it must tell it from the others.
	Message func(i int) connectors.Message
	// Arrived gives the arrived messages' texts, of which each holds Mark(i) of its message.
	Arrived func(t *testing.T) []string
	Mark    func(i int) string
	// Play makes the next send meet the trouble; nil where the system knows no such.
	Play map[Trouble]func(t *testing.T)
	// Want is the class of a trouble where it is not the usual one.
	Want map[Trouble]connectors.Class
	// Secrets must not show in any error or log.
	Secrets []string
}

// ExerciseSender runs the acceptance suite of connectors that send.
func ExerciseSender(t *testing.T, f SenderFactory) {
	t.Helper()
	describeSending(t, f.Type.System)
	parts := map[string]func(*sender){
		"sends": (*sender).sends, "cancelled": (*sender).cancelled, "wrong": (*sender).wrong, "concurrent": (*sender).concurrent,
		"limited": (*sender).limited, "unavailable": (*sender).unavailable, "lost": (*sender).lost, "login": (*sender).login, "refused": (*sender).refused,
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		t.Run(name, func(t *testing.T) {
			parts[name](openSender(t, f))
		})
	}
}

func describeSending(t *testing.T, s schema.System) {
	t.Helper()
	if !s.Sends || s.Send == nil {
		t.Fatalf("%s: Sends is %v and Send is %v; a sender has both", s.Name, s.Sends, s.Send)
	}
	if s.Send.Verb != schema.VerbSend && s.Send.Verb != schema.VerbCall {
		t.Errorf("the verb %q is neither send nor call", s.Send.Verb)
	}
	seen := map[string]bool{"via": true, "if": true}
	for _, a := range s.Send.Arguments {
		if a.Name == "" || a.Doc == "" || seen[a.Name] {
			t.Errorf("the argument %q has no name of its own or no doc", a.Name)
		}
		seen[a.Name] = true
	}
	for _, group := range s.Send.Exclusive {
		for _, name := range group {
			if s.Send.Argument(name) == nil {
				t.Errorf("%q excludes others and is no argument", name)
			}
		}
	}
	if s.Send.Result("Id") == nil {
		t.Error(`there is no result "Id"`)
	}
}

// sender is one part's open connection.
type sender struct {
	*testing.T
	f    SenderFactory
	x    SenderFixture
	conn connectors.Sender
	log  *lockedBuffer
}

// lockedBuffer takes the log of several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(p)
}

// String is the log so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}

func openSender(t *testing.T, f SenderFactory) *sender {
	t.Helper()
	s := &sender{T: t, f: f, x: f.Setup(t), log: &lockedBuffer{}}
	leaks := goleak.IgnoreCurrent()
	s.x.Config.Log = slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	conn, err := f.Type.Open(t.Context(), s.x.Config)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	var sends bool
	if s.conn, sends = conn.(connectors.Sender); !sends {
		t.Fatal("the connection is no Sender")
	}
	if _, traces := conn.(connectors.Tracer); f.Traces && !traces {
		t.Fatal("the connection is no Tracer")
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := goleak.Find(leaks); err != nil {
			t.Errorf("goroutines outlive Close: %v", err)
		}
		s.hides(s.log.String())
	})
	return s
}

// hides holds a text against the secrets.
func (s *sender) hides(text string) {
	s.Helper()
	for _, secret := range s.x.Secrets {
		if secret != "" && strings.Contains(text, secret) {
			s.Errorf("a secret shows in %q", text)
		}
	}
}

// send sends the i-th message; want is the class that it must fail with, "" for none.
func (s *sender) send(ctx context.Context, m connectors.Message, want ...connectors.Class) (connectors.Receipt, *connectors.Error) {
	s.Helper()
	r, err := s.conn.Send(ctx, m)
	switch {
	case err == nil && len(want) > 0:
		s.Fatalf("the message is sent, want an error of class %v", want)
	case err != nil && len(want) == 0:
		s.Fatalf("Send: %v", err)
	case err == nil:
		if r.ID == "" && !s.f.NoID {
			s.Error("the receipt has no id")
		}
		return r, nil
	}
	e := connectors.AsError(err)
	if !slices.Contains(want, e.Class) {
		s.Errorf("class %s, want %v: %v", e.Class, want, e)
	}
	if e.Error() == "" {
		s.Error("an error without a message")
	}
	s.hides(fmt.Sprintf("%v %+v %v %s %s", e, *e, e.Err, e.Request, e.Answer))
	return r, e
}

// arrived wants exactly these messages, each once.
func (s *sender) arrived(want ...int) {
	s.Helper()
	got := s.x.Arrived(s.T)
	if len(got) != len(want) {
		s.Errorf("%d messages arrived, want %d: %q", len(got), len(want), got)
	}
	for _, i := range want {
		if !slices.ContainsFunc(got, func(text string) bool { return strings.Contains(text, s.x.Mark(i)) }) {
			s.Errorf("message %d did not arrive: %q", i, got)
		}
	}
}

func (s *sender) sends() {
	for i := range 3 {
		s.send(s.Context(), s.x.Message(i))
	}
	s.arrived(0, 1, 2)
}

func (s *sender) cancelled() {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	_, err := s.conn.Send(ctx, s.x.Message(0))
	if !errors.Is(err, context.Canceled) {
		s.Errorf("a cancelled send gives %v", err)
	}
	if e := connectors.AsError(err); e.Class != connectors.Retry {
		s.Errorf("class %s, want %s: nothing was sent", e.Class, connectors.Retry)
	}
	s.arrived()
}

// wrong sends messages that are not what the system takes.
func (s *sender) wrong() {
	m := s.x.Message(0)
	m.Arguments = maps.Clone(m.Arguments)
	m.Arguments["no_such_argument"] = value.Text("x")
	s.send(s.Context(), m, connectors.Permanent)
	for _, a := range s.f.Type.Send.Arguments {
		m := s.x.Message(0)
		m.Arguments = maps.Clone(m.Arguments)
		switch {
		case a.Required:
			delete(m.Arguments, a.Name)
			s.send(s.Context(), m, connectors.Reject)
		case len(a.OneOf) > 0:
			m.Arguments[a.Name] = value.Text("none of them")
			s.send(s.Context(), m, connectors.Reject)
		}
		if a.Length > 0 {
			m.Arguments[a.Name] = value.Text(strings.Repeat("é", a.Length+1))
			s.send(s.Context(), m, connectors.Reject)
		}
	}
	m = s.x.Message(0)
	m.Key = ""
	s.send(s.Context(), m, connectors.Permanent)
	s.arrived()
}

func (s *sender) concurrent() {
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			if _, err := s.conn.Send(s.Context(), s.x.Message(i)); err != nil {
				s.Errorf("message %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	s.arrived(0, 1, 2, 3, 4, 5)
}

// play makes the next send meet a trouble, and gives the classes that are right for it.
func (s *sender) play(trouble Trouble, usual ...connectors.Class) []connectors.Class {
	s.Helper()
	play := s.x.Play[trouble]
	if play == nil {
		s.Skipf("the system knows no %s", trouble)
	}
	play(s.T)
	if c, ok := s.x.Want[trouble]; ok {
		return []connectors.Class{c}
	}
	return usual
}

func (s *sender) limited() {
	want := s.play(Limited, connectors.Limit)
	if _, e := s.send(s.Context(), s.x.Message(0), want...); e.Class == connectors.Limit && e.RetryAfter <= 0 {
		s.Error("a limit without a time to wait")
	}
	s.arrived()
	s.send(s.Context(), s.x.Message(0))
	s.arrived(0)
}

func (s *sender) unavailable() {
	s.send(s.Context(), s.x.Message(0), s.play(Unavailable, connectors.Retry)...)
	s.arrived()
	s.send(s.Context(), s.x.Message(0))
	s.arrived(0)
}

// lost loses the answer of the second message: the first leaves a connection behind that is used again.
func (s *sender) lost() {
	s.send(s.Context(), s.x.Message(0))
	want := connectors.InDoubt
	if s.f.Repeatable {
		want = connectors.Retry
	}
	classes := s.play(LostAnswer, want)
	// What is said of an answer that is lost is said of one that a crash has left unread.
	repeater, _ := s.conn.(connectors.Repeater)
	if again := repeater != nil && repeater.Repeatable(s.x.Message(1)); again != slices.Contains(classes, connectors.Retry) {
		s.Errorf("a message whose answer is lost is of class %v, and after a crash Repeatable is %v", classes, again)
	}
	since := time.Now()
	s.send(s.Context(), s.x.Message(1), classes...)
	s.arrived(0, 1)
	switch {
	case s.f.Repeatable:
		s.send(s.Context(), s.x.Message(1))
		s.arrived(0, 1)
	case s.f.Traces:
		tracer := s.conn.(connectors.Tracer)
		r, found, err := tracer.Trace(s.Context(), s.x.Message(1), since)
		if err != nil || !found || r.ID == "" {
			s.Errorf("Trace of the message that arrived: %+v %v %v", r, found, err)
		}
		if _, found, err := tracer.Trace(s.Context(), s.x.Message(2), since); err != nil || found {
			s.Errorf("Trace of a message that was never sent: %v %v", found, err)
		}
		s.arrived(0, 1)
	}
}

func (s *sender) login() {
	s.send(s.Context(), s.x.Message(0), s.play(BadLogin, connectors.Auth)...)
	s.arrived()
}

func (s *sender) refused() {
	s.send(s.Context(), s.x.Message(0), s.play(Refused, connectors.Reject)...)
	s.arrived()
	s.send(s.Context(), s.x.Message(1))
	s.arrived(1)
}
