package slack

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

// hookChannel is where the webhook posts to.
const hookChannel = "alerts"

// webhook takes a message for the one channel of the webhook; its answers are one word.
func (s *System) webhook(w http.ResponseWriter, r *http.Request) {
	word := func(status int, text string) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
	if r.URL.Path != hookPath || s.revoked {
		word(http.StatusNotFound, "no_service")
		return
	}
	body, err := io.ReadAll(r.Body)
	var in struct {
		Text   string            `json:"text"`
		Thread string            `json:"thread_ts"`
		Blocks []json.RawMessage `json:"blocks"`
	}
	c := s.channelByName(hookChannel)
	switch {
	case r.Method != http.MethodPost || err != nil || json.Unmarshal(body, &in) != nil:
		word(http.StatusBadRequest, "invalid_payload")
	case in.Text == "" && len(in.Blocks) == 0:
		word(http.StatusBadRequest, "no_text")
	case c == nil:
		word(http.StatusNotFound, "channel_not_found")
	case c.archived:
		word(http.StatusGone, "channel_is_archived")
	case !s.admit(c):
		w.Header().Set("Retry-After", "1")
		word(http.StatusTooManyRequests, "rate_limited")
	default:
		s.messages = append(s.messages, &message{ts: s.stamp(), channel: c.id, text: in.Text, thread: in.Thread, via: "webhook"})
		harness.CountRecords(r.Context(), 1)
		word(http.StatusOK, "ok")
	}
}
