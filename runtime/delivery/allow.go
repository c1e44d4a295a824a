package delivery

import (
	"fmt"
	"strings"

	"github.com/syncline/syncline/connectors"
)

// Allowed tells whether a pattern of the list ("Account.*__c", "Task.*", "Task") covers the object's field;
// field "" asks whether records of the object may be created or deleted at all. A nil list allows everything.
func Allowed(allow []string, object, field string) bool {
	if allow == nil {
		return true
	}
	for _, pattern := range allow {
		o, f, dotted := strings.Cut(pattern, ".")
		if !dotted {
			f = "*"
		}
		if wild(o, object) && (field == "" || wild(f, field)) {
			return true
		}
	}
	return false
}

// wild matches a text against a pattern in which * stands for any run of characters.
func wild(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, last)
}

// Forbidden gives the refusal of a change that the connection's allowed writes do not cover. The compiler has
// refused such rules already; this is the second lock on the same door.
func (t Target) Forbidden(c Change) *connectors.Error {
	refuse := func(what string) *connectors.Error {
		return &connectors.Error{Class: connectors.Reject, Code: "NOT_ALLOWED",
			Message: fmt.Sprintf("the connection %s does not allow writing %s", t.Name, what),
			Hint:    "add it to allow { write = […] } of the connection if it is meant"}
	}
	if !Allowed(t.Allow, t.Object.Name, "") {
		return refuse(t.Object.Name)
	}
	for _, f := range c.Fields {
		if !Allowed(t.Allow, t.Object.Name, f.Name) {
			return refuse(t.Object.Name + "." + f.Name)
		}
	}
	return nil
}
