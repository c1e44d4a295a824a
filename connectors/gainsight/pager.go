package gainsight

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// ask is what a pager wants of the next page, beside the query's own conditions.
type ask struct {
	conditions []condition
	order      orderBy
	offset     int
}

// orderBy is sort keys; its JSON is an object in their order.
type orderBy []sortKey

type sortKey struct {
	name       string
	descending bool
}

// MarshalJSON keeps the order of the keys, which a map would lose.
func (o orderBy) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(k.name)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		if k.descending {
			b.WriteString(`:"desc"`)
		} else {
			b.WriteString(`:"asc"`)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// pager decides which page comes next. A page is never asked for by its number where records can move
// between pages while they are read.
type pager interface {
	// next gives what to ask for; false: there is no more.
	next() (ask, bool)
	// see tells of a record, in the order in which they come; false: it was given before.
	see(key, modified value.Value) bool
	// turned tells that a page of n records came where limit were asked for.
	turned(n, limit int)
	// cursor is where a later read goes on.
	cursor() query.Cursor
}

// last tells whether a page was the last. A system that gives fewer records than asked for gives a round number.
func last(n, limit int) bool { return n == 0 || n < limit && n%100 != 0 }

// scan reads all records in order of their Gsid: no ties, and a record does not move when it changes.
type scan struct {
	key, modified string
	pos           position
	start         time.Time
	after         []byte // the last Gsid; the memory is used again
	done          bool
}

func (p *scan) next() (ask, bool) {
	p.settle()
	a := ask{order: orderBy{{name: p.key}}}
	if p.pos.After != "" {
		a.conditions = []condition{{Name: p.key, Operator: "GT", Value: []any{p.pos.After}}}
	}
	return a, !p.done
}

func (p *scan) see(key, modified value.Value) bool {
	p.after = append(p.after[:0], key.AsText()...)
	p.pos.Newest = max(p.pos.Newest, second(modified))
	return true
}

// settle moves the position to the last record seen.
func (p *scan) settle() {
	if len(p.after) > 0 {
		p.pos.After, p.after = string(p.after), p.after[:0]
	}
}

func (p *scan) turned(n, limit int) {
	p.settle()
	if last(n, limit) {
		p.done = true
		begun := p.start
		if p.pos.From > 0 {
			// The scan was begun by an earlier read.
			begun = time.Unix(p.pos.From, 0).Add(overlap)
		}
		p.pos.From = 0
		p.pos = p.pos.settled(begun)
	}
}

func (p *scan) cursor() query.Cursor {
	if p.modified == "" || p.start.IsZero() {
		return ""
	}
	p.settle()
	pos := p.pos
	if !p.done && pos.From == 0 {
		pos.From = p.start.Add(-overlap).Unix()
	}
	if !p.done && pos.After == "" {
		return ""
	}
	return pos.cursor()
}

// second is an instant in whole seconds.
func second(v value.Value) int64 { return floorSecond(v.AsMicros()) / 1e6 }

// since reads what changed, in order of the time of change. Times are filtered by the second, so the last
// second of a page is asked for again and what was given of it is left out; a second that fills
// pages by itself is read in order of the Gsid.
type since struct {
	key, modified string
	pos           position
	start         time.Time
	at            int64 // the second that was reached
	asked         int64 // the second from which the last page was asked for
	given         map[string]struct{}
	tie           bool
	after         string // in a tie, the last Gsid
	done          bool
}

func newSince(key, modified string, pos position) *since {
	return &since{key: key, modified: modified, pos: pos, at: pos.From, given: map[string]struct{}{}}
}

func (p *since) next() (ask, bool) {
	if p.done {
		return ask{}, false
	}
	p.asked = p.at
	from := condition{Name: p.modified, Operator: "GTE", Value: []any{wireSecond(p.at * 1e6)}}
	if !p.tie {
		return ask{conditions: []condition{from}, order: orderBy{{name: p.modified}}}, true
	}
	a := ask{conditions: []condition{from, {Name: p.modified, Operator: "LT", Value: []any{wireSecond((p.at + 1) * 1e6)}}},
		order: orderBy{{name: p.key}}}
	if p.after != "" {
		a.conditions = append(a.conditions, condition{Name: p.key, Operator: "GT", Value: []any{p.after}})
	}
	return a, true
}

func (p *since) see(key, modified value.Value) bool {
	at := second(modified)
	p.pos.Newest = max(p.pos.Newest, at)
	id := key.AsText()
	if p.tie {
		p.after = strings.Clone(id)
	} else if at > p.at {
		p.at = at
		clear(p.given)
	}
	if _, before := p.given[id]; before {
		return false
	}
	if !p.tie && at == p.at {
		p.given[strings.Clone(id)] = struct{}{}
	}
	return true
}

func (p *since) turned(n, limit int) {
	switch {
	case p.tie && last(n, limit):
		p.tie, p.after = false, ""
		p.at++
		clear(p.given)
	case p.tie:
	case last(n, limit):
		p.done = true
		p.pos = p.pos.settled(p.start)
	case p.at == p.asked || len(p.given) > limit/2:
		p.tie = true
	}
}

func (p *since) cursor() query.Cursor {
	pos := p.pos
	if !p.done && !p.start.IsZero() {
		pos.From = max(pos.From, min(p.at, p.start.Add(-overlap).Unix()))
	}
	return pos.cursor()
}

// ordered reads in an order of the caller's, up to a limit. Empties come last, which
// the system may see otherwise, so records whose first sort field is empty are a phase of their own.
type ordered struct {
	order orderBy
	empty bool
	from  int
	done  bool
}

func (p *ordered) next() (ask, bool) {
	a := ask{order: p.order, offset: p.from, conditions: []condition{{Name: p.order[0].name, Operator: "IS_NOT_NULL"}}}
	if p.empty {
		a.order, a.conditions[0].Operator = p.order[1:], "IS_NULL"
	}
	return a, !p.done
}

func (p *ordered) see(_, _ value.Value) bool { return true }

func (p *ordered) turned(n, limit int) {
	p.from += n
	if !last(n, limit) {
		return
	}
	if p.empty {
		p.done = true
	}
	p.empty, p.from = true, 0
}

func (p *ordered) cursor() query.Cursor { return "" }

// canSince tells whether an object can be read by its changes.
func (o *object) canSince() bool { return o.hasKey && o.modified != "" }

// pagingColumn is a column that is read only to page by it.
func pagingColumn(f *field) *column {
	return &column{field: f, path: f.schema.Name, wire: f.wireName(f.schema.Name)}
}

// byNumber reads by page number what only grows at its end.
type byNumber struct {
	order orderBy
	from  int
	done  bool
}

func (p *byNumber) next() (ask, bool)         { return ask{order: p.order, offset: p.from}, !p.done }
func (p *byNumber) see(_, _ value.Value) bool { return true }
func (p *byNumber) cursor() query.Cursor      { return "" }

func (p *byNumber) turned(n, limit int) {
	p.from += n
	p.done = last(n, limit)
}
