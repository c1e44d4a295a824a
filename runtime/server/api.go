package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/syncline/syncline/runtime/state"
)

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // the client is gone
}

// fail answers with an error: JSON under /api, text elsewhere.
func fail(w http.ResponseWriter, r *http.Request, code int, why string) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		answer(w, code, map[string]string{"error": why})
		return
	}
	http.Error(w, why, code)
}

// refuse answers with a backend's error.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	code := http.StatusInternalServerError
	switch {
	case errors.Is(err, ErrUnknown):
		code = http.StatusNotFound
	case errors.Is(err, ErrConflict):
		code = http.StatusConflict
	}
	fail(w, r, code, err.Error())
}

// healthz says whether the process is well: one that is not should be started again.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	if err := s.o.Alive(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// readyz says whether rules are in force.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.o.Backend.Status(r.Context()).Revision == "" {
		http.Error(w, "no set of rules is in force yet", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, s.full(r))
}

// full is the status with the numbers of dead letters.
func (s *Server) full(r *http.Request) Status {
	st := s.o.Backend.Status(r.Context())
	st.Version = s.o.Version
	counts, err := s.o.Dead.DeadCounts(r.Context())
	if err != nil {
		s.o.Log.Warn("the dead letters cannot be counted", "error", err)
	}
	for i := range st.Rules {
		st.Rules[i].Dead = counts[st.Rules[i].Rule]
	}
	for _, n := range counts {
		st.Dead += n
	}
	return st
}

// accepted answers a request that was carried out or queued.
func (s *Server) accepted(w http.ResponseWriter, r *http.Request, what string, err error) {
	if err != nil {
		refuse(w, r, err)
		return
	}
	s.o.Log.Info("asked over HTTP", "what", what, "by", s.who(r), "from", r.RemoteAddr)
	answer(w, http.StatusAccepted, map[string]string{"accepted": what})
}

// who is the role that asks.
func (s *Server) who(r *http.Request) string {
	if s.o.Tokens.Empty() {
		return "this machine"
	}
	return s.o.Tokens.role(r).String()
}

// ruleName is the rule that a path names, with or without "sync." in front.
func ruleName(r *http.Request) string { return r.PathValue("rule") }

func full(r *http.Request) bool { return r.URL.Query().Get("full") == "true" }

func (s *Server) runRule(w http.ResponseWriter, r *http.Request) {
	s.accepted(w, r, "run "+ruleName(r), s.o.Backend.Start(ruleName(r), full(r)))
}

func (s *Server) runAll(w http.ResponseWriter, r *http.Request) {
	s.accepted(w, r, "run all", s.o.Backend.Start("", full(r)))
}

func (s *Server) pauseRule(w http.ResponseWriter, r *http.Request) {
	s.accepted(w, r, "pause "+ruleName(r), s.o.Backend.Hold(r.Context(), ruleName(r), s.who(r)))
}

func (s *Server) pauseAll(w http.ResponseWriter, r *http.Request) {
	s.accepted(w, r, "pause all", s.o.Backend.Hold(r.Context(), "", s.who(r)))
}

func (s *Server) resumeRule(w http.ResponseWriter, r *http.Request) {
	s.accepted(w, r, "resume "+ruleName(r), s.o.Backend.Release(r.Context(), ruleName(r)))
}

func (s *Server) resumeAll(w http.ResponseWriter, r *http.Request) {
	s.accepted(w, r, "resume all", s.o.Backend.Release(r.Context(), ""))
}

func (s *Server) reloadNow(w http.ResponseWriter, r *http.Request) {
	s.o.Backend.Reload()
	s.accepted(w, r, "reload", nil)
}

// most is the most rows of a list.
const most = 500

func count(r *http.Request, otherwise int) int {
	n, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || n <= 0 {
		return otherwise
	}
	return min(n, most)
}

func (s *Server) runs(w http.ResponseWriter, r *http.Request) {
	runs, err := s.o.Runs.Runs(r.Context(), state.RunFilter{Rule: r.URL.Query().Get("rule"), Limit: count(r, 50)})
	if err != nil {
		refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"runs": list(runs)})
}

func (s *Server) deadLetters(w http.ResponseWriter, r *http.Request) {
	letters, err := s.o.Dead.DeadLetters(r.Context(), state.DeadFilter{Rule: r.URL.Query().Get("rule"), Status: state.DeadOpen, Limit: count(r, 50)})
	if err != nil {
		refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"dead_letters": list(letters)})
}

func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

func (s *Server) retryDead(w http.ResponseWriter, r *http.Request) {
	s.accepted(w, r, "retry dead letter "+r.PathValue("id"), s.setDead(r, r.PathValue("id"), state.DeadRetry))
}

func (s *Server) dropDead(w http.ResponseWriter, r *http.Request) {
	s.accepted(w, r, "drop dead letter "+r.PathValue("id"), s.setDead(r, r.PathValue("id"), state.DeadDropped))
}

// setDead moves a dead letter; one that is to be tried again starts its rule.
func (s *Server) setDead(r *http.Request, text string, to state.DeadStatus) error {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: there is no dead letter %s", ErrUnknown, text)
	}
	letters, err := s.o.Dead.DeadLetters(r.Context(), state.DeadFilter{IDs: []int64{id}})
	if err != nil {
		return err
	}
	if len(letters) == 0 {
		return fmt.Errorf("%w: there is no dead letter %d", ErrUnknown, id)
	}
	if st := letters[0].Status; st != state.DeadOpen && st != state.DeadRetry {
		return fmt.Errorf("%w: dead letter %d is %s", ErrConflict, id, st)
	}
	rule := letters[0].Rule
	if to == state.DeadRetry && !slices.ContainsFunc(s.o.Backend.Status(r.Context()).Rules, func(x Rule) bool { return x.Rule == rule }) {
		return fmt.Errorf("%w: no %s is in force that would try it again; put the rule back under this name, or drop the letter", ErrConflict, rule)
	}
	if err := s.o.Dead.SetDead(r.Context(), []int64{id}, to); err != nil || to != state.DeadRetry {
		return err
	}
	if err := s.o.Backend.Start(rule, false); err != nil && !errors.Is(err, ErrConflict) {
		return err
	}
	return nil
}
