package check

import (
	"slices"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/cron"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// connections checks the settings of each connection against its type of system.
func (c *checker) connections() {
	c.heard()
	for _, conn := range c.module.Connections {
		c.pauses(conn.Pauses)
		if conn.Events != nil {
			c.events(conn.Events)
		}
		if c.in.Systems == nil {
			continue
		}
		system, ok := c.in.Systems[conn.System]
		if !ok {
			c.report(errUnknownSystem(conn, mapKeys(c.in.Systems)))
			continue
		}
		c.settings(conn.Attrs, system.Settings, conn.NameRange, "connection "+quote(conn.Name))
		for _, o := range conn.Objects {
			if system.Objects == nil {
				c.report(errNoObjectBlocks(o, conn))
				continue
			}
			c.settings(o.Attrs, system.Objects, o.NameRange, "object "+quote(o.Name))
		}
	}
}

func mapKeys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (c *checker) settings(attrs []*syntax.Attr, known []schema.Setting, owner span.Range, what string) {
	byName := make(map[string]*schema.Setting, len(known))
	for i := range known {
		byName[known[i].Name] = &known[i]
	}
	written := map[string]bool{}
	for _, a := range attrs {
		written[a.Name] = true
		s := byName[a.Name]
		if s == nil {
			c.report(errUnknownSetting(a, what, known))
			continue
		}
		c.setting(a, s)
	}
	for i := range known {
		if s := &known[i]; s.Required && !written[s.Name] {
			c.report(errMissingSetting(owner, what, s))
		}
	}
}

func (c *checker) setting(a *syntax.Attr, s *schema.Setting) {
	if _, fromOutside := a.Value.(*syntax.Env); fromOutside {
		return
	}
	if s.Secret {
		c.report(errSecretLiteral(a))
		return
	}
	if !fitsSetting(a.Value, s.Kind) {
		c.report(errSettingKind(a, s))
		return
	}
	if o, ok := a.Value.(*syntax.Object); ok {
		for _, item := range o.Items {
			if text, ok := attrText(item.Value); ok && (namesSecret(item.Key) || looksSecret(text)) {
				c.report(warnSecretLiteral(&syntax.Attr{Name: item.Key, NameRange: item.KeyRange, Value: item.Value}))
			}
		}
	}
	if text, ok := attrText(a.Value); ok {
		if len(s.OneOf) > 0 && !slices.Contains(s.OneOf, text) {
			c.report(errSettingChoice(a, s, text))
		}
		if s.Kind == schema.SettingText && looksSecret(text) {
			c.report(warnSecretLiteral(a))
		}
	}
}

func fitsSetting(v syntax.Value, kind schema.SettingKind) bool {
	switch v := v.(type) {
	case *syntax.Quoted:
		return kind == schema.SettingText
	case *syntax.Const:
		return kind == schema.SettingNumber && v.Kind == syntax.NumberConst || kind == schema.SettingBool && v.Kind == syntax.BoolConst
	case *syntax.List:
		return kind == schema.SettingList
	case *syntax.Object:
		return kind == schema.SettingMap
	}
	return false
}

// namesSecret tells whether the entry of a map, such as a header, is one that holds a secret.
func namesSecret(key string) bool {
	key = strings.ReplaceAll(strings.ToLower(key), "-", "")
	for _, word := range []string{"authorization", "apikey", "token", "secret", "password", "cookie"} {
		if strings.Contains(key, word) {
			return true
		}
	}
	return false
}

// looksSecret finds credentials in texts where nobody expects them, such as a password in a URL.
func looksSecret(text string) bool {
	_, rest, ok := strings.Cut(text, "://")
	if ok {
		authority, _, _ := strings.Cut(rest, "/")
		user, _, at := strings.Cut(authority, "@")
		_, password, colon := strings.Cut(user, ":")
		return at && colon && password != ""
	}
	return strings.HasPrefix(text, "-----BEGIN ") && strings.Contains(text, "PRIVATE KEY")
}

func (c *checker) pauses(pauses []resolve.Pause) {
	for _, p := range pauses {
		if p.CronRange.IsZero() {
			continue
		}
		zone := c.zone(p.Timezone, p.Range, nil)
		s, err := cron.Parse(p.Cron, zone)
		switch {
		case err != nil:
			c.report(errCron(p.CronRange, err))
		case neverCloses(s, p.For):
			c.report(warnPauseNeverCloses(p))
		}
	}
}

const (
	// A year of openings is looked at, which has all that comes with months and weekdays.
	pauseYear = 366 * 24 * time.Hour
	// mostOpenings bounds the work for windows of a few minutes, of which a month is enough.
	mostOpenings = 20_000
	pauseMonth   = 32 * 24 * time.Hour
)

// neverCloses tells whether a window opens again each time before it has closed.
func neverCloses(s *cron.Schedule, length time.Duration) bool {
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	open := s.Next(begin)
	for n := 0; n < mostOpenings && open.Sub(begin) < pauseYear; n++ {
		// Of the openings before it closes a late one leads furthest.
		var next time.Time
		for _, after := range []time.Duration{max(length-time.Minute, 0), length / 2, 0} {
			if next = s.Next(open.Add(after)); !next.IsZero() && !next.After(open.Add(length)) {
				break
			}
		}
		if next.IsZero() || next.After(open.Add(length)) {
			return false
		}
		open = next
	}
	return open.Sub(begin) > pauseMonth
}

func quote(s string) string { return `"` + s + `"` }
