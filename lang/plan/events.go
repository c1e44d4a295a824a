package plan

import "time"

// Events says how a connection's system tells of changes. A path is names with dots between ("data.id"), or "header:NAME".
type Events struct {
	// Signature is "hmac-sha256", "token", "standard", "slack" or "stripe".
	Signature string
	Secret    Setting
	OldSecret *Setting // nil: none
	// Header has the signature or token, Timestamp when it was sent; "" where the signature says so itself.
	Header, Timestamp string
	// Window is how old an event may be.
	Window time.Duration
	// Items is where a list of events is; "": the payload is one event.
	Items string
	// ObjectPath, RecordPath and DeliveryPath are where an event says what changed and which event it is; "": it does not.
	ObjectPath, RecordPath, DeliveryPath string
	Objects                              []EventObject
}

// EventObject is what the events of one object are called.
type EventObject struct {
	Name string
	// Names are what stands at ObjectPath, where * stands for any letters; the name itself always counts too.
	Names      []string
	RecordPath string // "": that of Events
}
