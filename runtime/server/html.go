package server

import (
	_ "embed"
	"fmt"
	"html"
	"strings"
)

//go:embed pages/style.css
var style string

// markup is a page in the making.
//
// It is not html/template, because that calls methods by names which only it knows: the linker then keeps every
// exported method of every type in the program, a tenth of its size.
type markup struct{ strings.Builder }

// put writes a form of ours, as fmt does, with each argument escaped. So arguments may stand as text and between the
// quotes of attributes, and nowhere else.
func (m *markup) put(form string, args ...any) {
	escaped := make([]any, len(args))
	for i, a := range args {
		escaped[i] = html.EscapeString(fmt.Sprint(a))
	}
	fmt.Fprintf(m, form, escaped...)
}

// soft writes a line of lesser weight under what stands there already; nothing when there is nothing to say.
func (m *markup) soft(text string) {
	if text != "" {
		m.put(`<br><span class="soft">%s</span>`, text)
	}
}

// button posts an action; its form says on what.
func (m *markup) button(action, label string) {
	m.put(`<button name="action" value="%s">%s</button> `, action, label)
}

// form puts buttons in a form with hidden fields, given as names and values in turn.
func (m *markup) form(buttons func(), fields ...string) {
	m.put(`<form method="post" action="/do">`)
	for i := 0; i+1 < len(fields); i += 2 {
		m.put(`<input type="hidden" name="%s" value="%s">`, fields[i], fields[i+1])
	}
	buttons()
	m.put(`</form>`)
}

// table writes a card with a table: its headings, its rows, and the one row that stands there when there are none.
func (m *markup) table(headings []string, rows int, row func(i int), none string) {
	m.put(`<div class="card"><table><tr>`)
	for _, h := range headings {
		m.put(`<th>%s</th>`, h)
	}
	m.put("</tr>\n")
	for i := range rows {
		m.put(`<tr>`)
		row(i)
		m.put("</tr>\n")
	}
	if rows == 0 {
		m.put(`<tr><td colspan="%s" class="soft">%s</td></tr>`, len(headings), none)
	}
	m.put("</table></div>\n")
}

// layout writes the frame of every page around its content.
func (m *markup) layout(v view, content func()) {
	m.put(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5"><title>Syncline</title>
<style>
`)
	m.WriteString(style)
	m.put(`</style></head><body>
<header><h1><a href="/">Syncline</a></h1>
`)
	if v.Paused {
		m.put(`<span class="chip paused">all rules paused</span>`)
	}
	m.put(`<span class="soft">revision <span class="mono" title="%s">%s</span></span><span class="grow"></span>`, v.Revision, short(v.Revision))
	if v.Dead > 0 {
		m.put(`<a href="/dead">%s dead letters</a>`, number(v.Dead))
	} else {
		m.put(`<span class="soft">no dead letters</span>`)
	}
	if v.May {
		m.form(func() {
			m.button("run", "Run all")
			if v.Paused {
				m.button("resume", "Resume all")
			} else {
				m.button("pause", "Pause all")
			}
			m.button("reload", "Reload")
		})
	}
	m.put("</header><main>\n")
	content()
	m.put(`</main><footer>%s · running since %s`, clock(&v.Now), clock(&v.Started))
	if v.Version != "" {
		m.put(` · %s`, v.Version)
	}
	m.put(` · <a href="/api/v1/status">status as JSON</a> · <a href="/metrics">metrics</a></footer></body></html>`)
}
