package planner

import (
	"cmp"
	"time"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/resolve"
)

// eventPaths are where systems with a signature of their own have things.
var eventPaths = map[string]plan.Events{
	"standard": {DeliveryPath: "header:webhook-id"},
	"slack":    {DeliveryPath: "event_id", ObjectPath: "event.type"},
	"stripe":   {DeliveryPath: "id", ObjectPath: "data.object.object", RecordPath: "data.object.id"},
}

// eventHeaders are the headers of signatures that leave it open.
var eventHeaders = map[string]string{"hmac-sha256": "X-Signature", "token": "Authorization"}

func events(d *resolve.Events) *plan.Events {
	if d == nil {
		return nil
	}
	own := eventPaths[d.Signature]
	out := &plan.Events{Signature: d.Signature, Header: cmp.Or(d.Header, eventHeaders[d.Signature]), Timestamp: d.Timestamp,
		Window: cmp.Or(d.Window, 5*time.Minute), Items: d.Items, ObjectPath: cmp.Or(d.ObjectPath, own.ObjectPath),
		RecordPath: cmp.Or(d.RecordPath, own.RecordPath), DeliveryPath: cmp.Or(d.DeliveryPath, own.DeliveryPath)}
	if a := d.Attr("secret"); a != nil {
		out.Secret, _ = setting(a.Value)
	}
	if a := d.Attr("old_secret"); a != nil {
		if s, ok := setting(a.Value); ok {
			out.OldSecret = &s
		}
	}
	for _, o := range d.Objects {
		names := make([]string, len(o.Names))
		for i, n := range o.Names {
			names[i] = n.Text
		}
		out.Objects = append(out.Objects, plan.EventObject{Name: o.Name, Names: names, RecordPath: o.RecordPath})
	}
	return out
}
