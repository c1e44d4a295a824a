// Package gainsight simulates a Gainsight CS (NXT) tenant: metadata, the query and object
// APIs, Cockpit, success plans, timeline, people and users, with the paths, bodies, limits and
// error codes of the real one as far as they are known.
//
// Where tenants differ (records under data.records or data, dates in milliseconds or ISO), Options choose.
// Picklists are item ids on the wire; the control endpoints show labels.
//
// Objects are filled from the world when they are first touched, so that 100,000 companies cost
// nothing for what nobody asks for. Records are kept in two orders, by Gsid and by time of
// change, which makes a keyset page a search and a copy.
package gainsight
