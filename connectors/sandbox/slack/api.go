package slack

import (
	"cmp"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

const (
	longestText = 40_000
	largestPage = 1000
)

// arguments are the parameters of a method, whichever way they came.
type arguments map[string]any

func (a arguments) text(name string) string {
	switch v := a[name].(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// read takes the arguments from query, form and JSON body. code is Slack's word for what is wrong.
func read(r *http.Request) (a arguments, code string) {
	a = arguments{}
	for name, values := range r.URL.Query() {
		a[name] = values[0]
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &a) != nil {
			return nil, "invalid_json"
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return nil, "invalid_form_data"
		}
		for name, values := range r.PostForm {
			a[name] = values[0]
		}
		if text, ok := a["metadata"].(string); ok {
			var m any
			if json.Unmarshal([]byte(text), &m) != nil {
				return nil, "invalid_metadata_format"
			}
			a["metadata"] = m
		}
	}
	return a, ""
}

// answer is a method's answer; an error is one too.
type answer = map[string]any

func failed(code string) answer { return answer{"ok": false, "error": code} }

func (s *System) api(w http.ResponseWriter, r *http.Request, method string) {
	got, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, code := read(r)
	switch {
	case got == "":
		write(w, http.StatusOK, failed("not_authed"))
		return
	case s.revoked:
		write(w, http.StatusOK, failed("token_revoked"))
		return
	case got != token:
		write(w, http.StatusOK, failed("invalid_auth"))
		return
	case code != "":
		write(w, http.StatusOK, failed(code))
		return
	}
	w.Header().Set("X-OAuth-Scopes", scopes)
	methods := map[string]func(arguments) answer{
		"auth.test": s.authTest, "users.lookupByEmail": s.lookupByEmail,
		"conversations.list": s.list, "conversations.open": s.openDirect, "conversations.history": s.history, "conversations.replies": s.replies,
	}
	switch run := methods[method]; {
	case method == "chat.postMessage":
		s.postMessage(w, r, a)
	case run != nil:
		write(w, http.StatusOK, run(a))
	default:
		write(w, http.StatusOK, failed("unknown_method"))
	}
}

func write(w http.ResponseWriter, status int, body answer) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *System) postMessage(w http.ResponseWriter, r *http.Request, a arguments) {
	c := s.target(a.text("channel"))
	text := a.text("text")
	meta, _ := a["metadata"].(map[string]any)
	warning := ""
	switch {
	case c == nil:
		write(w, http.StatusOK, failed("channel_not_found"))
		return
	case c.archived:
		write(w, http.StatusOK, failed("is_archived"))
		return
	case !c.member && c.private:
		write(w, http.StatusOK, failed("channel_not_found"))
		return
	case text == "" && a["blocks"] == nil && a["attachments"] == nil:
		write(w, http.StatusOK, failed("no_text"))
		return
	case a["metadata"] != nil && (meta == nil || meta["event_type"] == nil || meta["event_payload"] == nil):
		write(w, http.StatusOK, failed("invalid_metadata_format"))
		return
	case a.text("thread_ts") != "" && s.message(c.id, a.text("thread_ts")) == nil:
		write(w, http.StatusOK, failed("thread_not_found"))
		return
	case !s.admit(c):
		tooMany(w)
		return
	}
	if utf8.RuneCountInString(text) > longestText {
		text, warning = string([]rune(text)[:longestText]), "message_truncated"
	}
	m := &message{ts: s.stamp(), channel: c.id, text: text, thread: a.text("thread_ts"), via: "api", own: true}
	if meta != nil {
		m.metadata = meta
	}
	s.messages = append(s.messages, m)
	harness.CountRecords(r.Context(), 1)
	out := answer{"ok": true, "channel": c.id, "ts": m.ts, "message": m.show(true)}
	if warning != "" {
		out["warning"] = warning
	}
	write(w, http.StatusOK, out)
}

// target is the conversation that a message is for: an id, a name, or a person.
func (s *System) target(to string) *channel {
	if c := s.channelByID(to); c != nil {
		return c
	}
	if u := s.user(to); u != nil && !u.deleted {
		return s.direct(u)
	}
	return s.channelByName(to)
}

// admit takes a message against the channel's pace.
func (s *System) admit(c *channel) bool {
	if s.options.Burst <= 0 {
		return true
	}
	now := s.options.Now()
	if c.refilled.IsZero() {
		c.tokens = float64(s.options.Burst)
	} else {
		c.tokens = min(c.tokens+now.Sub(c.refilled).Seconds(), float64(s.options.Burst))
	}
	c.refilled = now
	if c.tokens < 1 {
		return false
	}
	c.tokens--
	return true
}

func tooMany(w http.ResponseWriter) {
	if w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "1")
	}
	write(w, http.StatusTooManyRequests, failed("ratelimited"))
}

func (m *message) show(metadata bool) answer {
	out := answer{"type": "message", "ts": m.ts, "text": m.text, "team": teamID}
	if m.own {
		out["bot_id"], out["user"] = botID, botUser
	}
	if m.via == "webhook" {
		out["bot_id"], out["subtype"] = "B00SANDBOX", "bot_message"
		delete(out, "user")
	}
	if m.thread != "" {
		out["thread_ts"] = m.thread
	}
	if metadata && m.metadata != nil {
		out["metadata"] = m.metadata
	}
	return out
}

func (s *System) message(channel, ts string) *message {
	for _, m := range s.messages {
		if m.channel == channel && m.ts == ts {
			return m
		}
	}
	return nil
}

func (s *System) authTest(arguments) answer {
	return answer{"ok": true, "url": "https://sandbox.slack.example/", "team": "Sandbox", "user": "syncline", "team_id": teamID, "user_id": botUser, "bot_id": botID}
}

func (s *System) lookupByEmail(a arguments) answer {
	for _, u := range s.users {
		if u.email == strings.ToLower(a.text("email")) && !u.deleted {
			return answer{"ok": true, "user": answer{"id": u.id, "name": u.name, "real_name": u.name, "deleted": false, "profile": answer{"email": u.email}}}
		}
	}
	return failed("users_not_found")
}

func (s *System) openDirect(a arguments) answer {
	u := s.user(a.text("users"))
	if u == nil {
		return failed("user_not_found")
	}
	return answer{"ok": true, "channel": answer{"id": s.direct(u).id}}
}

func (s *System) list(a arguments) answer {
	types := a.text("types")
	if types == "" {
		types = "public_channel"
	}
	var found []answer
	for _, c := range s.channels {
		kind := "public_channel"
		if c.private {
			kind = "private_channel"
		}
		if c.person != "" || !slices.Contains(strings.Split(types, ","), kind) || c.private && !c.member || c.archived && a.text("exclude_archived") == "true" {
			continue
		}
		found = append(found, answer{"id": c.id, "name": c.name, "is_channel": true, "is_private": c.private, "is_archived": c.archived, "is_member": c.member})
	}
	page, next := cut(found, a)
	return answer{"ok": true, "channels": page, "response_metadata": answer{"next_cursor": next}}
}

// history gives a channel's messages, newest first, without answers in threads.
func (s *System) history(a arguments) answer {
	return s.page(a, func(m *message) bool { return m.thread == "" || m.thread == m.ts }, func(x, y *message) int { return cmp.Compare(y.ts, x.ts) })
}

// replies gives a thread, oldest first.
func (s *System) replies(a arguments) answer {
	ts := a.text("ts")
	if s.message(a.text("channel"), ts) == nil && s.channelByID(a.text("channel")) != nil {
		return failed("thread_not_found")
	}
	return s.page(a, func(m *message) bool { return m.ts == ts || m.thread == ts }, func(x, y *message) int { return cmp.Compare(x.ts, y.ts) })
}

func (s *System) page(a arguments, keep func(*message) bool, order func(x, y *message) int) answer {
	c := s.channelByID(a.text("channel"))
	switch {
	case c == nil || c.private && !c.member:
		return failed("channel_not_found")
	case !c.member:
		return failed("not_in_channel")
	}
	oldest, latest := seconds(a.text("oldest"), 0), seconds(a.text("latest"), float64(1<<40))
	var list []*message
	for _, m := range s.messages {
		if at := seconds(m.ts, 0); m.channel == c.id && keep(m) && at >= oldest && at <= latest {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, order)
	found := make([]answer, len(list))
	for i, m := range list {
		found[i] = m.show(a.text("include_all_metadata") == "true")
	}
	page, next := cut(found, a)
	return answer{"ok": true, "messages": page, "has_more": next != "", "response_metadata": answer{"next_cursor": next}}
}

func seconds(text string, otherwise float64) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return otherwise
	}
	return f
}

// cut gives the page that limit and cursor ask for, and the cursor of the next.
func cut(all []answer, a arguments) ([]answer, string) {
	limit, err := strconv.Atoi(a.text("limit"))
	if err != nil || limit < 1 {
		limit = 100
	}
	from, err := strconv.Atoi(strings.TrimPrefix(a.text("cursor"), "page:"))
	if err != nil {
		from = 0
	}
	from = min(max(from, 0), len(all))
	to := min(from+min(limit, largestPage), len(all))
	if to == len(all) {
		return append([]answer{}, all[from:]...), ""
	}
	return all[from:to], "page:" + strconv.Itoa(to)
}
