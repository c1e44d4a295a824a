package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/syncline/syncline/runtime/state"
)

// Metrics are the measurements of a running project, in a registry of their own.
type Metrics struct {
	registry *prometheus.Registry

	reloadOK, reloadAt   prometheus.Gauge
	reloads              *prometheus.CounterVec
	reloadTook           prometheus.Histogram
	records, runs, calls *prometheus.CounterVec
	took                 *prometheus.HistogramVec
	succeeded            *prometheus.GaugeVec
	eventToWrite         prometheus.Histogram
	events, missed       *prometheus.CounterVec
	alerts               *prometheus.CounterVec
	open                 *prometheus.GaugeVec
}

// outcomes are the values of the label outcome, with how a run counts them.
var outcomes = []struct {
	name string
	of   func(state.Run) int
}{
	{"read", func(r state.Run) int { return r.Read }},
	{"filtered", func(r state.Run) int { return r.Filtered }},
	{"created", func(r state.Run) int { return r.Created }},
	{"updated", func(r state.Run) int { return r.Updated }},
	{"deleted", func(r state.Run) int { return r.Deleted }},
	{"unchanged", func(r state.Run) int { return r.Unchanged }},
	{"unmatched", func(r state.Run) int { return r.Unmatched }},
	{"ambiguous", func(r state.Run) int { return r.Ambiguous }},
	{"dead", func(r state.Run) int { return r.Dead }},
	{"fired", func(r state.Run) int { return r.Fired }},
}

// NewMetrics makes the metrics, all at zero.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "syncline_" + name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "syncline_" + name, Help: help})
	}
	m.reloadOK = gauge("last_reload_successful", "1: the rules in force are those of the files; 0: the files have errors, and earlier rules are in force.")
	m.reloadAt = gauge("last_reload_timestamp_seconds", "When the files were last tried.")
	m.reloads = counter("reloads_total", "Attempts to take the files in.", "result")
	m.reloadTook = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "syncline_reload_duration_seconds",
		Help: "How long an attempt to take the files in took.", Buckets: []float64{.01, .05, .1, .15, .25, .5, 1, 5, 30}})
	m.records = counter("records_total", "Records by what became of them.", "rule", "outcome")
	m.runs = counter("runs_total", "Runs by how they ended.", "rule", "status")
	m.calls = counter("calls_total", "API calls.", "connection")
	m.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "syncline_run_duration_seconds", Help: "How long runs took.",
		Buckets: []float64{.05, .1, .5, 1, 5, 30, 60, 300, 1800, 7200}}, []string{"rule"})
	m.succeeded = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "syncline_last_success_timestamp_seconds",
		Help: "When a rule's last run that ended well ended."}, []string{"rule"})
	m.eventToWrite = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "syncline_event_to_write_seconds",
		Help: "Time from an event's arrival to the write that it led to.", Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15, 60}})
	m.events = counter("events_total", "Events that systems told of, and requests to do so, by what became of them.", "connection", "result")
	m.missed = counter("slo_missed_total", "Writes that came later than the rule promises.", "rule")
	m.alerts = counter("alerts_total", "Alerts that were to be told, by whether they could be.", "alert", "result")
	m.open = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "syncline_alerts_open", Help: "Trouble that alerts tell of and that is not over."},
		[]string{"alert", "event"})
	m.registry.MustRegister(m.alerts, m.open, m.events, m.missed, m.reloadOK, m.reloadAt, m.reloads, m.reloadTook, m.records, m.runs, m.calls, m.took, m.succeeded, m.eventToWrite,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Run counts a run that ended.
func (m *Metrics) Run(r state.Run) {
	for _, o := range outcomes {
		if n := o.of(r); n > 0 {
			m.records.WithLabelValues(r.Rule, o.name).Add(float64(n))
		}
	}
	m.runs.WithLabelValues(r.Rule, string(r.Status)).Inc()
	for name, n := range r.Calls {
		m.calls.WithLabelValues(name).Add(float64(n))
	}
	m.took.WithLabelValues(r.Rule).Observe(float64(r.DurationMS) / 1000)
	if r.Status == state.Succeeded || r.Status == state.Partial {
		ended := r.Started.Add(time.Duration(r.DurationMS) * time.Millisecond)
		m.succeeded.WithLabelValues(r.Rule).Set(float64(ended.UnixMilli()) / 1000)
	}
}

// Reload counts an attempt to take the files in.
func (m *Metrics) Reload(ok bool, at time.Time, took time.Duration) {
	result, value := "failed", 0.0
	if ok {
		result, value = "ok", 1
	}
	m.reloadOK.Set(value)
	m.reloadAt.Set(float64(at.UnixMilli()) / 1000)
	m.reloads.WithLabelValues(result).Inc()
	m.reloadTook.Observe(took.Seconds())
}

// EventToWrite measures one event whose write is done.
func (m *Metrics) EventToWrite(d time.Duration) { m.eventToWrite.Observe(d.Seconds()) }

// Events counts events by what became of them.
func (m *Metrics) Events(connection, result string, n int) {
	if n > 0 {
		m.events.WithLabelValues(connection, result).Add(float64(n))
	}
}

// Alert counts an attempt to tell an alert.
func (m *Metrics) Alert(name string, told bool) {
	result := "failed"
	if told {
		result = "sent"
	}
	m.alerts.WithLabelValues(name, result).Inc()
}

// OpenAlerts measures the trouble that is not over.
func (m *Metrics) OpenAlerts(list []Alert) {
	m.open.Reset()
	for _, x := range list {
		m.open.WithLabelValues(strings.TrimPrefix(x.Alert, "alert."), x.Event).Inc()
	}
}

// Promised makes a rule's missed writes visible before there are any.
func (m *Metrics) Promised(rule string) { m.missed.WithLabelValues(rule) }

// Missed counts a write that came later than its rule promises.
func (m *Metrics) Missed(rule string) { m.missed.WithLabelValues(rule).Inc() }

// Collect adds what is counted in the state when somebody asks. It is called once.
func (m *Metrics) Collect(store Counts) {
	m.registry.MustRegister(&deadLetters{store}, &waitingEvents{store})
}

// Counts is what the state counts.
type Counts interface {
	state.DeadStore
	state.EventStore
}

// Forget drops the series of rules that are gone.
func (m *Metrics) Forget(rules []string) {
	for _, rule := range rules {
		labels := prometheus.Labels{"rule": rule}
		m.records.DeletePartialMatch(labels)
		m.runs.DeletePartialMatch(labels)
		m.took.DeletePartialMatch(labels)
		m.succeeded.DeletePartialMatch(labels)
		m.missed.DeletePartialMatch(labels)
	}
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// deadLetters counts the open dead letters by rule.
type deadLetters struct{ store state.DeadStore }

var deadDesc = prometheus.NewDesc("syncline_dead_letters", "Records that failed for good and wait for a person.", []string{"rule"}, nil)

func (d *deadLetters) Describe(out chan<- *prometheus.Desc) { out <- deadDesc }

func (d *deadLetters) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	counts, err := d.store.DeadCounts(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(deadDesc, err)
		return
	}
	for rule, n := range counts {
		out <- prometheus.MustNewConstMetric(deadDesc, prometheus.GaugeValue, float64(n), rule)
	}
}

// waitingEvents counts what waits because of events, by rule.
type waitingEvents struct{ store state.EventStore }

var eventsDesc = prometheus.NewDesc("syncline_events_waiting", "Records that systems told of and that no run has looked at yet.", []string{"rule"}, nil)

func (e *waitingEvents) Describe(out chan<- *prometheus.Desc) { out <- eventsDesc }

func (e *waitingEvents) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	counts, err := e.store.WakeCounts(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(eventsDesc, err)
		return
	}
	for rule, c := range counts {
		out <- prometheus.MustNewConstMetric(eventsDesc, prometheus.GaugeValue, float64(c.Records), rule)
	}
}
