package resolve

import (
	"time"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// The functions here read plain attributes. Syntax has checked the forms, so what has another form was reported
// and reads as not written.

func value(b *syntax.Block, name string) syntax.Value {
	if a := b.Attr(name); a != nil {
		return a.Value
	}
	return nil
}

// expression is the value as it stands, nil when not written. It may be Bad.
func expression(b *syntax.Block, name string) syntax.Value { return value(b, name) }

func text(b *syntax.Block, name string) string { return syntax.TextOf(value(b, name)) }

func placeOf(b *syntax.Block, name string) span.Range {
	if v := value(b, name); v != nil {
		return v.Place()
	}
	return span.Range{}
}

// placeOfText is the place of an attribute that is a text; another kind of value, which was reported, counts as not written.
func placeOfText(b *syntax.Block, name string) span.Range {
	if _, ok := value(b, name).(*syntax.Quoted); !ok {
		return span.Range{}
	}
	return placeOf(b, name)
}

func whole(b *syntax.Block, name string) int {
	n, _ := syntax.WholeOf(value(b, name))
	return n
}

// wholeOrNil tells 0 from not written.
func wholeOrNil(b *syntax.Block, name string) *int {
	if n, ok := syntax.WholeOf(value(b, name)); ok {
		return &n
	}
	return nil
}

func numberOrNil(b *syntax.Block, name string) *float64 {
	if n, ok := syntax.NumberOf(value(b, name)); ok {
		return &n
	}
	return nil
}

func flag(b *syntax.Block, name string, unwritten bool) bool {
	if v, ok := syntax.FlagOf(value(b, name)); ok {
		return v
	}
	return unwritten
}

func duration(b *syntax.Block, name string) time.Duration {
	d, _ := syntax.DurationOf(value(b, name))
	return d
}

// texts are the entries of a list of texts.
func texts(b *syntax.Block, name string) (out []Name) {
	list, ok := value(b, name).(*syntax.List)
	if !ok {
		return nil
	}
	for _, item := range list.Items {
		if q, ok := item.(*syntax.Quoted); ok {
			out = append(out, Name{Text: q.Text, Range: q.Range})
		}
	}
	return out
}
