package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/plan"
)

// Why an event is not believed. The sender is told neither.
var (
	errForged = errors.New("the signature is not that of the secret")
	errStale  = errors.New("the signature is right, but the event is outside the window")
)

// claim is what a request says to prove itself.
type claim struct {
	// signed is what the signatures are of, before the secret goes in.
	signed []byte
	// signatures are those given, in any encoding; each may be right.
	signatures []string
	// sent is when it was sent as the sender wrote it; "" where the signature does not cover that.
	sent string
	// plain: the signature is the secret itself.
	plain bool
}

// verify tells whether a request is of the one who has one of the secrets, and sent within the window.
func verify(e *plan.Events, secrets []string, r *http.Request, body []byte, now time.Time) error {
	c := claimOf(e, r, body)
	if !c.genuine(e.Signature, secrets) {
		return errForged
	}
	if c.sent == "" {
		return nil
	}
	at, ok := instant(c.sent)
	if !ok || now.Sub(at) > e.Window || at.Sub(now) > e.Window {
		return errStale
	}
	return nil
}

func claimOf(e *plan.Events, r *http.Request, body []byte) claim {
	h := r.Header
	switch e.Signature {
	case "token":
		return claim{plain: true, signatures: tokens(e, r)}
	case "slack":
		sent := h.Get("X-Slack-Request-Timestamp")
		return timed("v0:"+sent+":", sent, body, strings.TrimPrefix(h.Get("X-Slack-Signature"), "v0="))
	case "standard":
		sent := h.Get("webhook-timestamp")
		var given []string
		for _, s := range strings.Fields(h.Get("webhook-signature")) {
			if s, ok := strings.CutPrefix(s, "v1,"); ok {
				given = append(given, s)
			}
		}
		return timed(h.Get("webhook-id")+"."+sent+".", sent, body, given...)
	case "stripe":
		return stripe(h.Get("Stripe-Signature"), body)
	}
	var given []string
	for _, s := range strings.Split(h.Get(e.Header), ",") {
		s = strings.TrimSpace(s)
		if name, rest, ok := strings.Cut(s, "="); ok && len(name) <= 8 && rest != "" && rest != "=" {
			s = rest // sha256=…, v1=…
		}
		given = append(given, s)
	}
	if e.Timestamp == "" {
		return claim{signed: body, signatures: given}
	}
	sent := h.Get(e.Timestamp)
	return timed(sent+".", sent, body, given...)
}

// timed is a claim whose signature covers when it was sent. One that does not say when is not believed.
func timed(before, sent string, body []byte, signatures ...string) claim {
	if sent == "" {
		return claim{}
	}
	return claim{signed: append([]byte(before), body...), signatures: signatures, sent: sent}
}

func stripe(header string, body []byte) claim {
	sent := ""
	var given []string
	for _, part := range strings.Split(header, ",") {
		switch name, val, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			sent = val
		case "v1":
			given = append(given, val)
		}
	}
	return timed(sent+".", sent, body, given...)
}

// tokens are the places where a token may stand: the header, or the address, for senders that cannot set a header.
func tokens(e *plan.Events, r *http.Request) []string {
	var out []string
	given := r.Header.Get(e.Header)
	if _, password, ok := r.BasicAuth(); ok && strings.EqualFold(e.Header, "Authorization") {
		given = password
	} else if len(given) > 7 && strings.EqualFold(given[:7], "Bearer ") {
		given = strings.TrimSpace(given[7:])
	}
	for _, t := range []string{given, r.URL.Query().Get("token")} {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

// mostSignatures is how many signatures of a request are looked at: a sender that changes its secret gives two.
const mostSignatures = 8

// genuine compares in a time that does not depend on how much of a signature is right.
func (c claim) genuine(signature string, secrets []string) bool {
	right := 0
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		want := c.expected(signature, secret)
		for _, s := range c.signatures[:min(len(c.signatures), mostSignatures)] {
			right |= c.compare(s, want)
		}
	}
	return right == 1
}

func (c claim) expected(signature, secret string) []byte {
	if c.plain {
		sum := sha256.Sum256([]byte(secret))
		return sum[:]
	}
	key := []byte(secret)
	if rest, ok := strings.CutPrefix(secret, "whsec_"); ok && signature == "standard" {
		if raw, err := base64.StdEncoding.DecodeString(rest); err == nil {
			key = raw
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(c.signed)
	return mac.Sum(nil)
}

func (c claim) compare(given string, want []byte) int {
	if c.plain {
		sum := sha256.Sum256([]byte(given))
		return subtle.ConstantTimeCompare(sum[:], want)
	}
	return subtle.ConstantTimeCompare(decode(given), want)
}

// decode reads a SHA-256 sum in hexadecimal or base64; nil when it is none.
func decode(s string) []byte {
	if len(s) == 2*sha256.Size {
		if b, err := hex.DecodeString(s); err == nil {
			return b
		}
	}
	s = strings.TrimRight(s, "=")
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := enc.DecodeString(s); err == nil && len(b) == sha256.Size {
			return b
		}
	}
	return nil
}

// instant reads a time in seconds or milliseconds since 1970, or as ISO.
func instant(s string) (time.Time, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if n > 1e11 {
			return time.UnixMilli(n), true
		}
		return time.Unix(n, 0), true
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}
