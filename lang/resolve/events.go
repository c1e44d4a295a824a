package resolve

import (
	"time"

	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/syntax"
)

// Events is the events block of a connection.
type Events struct {
	Signature string
	Window    time.Duration // zero: not written
	Header    string
	Timestamp string
	// Items, ObjectPath, RecordPath and DeliveryPath are paths in the payload; "" where not written.
	Items, ObjectPath, RecordPath, DeliveryPath string
	Objects                                     []EventObject
	// Attrs are all attributes as written.
	Attrs []*syntax.Attr
	Range span.Range
}

// EventObject is an object block in an events block.
type EventObject struct {
	Name            string
	Names           []Name
	RecordPath      string
	RecordPathRange span.Range
	NameRange       span.Range
}

// Attr finds an attribute, nil when it is not written.
func (e *Events) Attr(name string) *syntax.Attr {
	for _, a := range e.Attrs {
		if a.Name == name {
			return a
		}
	}
	return nil
}

func events(b *syntax.Block) *Events {
	e := &Events{
		Signature: text(b, "signature"), Window: duration(b, "window"), Header: text(b, "header"), Timestamp: text(b, "timestamp"),
		Items: text(b, "items"), ObjectPath: text(b, "object_path"), RecordPath: text(b, "record_path"), DeliveryPath: text(b, "delivery_path"),
		Attrs: b.Attrs, Range: b.Range,
	}
	for _, o := range b.Each("object") {
		if len(o.Labels) == 1 {
			e.Objects = append(e.Objects, EventObject{Name: o.Label(0), Names: texts(o, "names"), RecordPath: text(o, "record_path"),
				RecordPathRange: placeOf(o, "record_path"), NameRange: o.Labels[0].Range})
		}
	}
	return e
}
