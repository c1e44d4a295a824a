package soql

import (
	"strconv"
	"strings"
)

// String writes the statement: keywords in capitals, one blank between words.
func (q *Query) String() string {
	var b strings.Builder
	q.write(&b)
	return b.String()
}

func (q *Query) write(b *strings.Builder) {
	b.WriteString("SELECT ")
	for i, item := range q.Select {
		comma(b, i)
		item.write(b)
	}
	b.WriteString(" FROM " + q.From.Name)
	word(b, q.From.Alias)
	if q.Scope != "" {
		b.WriteString(" USING SCOPE " + q.Scope)
	}
	if q.Where != nil {
		b.WriteString(" WHERE ")
		q.Where.write(b)
	}
	if q.With != "" {
		b.WriteString(" WITH " + strings.ToUpper(q.With))
	}
	for i, g := range q.GroupBy {
		if i == 0 {
			b.WriteString(" GROUP BY ")
		}
		comma(b, i)
		writeOperand(b, g.Call, g.Field)
	}
	if q.Having != nil {
		b.WriteString(" HAVING ")
		q.Having.write(b)
	}
	q.writeEnd(b)
}

func (q *Query) writeEnd(b *strings.Builder) {
	for i, o := range q.OrderBy {
		if i == 0 {
			b.WriteString(" ORDER BY ")
		}
		comma(b, i)
		writeOperand(b, o.Call, o.Field)
		word(b, strings.ToUpper(o.Dir))
		if o.Nulls != "" {
			b.WriteString(" NULLS " + strings.ToUpper(o.Nulls))
		}
	}
	if q.Limit != nil {
		b.WriteString(" LIMIT " + strconv.Itoa(q.Limit.N))
	}
	if q.Offset != nil {
		b.WriteString(" OFFSET " + strconv.Itoa(q.Offset.N))
	}
	for i, f := range q.For {
		if i == 0 {
			b.WriteString(" FOR ")
		}
		comma(b, i)
		b.WriteString(strings.ToUpper(f))
	}
}

func comma(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

// word writes a word that may be missing.
func word(b *strings.Builder, w string) {
	if w != "" {
		b.WriteString(" " + w)
	}
}

func (i *Item) write(b *strings.Builder) {
	switch {
	case i.Sub != nil:
		b.WriteString("(")
		i.Sub.write(b)
		b.WriteString(")")
	case i.Typeof != nil:
		i.Typeof.write(b)
	default:
		writeOperand(b, i.Call, i.Field)
		word(b, i.Alias)
	}
}

func (t *Typeof) write(b *strings.Builder) {
	b.WriteString("TYPEOF " + t.Field)
	for _, w := range t.When {
		b.WriteString(" WHEN " + w.Type + " THEN " + strings.Join(w.Fields.Names, ", "))
	}
	if t.Else != nil {
		b.WriteString(" ELSE " + strings.Join(t.Else.Names, ", "))
	}
	b.WriteString(" END")
}

func writeOperand(b *strings.Builder, c *Call, field string) {
	if c == nil {
		b.WriteString(field)
		return
	}
	b.WriteString(c.Name + "(")
	if c.Arg != nil {
		writeOperand(b, c.Arg.Call, c.Arg.Field)
	}
	b.WriteString(")")
}

func (c *Condition) write(b *strings.Builder) {
	c.First.write(b)
	for _, j := range c.Rest {
		b.WriteString(" " + strings.ToUpper(j.Op) + " ")
		j.Term.write(b)
	}
}

func (t *Term) write(b *strings.Builder) {
	switch {
	case t.Not != nil:
		b.WriteString("NOT ")
		t.Not.write(b)
	case t.Group != nil:
		b.WriteString("(")
		t.Group.write(b)
		b.WriteString(")")
	default:
		c := t.Compare
		writeOperand(b, c.Call, c.Field)
		c.Tail.write(b)
	}
}

func (t *Tail) write(b *strings.Builder) {
	s := t.Set
	if s == nil {
		b.WriteString(" " + strings.ToUpper(t.Op) + " " + t.Value.String())
		return
	}
	if s.Not {
		b.WriteString(" NOT")
	}
	b.WriteString(" " + strings.ToUpper(s.Op) + " (")
	if s.Sub != nil {
		s.Sub.write(b)
	}
	for i, v := range s.List {
		comma(b, i)
		b.WriteString(v.String())
	}
	b.WriteString(")")
}

// String writes a literal.
func (v *Value) String() string {
	switch {
	case v.Kind == StringValue:
		return v.Raw
	case v.N != "":
		return v.Text + ":" + strconv.Itoa(v.Days)
	}
	return v.Text
}

var quoter = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`)

// Quote writes a text as a string literal.
func Quote(text string) string { return "'" + quoter.Replace(text) + "'" }

var likeQuoter = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`, "%", `\%`, "_", `\_`)

// QuoteLike writes the inside of a LIKE literal in which nothing is a wildcard, without quotes.
func QuoteLike(text string) string { return likeQuoter.Replace(text) }
