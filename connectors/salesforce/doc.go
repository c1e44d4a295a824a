// Package salesforce connects to Salesforce through its REST API.
//
// A connection logs in by OAuth (client credentials, JWT bearer or a refresh token), describes objects as
// its user sees them, reads with SOQL page by page into slots, writes through sObject collections
// (200 records a call, each with its own outcome) and writes groups through composite requests, all or none.
//
// Changed records are found by SystemModstamp. A stamp is set before its transaction ends, so a record can
// appear with a stamp that lies before those already read; every read therefore begins a few minutes
// before the last one did. Within a second, records are told apart by their id.
//
// Every write carries Sforce-Call-Options, so that change events tell our own writes from those of people.
package salesforce
