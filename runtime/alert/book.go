package alert

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/syncline/syncline/lang/plan"
)

// settle is how long trouble must be over before that is told, so that what comes and goes is one trouble.
const settle = time.Minute

// Trouble is something that is wrong at the moment.
type Trouble struct {
	Event plan.AlertEvent
	// Rule is "" for trouble with the whole project.
	Rule string
	// What says it in one line.
	What string
	// Since is when it began.
	Since time.Time
	// Until is an instant up to which it counts as there though it is not seen again; zero: none.
	Until time.Time
}

func (t Trouble) key() string { return t.Event.String() + " " + t.Rule }

// Concerns tells whether an alert is about trouble.
func Concerns(a *plan.Alert, t Trouble) bool {
	return slices.Contains(a.On, t.Event) && (t.Rule == "" || len(a.Rules) == 0 || slices.Contains(a.Rules, t.Rule))
}

// Book is what was told, by alert. It is a document for the state.
type Book struct {
	Alerts map[string]*Page `json:"alerts"`
	// Known is when each rule was seen first: from then on it has had time for a good run.
	Known map[string]time.Time `json:"known,omitempty"`
}

// Page is one alert's part of the book.
type Page struct {
	Open map[string]*entry `json:"open,omitempty"`
	// Pending is a message that was made and that nobody is known to have got.
	Pending *Message `json:"pending,omitempty"`
	// Count numbers messages, so that each has a key of its own.
	Count int64 `json:"count"`
}

// entry is trouble that was seen.
type entry struct {
	Event string    `json:"event"`
	Rule  string    `json:"rule,omitempty"`
	What  string    `json:"what"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"`
	// Told is when it was told last, zero: not yet. Gone is when it was no longer seen, zero: it is there.
	Told time.Time `json:"told,omitzero"`
	Gone time.Time `json:"gone,omitzero"`
}

// Message is what is to be told.
type Message struct {
	// Key is the message's own.
	Key     string `json:"key"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	// At is when it was made.
	At time.Time `json:"at,omitzero"`
	// Tried is when it was first sent, zero: never. Tries counts, Next is when it is worth another try.
	Tried time.Time `json:"tried,omitzero"`
	Tries int       `json:"tries,omitempty"`
	Next  time.Time `json:"next,omitzero"`
	// Doubt: it was sent and not answered, so it may have arrived.
	Doubt bool `json:"doubt,omitempty"`
}

// ParseBook reads a book; nothing gives an empty one.
func ParseBook(data []byte) (*Book, error) {
	b := &Book{}
	if len(data) > 0 {
		if err := json.Unmarshal(data, b); err != nil {
			return &Book{Alerts: map[string]*Page{}, Known: map[string]time.Time{}}, fmt.Errorf("what alerts have told cannot be read: %w", err)
		}
	}
	if b.Alerts == nil {
		b.Alerts = map[string]*Page{}
	}
	if b.Known == nil {
		b.Known = map[string]time.Time{}
	}
	return b, nil
}

// Open gives trouble that an alert has seen and that was not over when it was looked at last.
func (b *Book) Open(event plan.AlertEvent, rule string) (Trouble, bool) {
	t := Trouble{Event: event, Rule: rule}
	for _, p := range b.Alerts {
		if e := p.Open[t.key()]; e != nil && e.Gone.IsZero() {
			t.What, t.Since, t.Until = e.What, e.Since, e.Until
			return t, true
		}
	}
	return t, false
}

// Since gives when a rule was seen first.
func (b *Book) Since(rule string, now time.Time) time.Time {
	at, ok := b.Known[rule]
	if !ok {
		at = now
		b.Known[rule] = now
	}
	return at
}

// Encode gives the document.
func (b *Book) Encode() ([]byte, error) { return json.Marshal(b) }

// Page gives an alert's page.
func (b *Book) Page(a *plan.Alert) *Page {
	p := b.Alerts[a.Name]
	if p == nil {
		p = &Page{}
		b.Alerts[a.Name] = p
	}
	if p.Open == nil {
		p.Open = map[string]*entry{}
	}
	return p
}

// Keep forgets the alerts that are not among those given. It tells whether there were any.
func (b *Book) Keep(alerts []*plan.Alert) bool {
	changed := false
	for name := range b.Alerts {
		if !slices.ContainsFunc(alerts, func(a *plan.Alert) bool { return a.Name == name }) {
			delete(b.Alerts, name)
			changed = true
		}
	}
	return changed
}

// Look takes the trouble of this moment into an alert's page. It tells whether anything changed. With something to tell
// and nothing pending, a message becomes pending; what comes up meanwhile waits for the next one.
func (p *Page) Look(a *plan.Alert, troubles []Trouble, now time.Time) (changed bool) {
	changed = p.note(a, troubles, now)
	if p.Pending != nil {
		return changed
	}
	var begun, lasting, over []*entry
	for key, e := range p.Open {
		switch {
		case e.Gone.IsZero() && e.Told.IsZero():
			begun = append(begun, e)
		case e.Gone.IsZero() && a.Repeat > 0 && now.Sub(e.Told) >= a.Repeat:
			lasting = append(lasting, e)
		case !e.Gone.IsZero() && now.Sub(e.Gone) >= settle:
			delete(p.Open, key)
			changed = true
			if !e.Told.IsZero() {
				over = append(over, e)
			}
		}
	}
	if len(begun)+len(lasting)+len(over) == 0 {
		return changed
	}
	for _, e := range append(slices.Clone(begun), lasting...) {
		e.Told = now
	}
	p.Count++
	subject, text := compose(begun, lasting, over, now)
	p.Pending = &Message{Key: fmt.Sprintf("syncline-alert-%s-%d-%d", a.Name, p.Count, now.Unix()), Subject: subject, Text: text, At: now}
	return true
}

// note brings the entries up to date.
func (p *Page) note(a *plan.Alert, troubles []Trouble, now time.Time) (changed bool) {
	there := map[string]bool{}
	for _, t := range troubles {
		if !Concerns(a, t) {
			continue
		}
		key := t.key()
		there[key] = true
		e := p.Open[key]
		if e == nil {
			e = &entry{Event: t.Event.String(), Rule: t.Rule, Since: t.Since.UTC()}
			if e.Since.IsZero() {
				e.Since = now
			}
			p.Open[key] = e
			changed = true
		}
		if e.What != t.What || !e.Gone.IsZero() || !e.Until.Equal(t.Until) {
			e.What, e.Gone, e.Until = t.What, time.Time{}, t.Until.UTC()
			changed = true
		}
	}
	for key, e := range p.Open {
		switch {
		case there[key] || !e.Gone.IsZero() || e.Until.After(now):
		case e.Told.IsZero():
			delete(p.Open, key) // it is over before it was told
			changed = true
		default:
			e.Gone = now
			changed = true
		}
	}
	return changed
}

// Sent notes that the pending message arrived.
func (p *Page) Sent() { p.Pending = nil }

// order sorts entries by what they are about.
func order(list []*entry) []*entry {
	slices.SortFunc(list, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Event, b.Event))
	})
	return list
}
