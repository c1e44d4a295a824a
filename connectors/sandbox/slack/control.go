package slack

import (
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

// Fail answers as Slack does in the failure.
func (s *System) Fail(w http.ResponseWriter, r *http.Request, f harness.Fault) {
	if f.ExpireSession {
		s.mu.Lock()
		s.revoked = true
		s.mu.Unlock()
		f.ErrorCode, f.Status = "token_revoked", 0
	}
	hook := strings.HasPrefix(r.URL.Path, "/services/")
	status, code := f.Status, f.ErrorCode
	if code == "" {
		code = map[int]string{429: "ratelimited", 500: "internal_error", 502: "", 503: "service_unavailable", 504: ""}[status]
	}
	if status == 0 {
		status = http.StatusOK
		if code == "ratelimited" || code == "rate_limited" {
			status = http.StatusTooManyRequests
		} else if hook {
			status = hookStatus(code)
		}
	}
	if hook || code == "" {
		if code == "" {
			code = f.Message
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, code)
		return
	}
	body := failed(code)
	if f.Message != "" {
		body["response_metadata"] = answer{"messages": []string{f.Message}}
	}
	write(w, status, body)
}

func hookStatus(word string) int {
	switch word {
	case "no_service", "no_team", "channel_not_found", "user_not_found", "token_revoked":
		return http.StatusNotFound
	case "action_prohibited", "posting_to_general_channel_denied":
		return http.StatusForbidden
	case "channel_is_archived":
		return http.StatusGone
	case "rollup_error":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// Objects implements harness.Data.
func (s *System) Objects() []string { return []string{"channels", "messages", "users"} }

// Records gives messages, channels or users.
func (s *System) Records(object string) (iter.Seq[harness.Record], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []harness.Record
	switch object {
	case "messages":
		for _, m := range s.messages {
			out = append(out, s.messageRecord(m))
		}
	case "channels":
		for _, c := range s.channels {
			out = append(out, channelRecord(c))
		}
	case "users":
		for _, u := range s.users {
			out = append(out, userRecord(u))
		}
	default:
		return nil, harness.UnknownObject(object)
	}
	return slices.Values(out), nil
}

func (s *System) messageRecord(m *message) harness.Record {
	out := harness.Record{"id": m.ts, "ts": m.ts, "channel": m.channel, "channel_name": "", "to": "", "text": m.text, "thread_ts": m.thread, "via": m.via, "key": ""}
	if c := s.channelByID(m.channel); c != nil {
		out["channel_name"] = c.name
		if u := s.user(c.person); u != nil {
			out["to"] = u.email
		}
	}
	if meta, ok := m.metadata.(map[string]any); ok {
		out["metadata"] = meta
		if payload, ok := meta["event_payload"].(map[string]any); ok {
			out["key"] = payload["key"]
		}
	}
	return out
}

func channelRecord(c *channel) harness.Record {
	return harness.Record{"id": c.id, "name": c.name, "is_private": c.private, "is_archived": c.archived, "is_member": c.member, "person": c.person}
}

func userRecord(u *user) harness.Record {
	return harness.Record{"id": u.id, "name": u.name, "email": u.email, "deleted": u.deleted}
}

// Put posts messages of other people ({channel, text}), and makes or changes channels and users.
func (s *System) Put(object string, records []harness.Record) ([]harness.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var puts []func() harness.Record
	for _, r := range records {
		put, err := s.put(object, r)
		if err != nil {
			return nil, err
		}
		puts = append(puts, put)
	}
	var out []harness.Record
	for _, put := range puts { // all were found good
		out = append(out, put())
	}
	return out, nil
}

func (s *System) put(object string, r harness.Record) (func() harness.Record, error) {
	text := func(name string) string { t, _ := r[name].(string); return t }
	flag := func(into *bool, name string) {
		if b, ok := r[name].(bool); ok {
			*into = b
		}
	}
	switch object {
	case "messages":
		c := s.target(text("channel"))
		if c == nil || text("text") == "" {
			return nil, fmt.Errorf("a message has the channel of a conversation that is there, and a text")
		}
		return func() harness.Record {
			m := &message{ts: s.stamp(), channel: c.id, text: text("text"), thread: text("thread_ts"), via: "person", metadata: r["metadata"]}
			flag(&m.own, "own")
			s.messages = append(s.messages, m)
			return s.messageRecord(m)
		}, nil
	case "channels":
		if text("id") == "" && text("name") == "" || text("id") != "" && s.channelByID(text("id")) == nil {
			return nil, fmt.Errorf("a channel has a name, or the id of one that is there")
		}
		return func() harness.Record {
			c := s.channelByID(text("id"))
			if c == nil {
				if c = s.channelByName(text("name")); c == nil {
					c = &channel{id: makeID("C", text("name")), member: true}
					s.channels = append(s.channels, c)
				}
			}
			if name := text("name"); name != "" {
				c.name = name
			}
			flag(&c.private, "is_private")
			flag(&c.archived, "is_archived")
			flag(&c.member, "is_member")
			return channelRecord(c)
		}, nil
	case "users":
		if text("email") == "" {
			return nil, fmt.Errorf("a user has an email")
		}
		return func() harness.Record {
			email := strings.ToLower(text("email"))
			i := slices.IndexFunc(s.users, func(u *user) bool { return u.email == email })
			if i < 0 {
				s.users = append(s.users, &user{id: makeID("U", email), email: email})
				i = len(s.users) - 1
			}
			u := s.users[i]
			if name := text("name"); name != "" {
				u.name = name
			}
			flag(&u.deleted, "deleted")
			return userRecord(u)
		}, nil
	}
	return nil, harness.UnknownObject(object)
}

// Delete removes a message, channel or user.
func (s *System) Delete(object, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.messages) + len(s.channels) + len(s.users)
	switch object {
	case "messages":
		s.messages = slices.DeleteFunc(s.messages, func(m *message) bool { return m.ts == id })
	case "channels":
		s.channels = slices.DeleteFunc(s.channels, func(c *channel) bool { return c.id == id })
	case "users":
		s.users = slices.DeleteFunc(s.users, func(u *user) bool { return u.id == id })
	default:
		return harness.UnknownObject(object)
	}
	if len(s.messages)+len(s.channels)+len(s.users) == before {
		return fmt.Errorf("there is no record %q of %s", id, object)
	}
	return nil
}

// Reset brings back the workspace of the start, without messages.
func (s *System) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fill()
	return nil
}
