package resolve

import (
	"strings"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// connection reads a connection block. Which settings a system has is for the checker to know.
func (r *resolver) connection(b *syntax.Block) *Connection {
	c := &Connection{
		Name: b.Label(1), System: b.Label(0), Attrs: b.Attrs,
		NameRange: b.Labels[1].Range, Range: b.Range,
	}
	for _, o := range b.Each("object") {
		if len(o.Labels) == 1 {
			c.Objects = append(c.Objects, r.object(o))
		}
	}
	if l := b.One("limits"); l != nil {
		c.Limits = Limits{
			CallsPerDay: whole(l, "calls_per_day"), CallsPerMinute: whole(l, "calls_per_minute"),
			Concurrent: whole(l, "concurrent"), Range: l.Range,
		}
	}
	if a := b.One("allow"); a != nil {
		c.AllowRange = a.Range
		c.Allow = r.patterns(a)
	}
	c.Pauses = pauses(b)
	if e := b.One("events"); e != nil {
		c.Events = events(e)
	}
	return c
}

// pauses reads the maintenance windows of a block.
func pauses(b *syntax.Block) (out []Pause) {
	for _, p := range b.Each("pause") {
		out = append(out, Pause{
			Name: p.Label(0), Cron: text(p, "cron"), CronRange: placeOfText(p, "cron"), For: duration(p, "for"),
			Timezone: text(p, "timezone"), Range: p.Range,
		})
	}
	return out
}

// patterns reads allow.write. The result is not nil: a block that allows nothing is not the same as no block.
func (r *resolver) patterns(b *syntax.Block) []Pattern {
	out := []Pattern{}
	for _, n := range texts(b, "write") {
		i := strings.LastIndex(n.Text, ".")
		if i <= 0 || i == len(n.Text)-1 {
			r.add(errPattern(n))
			continue
		}
		out = append(out, Pattern{Object: n.Text[:i], Field: n.Text[i+1:], Text: n.Text, Range: n.Range})
	}
	return out
}

func (r *resolver) object(b *syntax.Block) *ObjectBlock {
	o := &ObjectBlock{Name: b.Label(0), NameRange: b.Labels[0].Range, Range: b.Range}
	first := map[string]span.Range{}
	add := func(c Column) {
		if at, again := first[c.Name]; again {
			r.add(errColumnTwice(c, at))
			return
		}
		first[c.Name] = c.Range
		o.Columns = append(o.Columns, c)
	}
	for _, a := range b.Attrs {
		if a.Name != "columns" {
			o.Attrs = append(o.Attrs, a)
			continue
		}
		if cols, ok := a.Value.(*syntax.Object); ok {
			for _, item := range cols.Items {
				add(Column{Name: item.Key, Kind: syntax.TextOf(item.Value), Range: item.KeyRange})
			}
		}
	}
	for _, c := range b.Each("column") {
		if len(c.Labels) == 1 {
			add(Column{
				Name: c.Label(0), From: text(c, "from"), Kind: text(c, "type"),
				Length: whole(c, "length"), Range: c.Labels[0].Range,
			})
		}
	}
	return o
}

func table(b *syntax.Block) *Table {
	t := &Table{Name: b.Label(0), NameRange: b.Labels[0].Range, Range: b.Range, IgnoreCase: flag(b, "ignore_case", false)}
	if a := b.Attr("rows"); a != nil {
		if rows, ok := a.Value.(*syntax.Object); ok {
			for _, item := range rows.Items {
				t.Rows = append(t.Rows, Row{Key: item.Key, KeyRange: item.KeyRange, Value: item.Value})
			}
		}
	}
	t.Default = expression(b, "default")
	return t
}

func variable(b *syntax.Block) *Variable {
	return &Variable{
		Name: b.Label(0), Type: text(b, "type"), Description: text(b, "description"),
		Default: expression(b, "default"), NameRange: b.Labels[0].Range, Range: b.Range,
	}
}
