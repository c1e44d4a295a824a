package gainsight

import (
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// picklist is the items of a picklist, both ways. It does not change once it is made.
type picklist struct {
	active []string
	labels map[string]value.Value // by item id
	ids    map[string][]string    // by label, all items that show it, active ones first
}

func newPicklist(options []metaOption) *picklist {
	options = slices.Clone(options)
	slices.SortStableFunc(options, func(a, b metaOption) int { return int(a.Order) - int(b.Order) })
	p := &picklist{labels: make(map[string]value.Value, len(options)), ids: make(map[string][]string, len(options))}
	for _, wantActive := range []bool{true, false} {
		for _, o := range options {
			label := strings.TrimSpace(o.Label)
			if label == "" {
				label = o.SystemName
			}
			if o.Active.or(true) != wantActive || label == "" {
				continue
			}
			if o.Value != "" {
				p.labels[o.Value] = value.Text(label)
				p.ids[label] = append(p.ids[label], o.Value)
			}
			if wantActive && !slices.Contains(p.active, label) {
				p.active = append(p.active, label)
			}
		}
	}
	return p
}

// choices are the active values, in the system's order.
func (p *picklist) choices() []schema.Choice {
	out := make([]schema.Choice, len(p.active))
	for i, label := range p.active {
		out[i].Value = label
	}
	return out
}

// known tells whether an item id is one of the picklist's.
func (p *picklist) known(id []byte) (value.Value, bool) {
	v, ok := p.labels[string(id)]
	return v, ok
}

// isItemID tells whether a text looks like an item's id: 36 upper-case letters and digits.
func isItemID(s []byte) bool {
	if len(s) != 36 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
