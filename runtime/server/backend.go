package server

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// Backend is what the server shows and steers. Its methods are safe for several goroutines and answer at once.
type Backend interface {
	Status(ctx context.Context) Status
	// Start asks for a run of a rule, "" for one of all rules.
	Start(rule string, full bool) error
	// Hold pauses a rule, "" all of them; Release ends it.
	Hold(ctx context.Context, rule, by string) error
	Release(ctx context.Context, rule string) error
	// Reload asks for the files and schemas to be read again.
	Reload()
}

// Errors of a Backend that are the asker's, besides unexpected ones.
var (
	ErrUnknown  = errors.New("not found")
	ErrConflict = errors.New("not now")
)

// Status is the whole state of a server. Its JSON form is a contract.
type Status struct {
	// Revision is that of the set in force; SpecHash is of the files as they were read last, in force or not.
	Revision string    `json:"revision"`
	SpecHash string    `json:"spec_hash"`
	Version  string    `json:"version,omitempty"`
	Started  time.Time `json:"started"`
	// Paused: a person paused all rules.
	Paused bool   `json:"paused"`
	Rules  []Rule `json:"rules"`
	Reload Reload `json:"reload"`
	Dead   int    `json:"dead"`
	// Alerts are what alerts tell of and is not over, each alert's by itself.
	Alerts []Alert `json:"alerts"`
}

// Alert is trouble that an alert is about.
type Alert struct {
	Alert string `json:"alert"` // "alert.ops"
	Event string `json:"event"` // failed, dead, stale, slo, waiting, reload
	// Rule is "" for trouble with the whole project.
	Rule  string    `json:"rule,omitempty"`
	What  string    `json:"what"`
	Since time.Time `json:"since"`
	// Told is when somebody was told of it last; nil: nobody was yet.
	Told *time.Time `json:"told"`
}

// Rule is where a rule stands.
type Rule struct {
	Rule        string     `json:"rule"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Schedule    []string   `json:"schedule"`
	Schedules   []Schedule `json:"schedules"`
	// After and OnEvent are what else starts the rule; Manual: nothing does.
	After   []string   `json:"after,omitempty"`
	OnEvent bool       `json:"on_event,omitempty"`
	Manual  bool       `json:"manual,omitempty"`
	Next    *time.Time `json:"next"`
	Last    *state.Run `json:"last"`
	State   string     `json:"state"` // idle, running, waiting, paused
	Why     string     `json:"why"`
	// Paused: a person paused this rule; State can still be running for a moment.
	Paused bool      `json:"paused"`
	Run    *Progress `json:"run,omitempty"`
	Dead   int       `json:"dead"`
	// Events is what waits for the rule because of events; nil: nothing does.
	Events *Events `json:"events,omitempty"`
	// SLO is how the rule keeps what it promises; nil: it promises nothing.
	SLO *SLO `json:"slo,omitempty"`
}

// Events is what waits for a rule because systems told of changes.
type Events struct {
	// Waiting counts records, however many events named each.
	Waiting int       `json:"waiting"`
	Oldest  time.Time `json:"oldest"`
}

// SLO is how a rule keeps its promised latency, since the server started.
type SLO struct {
	LatencyMS int64 `json:"latency_ms"`
	Writes    int   `json:"writes"`
	Missed    int   `json:"missed"`
	// WorstMS is the longest time from a change to its write.
	WorstMS    int64      `json:"worst_ms"`
	LastMissed *time.Time `json:"last_missed,omitempty"`
	// Late: an event waits for longer than promised at this moment.
	Late bool `json:"late"`
}

// Schedule is where one cron of a rule stands.
type Schedule struct {
	Name     string     `json:"name"`
	Cron     string     `json:"cron"`
	Timezone string     `json:"timezone"`
	Next     *time.Time `json:"next"`
	// Owed is a tick whose run has not begun.
	Owed *time.Time `json:"owed"`
}

// Progress is how far a run under way is.
type Progress struct {
	Since   time.Time `json:"since"`
	Read    int       `json:"read"`
	Total   int       `json:"total,omitempty"`
	Changes int       `json:"changes"`
	Written int       `json:"written"`
}

// Reload is how the last attempt to take the files in ended.
type Reload struct {
	At time.Time `json:"at"`
	OK bool      `json:"ok"`
	// Error says why the files could not be checked at all.
	Error       string            `json:"error,omitempty"`
	Diagnostics []json.RawMessage `json:"diagnostics"`
	TookMS      int64             `json:"took_ms"`
	// Text is the diagnostics as people read them.
	Text string `json:"-"`
}
