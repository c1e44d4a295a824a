package server

import (
	"net/url"
	"strconv"
)

// homePage shows all rules and the last runs.
func homePage(m *markup, v view) {
	m.layout(v, func() {
		m.reload(v)
		m.alerts(v)
		m.put("<h2>Rules</h2>\n")
		m.table([]string{"Rule", "State", "Schedule", "Next", "Last run", ""}, len(v.Rules), func(i int) { m.rule(v, v.Rules[i]) }, "No rule is enabled.")
		m.put("<h2>Last runs</h2>\n")
		m.table([]string{"Began", "Rule", "Ended", "Records"}, len(v.Recent), func(i int) {
			r := v.Recent[i]
			m.put(`<td class="soft" title="%s">%s</td><td class="mono">%s <span class="soft">%s</span></td>`, clock(&r.Started), ago(v.Now, r.Started), r.Rule, r.Schedule)
			m.put(`<td><span class="chip %s">%s</span> <span class="soft">%s</span></td>`, r.Status, r.Status, took(r.DurationMS))
			m.put(`<td>%s <span class="soft">%s</span></td>`, counts(r), r.Why)
		}, "Nothing ran yet.")
	})
}

// reload says how the last attempt to take the files in ended, where that is worth a word.
func (m *markup) reload(v view) {
	r := v.Reload
	switch {
	case !r.OK:
		m.put(`<div class="card banner" role="alert"><strong>The files in the folder are not in force.</strong>
What ran before goes on. Tried %s.`, ago(v.Now, r.At))
		for _, text := range []string{r.Error, r.Text} {
			if text != "" {
				m.put("\n<pre>%s</pre>", text)
			}
		}
		m.put("</div>\n")
	case r.Text != "":
		m.put("<details class=\"card banner calm\"><summary>The files are in force, with warnings</summary><pre>%s</pre></details>\n", r.Text)
	}
}

// alerts says what alerts tell of and is not over.
func (m *markup) alerts(v view) {
	if len(v.Alerts) == 0 {
		return
	}
	m.put("<h2>Alerts</h2>\n")
	m.table([]string{"Trouble", "Since", "Told by"}, len(v.Alerts), func(i int) {
		a := v.Alerts[i]
		m.put(`<td><span class="chip failed">%s</span> <span class="mono">%s</span><br>%s</td>`, a.Event, a.Rule, a.What)
		m.put(`<td title="%s">%s</td><td><span class="mono">%s</span><br><span class="soft" title="%s">`, clock(&a.Since), ago(v.Now, a.Since), a.Alert, clock(a.Told))
		if a.Told == nil {
			m.put(`nobody yet</span></td>`)
			return
		}
		m.put(`%s</span></td>`, ago(v.Now, *a.Told))
	}, "")
}

// rule writes the cells of one rule.
func (m *markup) rule(v view, r Rule) {
	m.put(`<td><span class="mono">%s</span>`, r.Rule)
	if r.Title != "" {
		m.put(`<br>%s`, r.Title)
	}
	m.soft(r.Description)
	m.put(`</td><td class="why"><span class="chip %s">%s</span>`, r.State, r.State)
	m.standing(v, r)
	m.put(`</td><td>`)
	m.starts(r)
	m.put(`</td><td title="%s">%s</td><td>`, clock(r.Next), until(v.Now, r.Next))
	if l := r.Last; l != nil {
		m.put(`<span class="chip %s">%s</span> <span class="soft" title="%s">%s, %s</span><br>%s`, l.Status, l.Status, clock(&l.Started), ago(v.Now, l.Started), took(l.DurationMS), counts(*l))
		m.soft(l.Why)
	} else {
		m.put(`<span class="soft">not yet</span>`)
	}
	if r.Dead > 0 {
		m.put(`<br><a href="/dead?rule=%s">%s dead letters</a>`, url.QueryEscape(r.Rule), number(r.Dead))
	}
	m.put(`</td><td class="right">`)
	if v.May {
		m.form(func() {
			if r.Paused {
				m.button("resume", "Resume")
				return
			}
			m.button("run", "Run now")
			m.button("pause", "Pause")
		}, "rule", r.Rule)
	}
	m.put(`</td>`)
}

// standing writes what there is to say of a rule at this moment.
func (m *markup) standing(v view, r Rule) {
	if p := r.Run; p != nil {
		of, changes := "", ""
		if p.Total > 0 {
			of = " of " + number(p.Total)
		}
		if p.Changes > 0 {
			changes = ", " + number(p.Written) + " of " + number(p.Changes) + " changes written"
		}
		m.soft(number(p.Read) + of + " read" + changes)
	}
	m.soft(r.Why)
	if e := r.Events; e != nil {
		m.put(`<br><span class="soft" title="%s">%s records wait because of events, the oldest came %s</span>`, clock(&e.Oldest), e.Waiting, ago(v.Now, e.Oldest))
	}
	if s := r.SLO; s != nil && (s.Late || s.Missed > 0) {
		late := ""
		if s.Late {
			late = "later than promised; "
		}
		m.put(`<br><span class="soft">%s%s of %s writes came late</span>`, late, s.Missed, s.Writes)
	}
}

// starts writes what starts a rule.
func (m *markup) starts(r Rule) {
	for _, s := range r.Schedules {
		name := ""
		if s.Name != "" {
			name = " · " + s.Name
		}
		m.put(`<span class="mono">%s</span> <span class="soft">%s%s</span><br>`, s.Cron, s.Timezone, name)
	}
	for _, a := range r.After {
		m.put(`<span class="soft">after <span class="mono">%s</span></span><br>`, a)
	}
	if r.OnEvent {
		m.put(`<span class="soft">on events</span>`)
	}
	if r.Manual {
		m.put(`<span class="soft">by hand only</span>`)
	}
}

// deadPage shows the dead letters, all or those of one rule.
func deadPage(m *markup, v view) {
	m.layout(v, func() {
		m.put("<h2>Dead letters")
		if v.Rule != "" {
			m.put(` of <span class="mono">%s</span>`, v.Rule)
		}
		m.put("</h2>\n")
		m.table([]string{"Record", "Why", "When", ""}, len(v.Letters), func(i int) { m.letter(v, i) },
			"None. Every record that was read is in its target, or waits for its next run.")
	})
}

// letter writes the cells of one dead letter.
func (m *markup) letter(v view, i int) {
	d := v.Letters[i]
	m.put(`<td><span class="mono">%s.%s %s</span><br><span class="soft">%s`, d.Source.Connection, d.Source.Object, d.Source.ID, d.Rule)
	if d.Target != "" {
		m.put(` → %s <span class="mono">%s</span>`, d.Object, d.Target)
	}
	m.put(`</span></td><td>%s`, d.Message)
	m.soft(d.Hint)
	if len(d.Fields) > 0 {
		m.put(`<br><span class="soft">fields: `)
		for _, f := range d.Fields {
			m.put(`<span class="mono">%s</span> `, f)
		}
		m.put(`</span>`)
	}
	m.put(`</td><td class="soft" title="%s">%s<br>%s, tried %s times</td><td class="right">`, clock(&d.At), ago(v.Now, d.At), d.Step, d.Attempts)
	if v.May {
		m.form(func() {
			m.button("retry", "Try again")
			m.button("drop", "Give up")
		}, "id", strconv.FormatInt(d.ID, 10), "page", "dead")
	}
	m.put(`</td>`)
}
