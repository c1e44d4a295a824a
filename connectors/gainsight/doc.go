// Package gainsight connects Gainsight CS (NXT).
//
// Records are read through the query API, page by page and in an order that holds while records change, and written
// through the object API (company, relationship, custom objects) or the Cockpit API (calls to action and
// their tasks, success plans). Picklists are ids on the wire and labels to everybody else: a record's ids become labels when it is read,
// labels in filters become ids.
//
// Gainsight publishes no schema of its API, and tenants answer differently: records under data.records or data, dates as
// milliseconds or ISO, empty answers as an empty list or as an error. What can come is read; what is sent
// is the form that is documented or known to work.
package gainsight
