package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/runtime/state"
)

// What a state remembers of a rule, links above all, is about records of certain objects of certain systems. With a state of
// another project that has a rule of the same name, or of the sandbox when the rule goes to production, or for a rule that
// got another target, ids would stand for other records.

// ErrOtherSystems: the state remembers a rule between other systems or objects than those that it is between now.
var ErrOtherSystems = errors.New("the state is about other records")

// place is one end of a rule: the kind of its system, where that is ("" where it cannot be told), and the object, where ids
// of its records are remembered for longer than the conditions of the rule stay as they are.
type place struct {
	System string `json:"system"`
	At     string `json:"at,omitempty"`
	Object string `json:"object,omitempty"`
}

func (p place) String() string {
	out := strings.TrimSpace(p.System + " " + p.At)
	if p.Object != "" {
		out = p.Object + " of " + out
	}
	return out
}

const ownersSnapshot = "systems"

// thisMachine stands for all addresses of loopback: there a system has another port each time.
const thisMachine = "this machine"

// ForgetSystems lets the next run of each rule take the state for its own.
func ForgetSystems(ctx context.Context, store state.SnapshotStore) error {
	return store.SaveSnapshot(ctx, ownersSnapshot, []byte("{}"))
}

// owners are the places of all rules, as stored and decoded: each run of each rule asks for its own, and another process may
// adopt the state meanwhile.
type owners struct {
	mu     sync.Mutex
	stored []byte
	known  map[string][]place
}

// decode gives what is stored, which must not be changed.
func (o *owners) decode(stored []byte) (map[string][]place, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known != nil && bytes.Equal(o.stored, stored) {
		return o.known, nil
	}
	known := map[string][]place{}
	if len(stored) > 0 {
		if err := json.Unmarshal(stored, &known); err != nil {
			return nil, err
		}
	}
	o.stored, o.known = stored, known
	return known, nil
}

// owned checks that the state is about the systems that rules are between; note stores which these are, where nothing is
// known yet.
func (r *Runtime) owned(ctx context.Context, store state.SnapshotStore, set *plan.Set, rules []Rule, note bool) error {
	data, err := store.Snapshot(ctx, ownersSnapshot)
	if err != nil {
		return fmt.Errorf("reading which systems the state is about: %w", err)
	}
	known, err := r.owners.decode(data)
	if err != nil {
		return fmt.Errorf("reading which systems the state is about: %w", err)
	}
	var fresh map[string][]place
	for _, x := range rules {
		now := r.between(set, x)
		before, met := known[x.ID()]
		switch {
		case met && !alike(before, now):
			return fmt.Errorf("%w: %s was between %s until now, and is between %s; what is remembered of its records would be taken for others. "+
				"Give the rule another name, or this project a state of its own with --state; or, if these are the same records under another name or address, say so: `syncline state adopt`",
				ErrOtherSystems, x.ID(), ends(before), ends(now))
		case !met:
			if fresh == nil {
				fresh = maps.Clone(known)
			}
			fresh[x.ID()] = now
		}
	}
	if fresh == nil || !note {
		return nil
	}
	if data, err = json.Marshal(fresh); err != nil {
		return err
	}
	return store.SaveSnapshot(ctx, ownersSnapshot, data)
}

func ends(list []place) string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return strings.Join(out, " and ")
}

// between names a rule's source and target. Triggers begin anew with another object, and a target that is written whole has
// no links.
func (r *Runtime) between(set *plan.Set, x Rule) (out []place) {
	ends := []plan.End{x.On()}
	if x.Sync != nil {
		ends = append(ends, x.Sync.To)
	}
	for _, e := range ends {
		c := set.Connection(e.Connection)
		if c == nil {
			continue
		}
		p := place{System: c.System, At: r.address(c)}
		if x.Sync != nil && x.Sync.Match != nil && e.Object != nil {
			p.Object = e.Object.Name
		}
		out = append(out, p)
	}
	return out
}

// address is where a connection's system is, without what is secret or changes; "": it cannot be told.
func (r *Runtime) address(c *plan.Connection) string {
	typ, ok := r.o.Registry[c.System]
	if !ok {
		return ""
	}
	config, err := configure(c, typ.System, r.o.Env)
	if err != nil {
		return "" // whoever opens it says what is missing
	}
	return addressOf(config.Settings)
}

func addressOf(s connectors.Settings) string {
	host, below := s.Text("host"), s.Text("database")
	if u, err := url.Parse(s.Text("url")); err == nil && u.Hostname() != "" {
		host, below = u.Hostname(), ""
		if u.Scheme != "http" && u.Scheme != "https" {
			below = strings.Trim(u.Path, "/")
		}
	}
	if host == "" {
		return ""
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		host = thisMachine
	}
	return strings.TrimSpace(strings.ToLower(host) + " " + below)
}

// alike tells whether two rules may be between the same records. Where an address is not known the kind alone counts.
func alike(a, b []place) bool {
	return slices.EqualFunc(a, b, func(a, b place) bool {
		return a.System == b.System && a.Object == b.Object && (a.At == "" || b.At == "" || a.At == b.At)
	})
}
