package connectors

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Sender sends messages to people and requests to programs: the `via` of a send or call. What a message holds
// is said by the type's System.Send.
type Sender interface {
	// Send sends one message and gives its receipt once the system has taken it. It never sends twice by itself. It
	// may wait for the system's own limits, no longer than about a minute and a half; then the error is of class Limit.
	//
	// A message whose answer was lost is an error of class InDoubt: it may have arrived. The engine asks the
	// Tracer where the connection is one, else it holds the message for a person. A connection whose system takes a
	// message of the same Key only once answers Retry instead: sending again is without harm.
	Send(ctx context.Context, m Message) (Receipt, error)
}

// Message is a send or call with its arguments evaluated.
type Message struct {
	// Key is the same each time that this message is tried, and of no other message: printable ASCII without spaces, 255
	// characters at most.
	Key string
	// Arguments are the written arguments by name; of the form SomeValues they may be lists. What is empty may be left out.
	Arguments map[string]value.Value
	// Named are the arguments of the form NamedValues, in the order written, names of nested objects joined by dots.
	Named map[string][]Field
}

// Text is an argument as text, "" when it is not written or empty.
func (m Message) Text(name string) string { return m.Arguments[name].String() }

// Texts are the values of an argument that can be a list, without empty ones.
func (m Message) Texts(name string) []string {
	v, list := m.Arguments[name], []value.Value(nil)
	if v.Kind() == value.KindList {
		list = v.AsList()
	} else {
		list = []value.Value{v}
	}
	var out []string
	for _, item := range list {
		if s := item.String(); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Receipt is what the system said of a message that it took.
type Receipt struct {
	// ID is the message's own id in the system, "" when it gives none.
	ID string
	// Fields are the further results, by the names of System.Send.Results or as the system answered.
	Fields map[string]value.Value
}

// Tracer is a Sender whose system can be asked what became of a message.
type Tracer interface {
	// Trace looks for the message, which was first tried at since. found false without an error means
	// that it did not arrive and may be sent. Ask only when a while has passed since the try that got no answer, so that it
	// is not under way any more. An error of class Retry, Limit or Auth is worth another try; any other one means that the
	// connection cannot tell, and a person must look.
	Trace(ctx context.Context, m Message, since time.Time) (receipt Receipt, found bool, err error)
}

// Repeater is a Sender that knows which messages may be sent a second time: its system takes a message of the same Key only
// once, or a second one changes nothing. The engine asks it for what a crash left unanswered.
type Repeater interface {
	Repeatable(m Message) bool
}

// Validate holds a message against what its system takes: no other arguments, the required ones filled, texts
// within their length, one at most of those that exclude each other.
func (m Message) Validate(s *schema.Sending) error {
	if m.Key == "" || len(m.Key) > 255 || strings.ContainsFunc(m.Key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return &Error{Class: Permanent, Code: "wrong_message", Message: fmt.Sprintf("%q is no key of a message", m.Key)}
	}
	written := map[string]bool{}
	for name, v := range m.Arguments {
		a := s.Argument(name)
		if a == nil || a.Form == schema.NamedValues {
			return wrongMessage(Permanent, name, "is no argument of a "+s.Verb+" through this connection")
		}
		if v.Kind() == value.KindList && a.Form == schema.OneValue && a.Kind != schema.MultiPicklist {
			return wrongMessage(Reject, name, "takes one value, not a list")
		}
		texts := m.Texts(name)
		written[name] = len(texts) > 0
		for _, text := range texts {
			if n := utf8.RuneCountInString(text); a.Length > 0 && n > a.Length {
				e := wrongMessage(Reject, name, fmt.Sprintf("has %d characters; %d is the most", n, a.Length))
				e.Hint = fmt.Sprintf("shorten it: truncate(x, %d)", a.Length)
				return e
			}
			if len(a.OneOf) > 0 && !slices.Contains(a.OneOf, text) {
				return wrongMessage(Reject, name, fmt.Sprintf("is %q; it can be %s", text, strings.Join(a.OneOf, ", ")))
			}
		}
	}
	for name, fields := range m.Named {
		if a := s.Argument(name); a == nil || a.Form != schema.NamedValues {
			return wrongMessage(Permanent, name, "takes no named values")
		}
		written[name] = len(fields) > 0
	}
	for _, a := range s.Arguments {
		if a.Required && !written[a.Name] {
			return wrongMessage(Reject, a.Name, "is empty")
		}
	}
	for _, group := range s.Exclusive {
		both := slices.DeleteFunc(slices.Clone(group), func(name string) bool { return !written[name] })
		if len(both) > 1 {
			return wrongMessage(Reject, both[0], "and "+both[1]+" exclude each other; write one of them")
		}
	}
	return nil
}

func wrongMessage(class Class, argument, what string) *Error {
	return &Error{Class: class, Code: "wrong_message", Message: argument + " " + what, Fields: []string{argument}}
}
