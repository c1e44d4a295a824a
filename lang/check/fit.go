package check

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// fits checks that the target's field can hold every value of the expression. Wrong for every value is an error,
// for some value a warning. The first thing that is wrong is said, no more.
func (c *checker) fits(w *writing, m *Mapping, x *scopes) {
	f, t := m.Field, m.Value.Type
	if f.Kind == schema.Any || t.Dynamic || t.Kind == value.KindNull {
		return
	}
	if !kindFits(t.Kind, f.Kind) {
		c.report(errType(m, w))
		return
	}
	switch {
	case f.Kind == schema.Integer || f.Kind == schema.Number:
		c.fitsNumber(m)
	case f.Kind == schema.Picklist:
		c.fitsPicklist(m, t)
		c.fitsLength(m)
	case f.Kind == schema.MultiPicklist:
		c.fitsPicklist(m, t.Elem())
	case f.Kind == schema.Reference || f.Kind == schema.ID:
		if from := x.pointsTo(m.Value); from != nil && !from.fits(f, w.To) {
			c.report(errWrongReference(m.Value.Source.Range, f.Name, f, w.To, from))
		}
	case f.Kind == schema.DateTime:
		c.fitsResolution(m)
	case f.Kind.IsText():
		c.fitsLength(m)
		c.fitsSpace(m)
	}
}

// fitsSpace flags literals with blanks at their ends, where the system does not store them.
func (c *checker) fitsSpace(m *Mapping) {
	if !m.Field.TrimsSpace {
		return
	}
	for _, text := range m.Value.Type.Texts {
		if strings.TrimSpace(text) == text {
			continue
		}
		if leaf := literalLeaf(m.Value.Root, text); leaf != nil {
			c.report(warnSpaceLost(m, leaf, text))
			return
		}
	}
}

// kindFits tells whether a field of a kind can hold values of a kind.
func kindFits(v value.Kind, f schema.Kind) bool {
	switch v {
	case value.KindNull:
		return true
	case value.KindText:
		return f.IsText() || f == schema.Any
	case value.KindInt, value.KindFloat:
		return f.IsNumber() || f == schema.Any
	case value.KindBool:
		return f == schema.Boolean || f == schema.Any
	case value.KindDate:
		return f == schema.Date || f == schema.Any
	case value.KindTime:
		return f == schema.DateTime || f == schema.Any
	case value.KindList:
		return f == schema.MultiPicklist || f == schema.Any
	}
	return false
}

// fitsNumber flags digits that get lost, for constants and copied fields: the result of a computation is rounded
// without a word.
func (c *checker) fitsNumber(m *Mapping) {
	f, t := m.Field, m.Value.Type
	if t.Const == nil && t.Copy == nil {
		return
	}
	scale, whole := f.Scale, f.Precision-f.Scale
	switch {
	case f.Kind == schema.Integer:
		scale = 0
	case f.Precision == 0:
		return
	}
	if t.Const != nil {
		digits := wholeDigits(t.Const.AsFloat())
		switch {
		case f.Precision > 0 && digits > whole:
			c.report(errNumberLarge(m, digits, whole))
		case t.Scale > scale:
			c.report(errDigitsLost(m, scale, scale == 0))
		}
		return
	}
	from := t.Copy
	switch {
	case t.Scale > scale:
		c.report(errDigitsLost(m, scale, false))
	case f.Precision > 0 && from.Precision-from.Scale > whole && from.Precision-from.Scale < unboundedDigits:
		c.report(warnNumberLarge(m, from, whole))
	}
}

// unboundedDigits: a field with room for so many digits before the point has the room that its system gives every
// number; it says nothing of the values.
const unboundedDigits = 15

func wholeDigits(f float64) int {
	f = math.Trunc(math.Abs(f))
	if f < 1 {
		return 0
	}
	return len(strconv.FormatFloat(f, 'f', 0, 64))
}

// fitsLength flags texts that are longer than the field.
func (c *checker) fitsLength(m *Mapping) {
	f, t := m.Field, m.Value.Type
	if f.Length == 0 {
		return
	}
	if t.Texts != nil {
		long := slices.DeleteFunc(slices.Clone(t.Texts), func(s string) bool { return utf8.RuneCountInString(s) <= f.Length })
		if len(long) == 0 {
			return
		}
		leaf := literalLeaf(m.Value.Root, long[0])
		if len(long) == len(t.Texts) || leaf != nil {
			c.report(errTextLong(m, leaf, long[0]))
			return
		}
		c.report(warnTextLong(m, utf8.RuneCountInString(long[0])))
		return
	}
	if t.MaxLength > f.Length {
		c.report(warnTextLong(m, t.MaxLength))
	}
}

// fitsPicklist compares the texts that an expression can give with those that the field takes.
func (c *checker) fitsPicklist(m *Mapping, t expr.Type) {
	f := m.Field
	if !f.Finite() || t.Dynamic || t.Kind == value.KindNull {
		return
	}
	if t.Texts == nil {
		if f.Restricted {
			c.report(warnAnyText(m))
		}
		return
	}
	have := make(map[string]bool, len(f.Values))
	for _, v := range f.Values {
		have[v.Value] = true
	}
	outside := slices.DeleteFunc(slices.Clone(t.Texts), func(s string) bool { return have[s] })
	if len(outside) == 0 {
		return
	}
	for _, text := range outside {
		if leaf := literalLeaf(m.Value.Root, text); leaf != nil {
			c.report(errNotInPicklist(m, leaf, text))
			return
		}
	}
	c.report(warnMaybeNotInPicklist(m, outside, len(outside) == len(t.Texts)))
}

// literalLeaf finds the literal or table row that gives a text, nil when the text comes from a record.
func literalLeaf(n *expr.Node, text string) *expr.Node {
	if n == nil {
		return nil
	}
	switch n.Op {
	case expr.OpConst:
		if n.Value.Kind() == value.KindText && n.Value.AsText() == text {
			return n
		}
		for _, item := range n.Value.AsList() {
			if item.Kind() == value.KindText && item.AsText() == text {
				return n
			}
		}
		return nil
	case expr.OpTable:
		return tableLeaf(n, text)
	case expr.OpCond, expr.OpList, expr.OpCall:
		if n.Op == expr.OpCall && n.Name != "coalesce" {
			return nil
		}
		args := n.Args
		if n.Op == expr.OpCond && len(args) == 3 {
			args = args[1:]
		}
		for _, a := range args {
			if leaf := literalLeaf(a, text); leaf != nil {
				return leaf
			}
		}
	}
	return nil
}

func tableLeaf(n *expr.Node, text string) *expr.Node {
	if n.Table == nil {
		return nil
	}
	given := n.Table.Default != nil && n.Table.Default.Kind() == value.KindText && n.Table.Default.AsText() == text
	for _, v := range n.Table.Rows {
		given = given || v.Kind() == value.KindText && v.AsText() == text
	}
	if !given {
		return nil
	}
	return n
}

// fitsResolution flags times that lose minutes or more. Fractions of seconds differ between all systems, mean
// nothing to people and are evened out before every comparison.
func (c *checker) fitsResolution(m *Mapping) {
	f, from := m.Field, m.Value.Type.Copy
	if f.Resolution > time.Second && from != nil && from.Resolution < f.Resolution {
		c.report(warnResolution(m))
	}
}

// origin says what records an id stands for.
type origin struct {
	End
	objects []string
}

// fits tells whether ids of the origin belong into a field of another end.
func (o *origin) fits(f *schema.Field, in End) bool {
	if o.connection() != in.connection() {
		return false
	}
	targets := f.RefTo
	if f.Kind == schema.ID {
		targets = []string{in.Ref.Name}
	}
	if len(targets) == 0 || len(o.objects) == 0 {
		return true
	}
	return slices.ContainsFunc(o.objects, func(name string) bool { return slices.Contains(targets, name) })
}

func (o *origin) String() string {
	return strings.Join(o.objects, " or ") + " in " + o.connection()
}

// pointsTo says whose ids a copied field holds, nil when it holds none.
func (x *scopes) pointsTo(checked *expr.Checked) *origin {
	from := checked.Type.Copy
	if from == nil || len(checked.Reads) == 0 || from.Kind != schema.ID && from.Kind != schema.Reference {
		return nil
	}
	read := checked.Reads[0]
	end, ok := x.endOf(read.Root)
	if !ok || end.Object == nil {
		return nil
	}
	if from.Kind == schema.Reference {
		return &origin{end, from.RefTo}
	}
	if o := objectAt(end.Catalog, end.Object, read.Path); o != nil {
		return &origin{end, []string{o.Name}}
	}
	return nil
}

// endOf is the end that a root stands for.
func (x *scopes) endOf(root int) (End, bool) {
	if root < len(x.ends) {
		return x.ends[root], true
	}
	return End{}, false
}
