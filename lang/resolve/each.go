package resolve

import (
	"regexp"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

var eachKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// entries are those of a block's for_each: { KEY = VALUE }, or ["KEY"] with each key as its own value. Without for_each
// it is one entry that is nil; with one that is wrong or empty there is none.
func (r *resolver) entries(b *syntax.Block) (out []*Each) {
	a := b.Attr("for_each")
	if a == nil {
		return []*Each{nil}
	}
	seen := map[string]span.Range{}
	add := func(key string, at span.Range, v syntax.Value) {
		first, again := seen[key]
		switch {
		case again:
			r.add(errEachTwice(key, at, first))
		case !eachKey.MatchString(key):
			r.add(errEachKey(key, at))
		default:
			seen[key] = at
			out = append(out, &Each{Key: key, Value: v, Range: at})
		}
	}
	switch v := a.Value.(type) {
	case *syntax.Object:
		for _, item := range v.Items {
			add(item.Key, item.KeyRange, item.Value)
		}
	case *syntax.List:
		for _, item := range v.Items {
			if q, ok := item.(*syntax.Quoted); ok {
				add(q.Text, q.Range, q)
			}
		}
	default:
		return nil
	}
	if len(out) == 0 && len(seen) == 0 {
		r.add(errEachEmpty(b, a))
	}
	return out
}

// eachName is the name of one entry's rule or action: NAME[KEY].
func eachName(name string, each *Each) string {
	if each == nil {
		return name
	}
	return name + "[" + each.Key + "]"
}
