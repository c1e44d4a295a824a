// Package slack posts messages to Slack, as an app with a bot token or through an incoming webhook.
//
// Slack has no idempotency key: a message that is posted twice shows twice. Each message of a token therefore carries
// the key of its firing as message metadata, which people do not see, and where the token may read the channel's
// history, Trace finds out whether a message arrived whose answer was lost. A webhook says nothing afterwards; there such a
// message is held for a person.
//
// Texts are Slack's own markup. What comes from records cannot call a whole channel: <!channel> and its kin are
// shown as text unless the connection allows them.
package slack
