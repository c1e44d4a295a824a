package server

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/syncline/syncline/runtime/state"
)

// view is what a page shows.
type view struct {
	Status
	Now     time.Time
	May     bool // press buttons
	Letters []state.DeadLetter
	Recent  []state.Run
	Rule    string
}

func (s *Server) view(r *http.Request) view {
	return view{Status: s.full(r), Now: s.o.Now(), May: s.o.Tokens.Empty() || s.o.Tokens.role(r) >= Operator}
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	v := s.view(r)
	var err error
	if v.Recent, err = s.o.Runs.Runs(r.Context(), state.RunFilter{Limit: 15}); err != nil {
		s.o.Log.Warn("the runs cannot be read", "error", err)
	}
	s.page(w, homePage, v)
}

func (s *Server) deadPage(w http.ResponseWriter, r *http.Request) {
	v := s.view(r)
	v.Rule = r.URL.Query().Get("rule")
	var err error
	if v.Letters, err = s.o.Dead.DeadLetters(r.Context(), state.DeadFilter{Rule: v.Rule, Status: state.DeadOpen, Limit: 200}); err != nil {
		refuse(w, r, err)
		return
	}
	s.page(w, deadPage, v)
}

// page answers with a page.
func (s *Server) page(w http.ResponseWriter, write func(*markup, view), v view) {
	var m markup
	write(&m, v)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, m.String()) // an error means that the client is gone
}

// do is what the buttons send. It ends on the page that they stand on.
func (s *Server) do(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		fail(w, r, http.StatusBadRequest, "the form cannot be read")
		return
	}
	rule, id := r.PostForm.Get("rule"), r.PostForm.Get("id")
	var err error
	switch action := r.PostForm.Get("action"); action {
	case "run":
		err = s.o.Backend.Start(rule, r.PostForm.Get("full") == "true")
	case "pause":
		err = s.o.Backend.Hold(r.Context(), rule, s.who(r))
	case "resume":
		err = s.o.Backend.Release(r.Context(), rule)
	case "reload":
		s.o.Backend.Reload()
	case "retry":
		err = s.setDead(r, id, state.DeadRetry)
	case "drop":
		err = s.setDead(r, id, state.DeadDropped)
	default:
		fail(w, r, http.StatusBadRequest, "this is no action: "+action)
		return
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	s.o.Log.Info("asked on the page", "what", r.PostForm.Get("action"), "rule", rule, "id", id, "by", s.who(r), "from", r.RemoteAddr)
	to := "/"
	if r.PostForm.Get("page") == "dead" {
		to = "/dead"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return "a moment"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

func ago(now, t time.Time) string { return span(now.Sub(t)) + " ago" }

func until(now time.Time, t *time.Time) string {
	if t == nil {
		return "–"
	}
	if d := t.Sub(now); d > 0 {
		return "in " + span(d)
	}
	return "now"
}

// clock writes an instant; nil is none.
func clock(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func took(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d < time.Minute {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// counts says what a run did, without what it did not.
func counts(r state.Run) string {
	var parts []string
	for _, o := range outcomes {
		if n := o.of(r); n > 0 {
			parts = append(parts, number(n)+" "+o.name)
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

// number writes a number with thin spaces between thousands.
func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

func short(s string) string {
	if len(s) > 12 {
		return s[:12]
	}
	return s
}
