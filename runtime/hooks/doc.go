// Package hooks takes in what systems tell of changes over HTTP. It sees that an event is genuine, fresh and of bearable
// size, finds out what changed, and answers once that is stored. What is done about it is for the runtime to say.
//
// Whoever can reach the server can post here, so nothing of a request is believed, decoded or kept before its signature was
// seen to be right, and what is read until then is bounded for one request and for all of them together.
package hooks
