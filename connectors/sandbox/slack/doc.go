// Package slack simulates a Slack workspace: the methods of the Web API that an app needs to post and to look up what was
// posted, and an incoming webhook. Failures are answered as Slack does: status 200 with ok false, 429 with Retry-After,
// webhooks in one word.
//
// The control endpoints show messages, channels and users; messages hold everything that was posted, oldest first.
package slack
