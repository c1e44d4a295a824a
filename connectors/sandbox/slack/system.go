package slack

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

const (
	token    = "xoxb-000000000000-111111111111-sandboxsandboxsandboxsand"
	hookPath = "/services/T00SANDBOX/B00SANDBOX/XXXXsandboxsandboxXXXX"
	teamID   = "T00SANDBOX"
	botID    = "B00SYNCLINE"
	botUser  = "U00SYNCLINE"
	scopes   = "chat:write,chat:write.public,users:read,users:read.email,channels:read,groups:read,channels:history,groups:history,im:write,im:history"
)

// Options say what workspace to simulate.
type Options struct {
	World *world.World
	// Burst is how many messages a channel takes at once before it takes one a second; 0: any number at any time.
	Burst int
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// System is a simulated workspace. It implements harness.System.
type System struct {
	options Options

	mu       sync.Mutex
	users    []*user
	channels []*channel
	messages []*message
	lastTS   int64 // microseconds
	revoked  bool
}

type user struct {
	id, name, email string
	deleted         bool
}

type channel struct {
	id, name                  string
	private, archived, member bool
	person                    string // id of the user, of a direct conversation
	tokens                    float64
	refilled                  time.Time
}

type message struct {
	ts, channel, text, thread, via string
	metadata                       any
	own                            bool // posted by the app
}

// New makes a workspace.
func New(o Options) *System {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &System{options: o}
	s.fill()
	return s
}

func (s *System) fill() {
	s.users, s.channels, s.messages, s.revoked = nil, nil, nil, false
	for i := range s.options.World.Users {
		u := &s.options.World.Users[i]
		s.users = append(s.users, &user{id: makeID("U", u.Email), name: u.Name(), email: strings.ToLower(u.Email), deleted: !u.Active})
	}
	for _, name := range []string{"general", "renewals", "customer-success", "alerts"} {
		s.channels = append(s.channels, &channel{id: makeID("C", name), name: name, member: true})
	}
	s.channels = append(s.channels,
		&channel{id: makeID("C", "old-project"), name: "old-project", archived: true, member: true},
		&channel{id: makeID("G", "executives"), name: "executives", private: true})
}

// makeID makes an id as Slack has them: a letter and ten of capitals and digits, the same for the same name.
func makeID(letter, name string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	h := fnv.New64a()
	_, _ = h.Write([]byte(letter + name))
	n, out := h.Sum64(), []byte(letter+"0")
	for range 9 {
		out = append(out, digits[n%36])
		n /= 36
	}
	return string(out)
}

// Env is what clients need to reach the workspace at url.
func Env(url string) []string {
	return []string{"SLACK_URL=" + url + "/api", "SLACK_TOKEN=" + token, "SLACK_WEBHOOK_URL=" + url + hookPath}
}

// stamp makes the id of a new message, later than all before.
func (s *System) stamp() string {
	s.lastTS = max(s.lastTS+1, s.options.Now().UnixMicro())
	return fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6)
}

func (s *System) channelByID(id string) *channel {
	for _, c := range s.channels {
		if c.id == id {
			return c
		}
	}
	return nil
}

func (s *System) channelByName(name string) *channel {
	for _, c := range s.channels {
		if c.name != "" && c.name == strings.TrimPrefix(name, "#") {
			return c
		}
	}
	return nil
}

func (s *System) user(id string) *user {
	for _, u := range s.users {
		if u.id == id {
			return u
		}
	}
	return nil
}

// direct is the conversation with a person, opened if it is not.
func (s *System) direct(u *user) *channel {
	for _, c := range s.channels {
		if c.person == u.id {
			return c
		}
	}
	c := &channel{id: makeID("D", u.id), private: true, member: true, person: u.id}
	s.channels = append(s.channels, c)
	return c
}

// ServeHTTP answers the Web API and the webhook.
func (s *System) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/"):
		s.api(w, r, strings.TrimPrefix(r.URL.Path, "/api/"))
	case strings.HasPrefix(r.URL.Path, "/services/"):
		s.webhook(w, r)
	default:
		http.NotFound(w, r)
	}
}

var _ harness.System = (*System)(nil)
