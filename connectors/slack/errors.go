package slack

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

// code is what an error code of Slack means to us.
type code struct {
	class connectors.Class
	text  string
	hint  string
}

const (
	inviteHint = "invite the app in the channel: /invite @NAME"
	tokenHint  = "make a new bot token in the app's settings, OAuth & Permissions"
)

// codes are the errors of the Web API that we know. Others are of class Permanent.
var codes = map[string]code{
	"not_authed":                               {connectors.Auth, "no token was sent", tokenHint},
	"invalid_auth":                             {connectors.Auth, "the token is not valid", tokenHint},
	"account_inactive":                         {connectors.Auth, "the token's user or workspace was deleted", tokenHint},
	"token_revoked":                            {connectors.Auth, "the token was revoked", tokenHint},
	"token_expired":                            {connectors.Auth, "the token has expired", tokenHint},
	"org_login_required":                       {connectors.Auth, "the workspace is being moved to an Enterprise organisation", ""},
	"not_allowed_token_type":                   {connectors.Auth, "this kind of token may not do this", "use the bot token, xoxb-…"},
	"missing_scope":                            {connectors.Permanent, "the token lacks a scope", ""},
	"no_permission":                            {connectors.Permanent, "the token may not do this", ""},
	"access_denied":                            {connectors.Permanent, "the token may not do this", ""},
	"accesslimited":                            {connectors.Permanent, "this network address may not use the workspace", ""},
	"ekm_access_denied":                        {connectors.Permanent, "the organisation's administrators have suspended posting", ""},
	"team_access_not_granted":                  {connectors.Permanent, "the token has no access to the workspace", ""},
	"channel_not_found":                        {connectors.Reject, "there is no such channel, or the app cannot see it", inviteHint},
	"not_in_channel":                           {connectors.Reject, "the app is not in the channel", inviteHint + ", or give it the scope chat:write.public"},
	"is_archived":                              {connectors.Reject, "the channel is archived", ""},
	"restricted_action":                        {connectors.Reject, "the workspace does not let the app post here", ""},
	"restricted_action_read_only_channel":      {connectors.Reject, "the channel is read-only", ""},
	"restricted_action_thread_only_channel":    {connectors.Reject, "in this channel only threads may be answered", ""},
	"restricted_action_non_threadable_channel": {connectors.Reject, "in this channel threads cannot be answered", ""},
	"users_not_found":                          {connectors.Reject, "no person in the workspace has this e-mail address", ""},
	"user_not_found":                           {connectors.Reject, "there is no such person in the workspace", ""},
	"user_disabled":                            {connectors.Reject, "the person's account is deactivated", ""},
	"cannot_dm_bot":                            {connectors.Reject, "apps cannot write to apps", ""},
	"messages_tab_disabled":                    {connectors.Reject, "the app does not take direct messages", "switch on the Messages tab in the app's settings, App Home"},
	"thread_not_found":                         {connectors.Reject, "there is no such thread", ""},
	"invalid_thread_ts":                        {connectors.Reject, "this is not the id of a message", "write the Id of an earlier message of the same channel"},
	"msg_too_long":                             {connectors.Reject, "the text is too long", "shorten it: truncate(x, 4000)"},
	"no_text":                                  {connectors.Reject, "the text is empty", ""},
	"invalid_arguments":                        {connectors.Reject, "Slack does not take an argument", ""},
	"as_user_not_supported":                    {connectors.Permanent, "", ""},
	"ratelimited":                              {connectors.Limit, "Slack asks us to slow down", ""},
	"rate_limited":                             {connectors.Limit, "Slack asks us to slow down", ""},
	"message_limit_exceeded":                   {connectors.Limit, "the workspace takes no more messages for now", ""},
	"service_unavailable":                      {connectors.Retry, "Slack is not available", ""},
	"request_timeout":                          {connectors.Retry, "the request did not reach Slack whole", ""},
	"team_added_to_org":                        {connectors.Retry, "the workspace is being moved to an Enterprise organisation", ""},
	// Slack says of these two that part of the work may have been done.
	"fatal_error":    {connectors.InDoubt, "Slack failed while it worked on the request", ""},
	"internal_error": {connectors.InDoubt, "Slack failed while it worked on the request", ""},
}

// result is what every answer of the Web API begins with.
type result struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"`
	Provided string `json:"provided"`
	Metadata struct {
		Messages []string `json:"messages"`
		Next     string   `json:"next_cursor"`
	} `json:"response_metadata"`
}

// failure makes the error of an answer that says ok: false. safe: the call changes nothing.
func failure(r result, safe bool) *connectors.Error {
	e := &connectors.Error{Class: connectors.Permanent, Code: r.Error, Message: "Slack refused the call"}
	if k, known := codes[r.Error]; known {
		e.Class, e.Hint = k.class, k.hint
		if k.text != "" {
			e.Message = k.text
		}
	}
	switch {
	case e.Class == connectors.InDoubt && safe:
		e.Class = connectors.Retry
	case e.Class == connectors.Limit:
		e.RetryAfter = 30 * time.Second // where the header says nothing
	}
	if r.Needed != "" {
		e.Hint = "give the app the scope " + r.Needed + " and install it again"
	}
	if len(r.Metadata.Messages) > 0 {
		e.Message += ": " + strings.Join(r.Metadata.Messages, "; ")
	}
	return e
}

// classify makes the error of a call of the Web API whose status is not 200.
func classify(a *httpx.Answer, safe bool) *connectors.Error {
	var r result
	if json.Unmarshal(a.Body, &r) != nil || r.Error == "" {
		return nil
	}
	e := failure(r, safe)
	switch {
	case a.Status == http.StatusTooManyRequests:
		e.Class = connectors.Limit
	case a.Status == http.StatusServiceUnavailable:
		e.Class = connectors.Retry
	case a.Status >= 500 && !safe:
		e.Class = connectors.InDoubt
	case a.Status >= 500:
		e.Class = connectors.Retry
	}
	return e
}

var hookCode = regexp.MustCompile(`^[a-z_]{3,60}$`)

const newHookHint = "make a new webhook in the app's settings, Incoming Webhooks"

// classifyHook makes the error of a webhook, whose answers are one word.
func classifyHook(a *httpx.Answer, _ bool) *connectors.Error {
	word := strings.TrimSpace(string(a.Body[:min(len(a.Body), 200)]))
	e := &connectors.Error{Class: connectors.Permanent, Code: word, Message: "the webhook answered " + word}
	if !hookCode.MatchString(word) || a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable {
		return nil
	}
	switch word {
	case "no_service", "no_team", "no_active_hooks", "invalid_token", "team_disabled", "no_service_id":
		e.Class, e.Message, e.Hint = connectors.Auth, "the webhook does not exist any more", newHookHint
	case "channel_is_archived", "channel_not_found", "user_not_found":
		e.Message, e.Hint = "the webhook's channel is gone or archived", newHookHint
	case "action_prohibited", "posting_to_general_channel_denied":
		e.Message = "the workspace does not let the webhook post to its channel"
	case "invalid_payload", "no_text", "too_many_attachments", "invalid_blocks", "msg_too_long":
		e.Class, e.Message = connectors.Reject, "the webhook refuses the message"
	default:
		if a.Status >= 500 {
			e.Class, e.Message = connectors.InDoubt, "Slack failed while it worked on the message"
		}
	}
	return e
}
