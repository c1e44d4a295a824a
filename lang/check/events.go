package check

import (
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// signatureAttrs says which signatures an attribute of an events block belongs to.
var signatureAttrs = map[string][]string{
	"header":    {"hmac-sha256", "token"},
	"timestamp": {"hmac-sha256"},
}

// events checks how a connection's system tells of changes.
func (c *checker) events(e *resolve.Events) {
	for _, a := range e.Attrs {
		switch fits, special := signatureAttrs[a.Name]; {
		case a.Name == "secret" || a.Name == "old_secret":
			if _, fromOutside := a.Value.(*syntax.Env); !fromOutside {
				c.report(errSecretLiteral(a))
			}
		case special && e.Signature != "" && !slices.Contains(fits, e.Signature):
			c.report(errEventAttr(a, e.Signature, fits))
		}
	}
	if a := e.Attr("window"); a != nil && (e.Signature == "token" || e.Signature == "hmac-sha256" && e.Attr("timestamp") == nil) {
		c.report(errWindowWithoutTime(a, e.Signature))
	}
	for _, name := range []string{"items", "object_path", "record_path", "delivery_path"} {
		if a := e.Attr(name); a != nil {
			text, ok := attrText(a.Value)
			c.eventPath(text, a.Value.Place(), ok, name)
		}
	}
	c.eventObjects(e)
}

func (c *checker) eventObjects(e *resolve.Events) {
	first := map[string]resolve.Name{}
	for _, o := range e.Objects {
		if o.RecordPath != "" {
			c.eventPath(o.RecordPath, o.RecordPathRange, true, "record_path")
		}
		for _, n := range o.Names {
			key := strings.ToLower(n.Text)
			if before, twice := first[key]; twice {
				c.report(errEventNameTwice(n, before.Range))
				continue
			}
			first[key] = n
		}
	}
}

// eventPath checks a path: names with dots between, or a header.
func (c *checker) eventPath(text string, at span.Range, written bool, attr string) {
	if !written || attr == "items" && text == "." {
		return
	}
	if header, is := strings.CutPrefix(text, "header:"); is {
		if attr == "items" || header == "" || strings.ContainsAny(header, " :\t\r\n") {
			c.report(errEventPath(text, at))
		}
		return
	}
	if strings.ContainsAny(text, " []$/\t\r\n") || slices.Contains(strings.Split(text, "."), "") {
		c.report(errEventPath(text, at))
	}
}

// heard holds what rules wait for against what systems tell of.
func (c *checker) heard() {
	type listener struct {
		id     string
		at     span.Range
		object resolve.Object
	}
	var rules []listener
	for _, s := range c.module.Syncs {
		if s.OnEvent && s.Enabled && !s.Manual {
			rules = append(rules, listener{"sync." + s.Name, s.HeaderRange, s.From})
		}
	}
	for _, t := range c.module.Triggers {
		if t.OnEvent && t.Enabled && !t.Manual {
			rules = append(rules, listener{"trigger." + t.Name, t.HeaderRange, t.On})
		}
	}
	read := map[*resolve.Connection]bool{}
	for _, s := range c.module.Syncs {
		read[s.From.Connection] = true
	}
	for _, t := range c.module.Triggers {
		read[t.On.Connection] = true
	}
	listened := map[*resolve.Connection][]string{}
	for _, r := range rules {
		conn := r.object.Connection
		if conn == nil {
			continue
		}
		listened[conn] = append(listened[conn], r.object.Name)
		if conn.Events == nil {
			c.report(warnNoEvents(r.id, r.at, conn))
		}
	}
	for _, conn := range c.module.Connections {
		if conn.Events == nil || !read[conn] {
			continue
		}
		if len(listened[conn]) == 0 {
			c.report(warnNobodyListens(conn))
			continue
		}
		for _, o := range conn.Events.Objects {
			if !slices.Contains(listened[conn], o.Name) {
				c.report(warnNobodyListensTo(conn, o, listened[conn]))
			}
		}
	}
}
