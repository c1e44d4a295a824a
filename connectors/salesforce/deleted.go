package salesforce

import (
	"context"
	"net/url"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
)

const (
	// deletedBack is how far back Salesforce knows deletions: fifteen days, less a margin for the way there.
	deletedBack = 15*24*time.Hour - time.Hour
	// deletedSpan is the least time that a question must cover; Salesforce looks at whole minutes.
	deletedSpan = 2 * time.Minute
)

// deletedAnswer is the answer of GET /sobjects/NAME/deleted.
type deletedAnswer struct {
	DeletedRecords []struct {
		ID string `json:"id"`
	} `json:"deletedRecords"`
	EarliestDateAvailable string `json:"earliestDateAvailable"`
	LatestDateCovered     string `json:"latestDateCovered"`
}

// Deleted asks for the ids of records deleted since the cursor. Some may be given again.
func (c *conn) Deleted(ctx context.Context, object *schema.Object, since query.Cursor) ([]string, query.Cursor, bool, error) {
	end := c.serverNow().UTC().Truncate(time.Second)
	start, complete := end.Add(-deletedSpan), true
	if since != "" {
		at, err := parseCursor(since)
		if err != nil {
			return nil, since, false, err
		}
		if at.At.Before(start) {
			start = at.At
		}
		if oldest := end.Add(-deletedBack); start.Before(oldest) {
			start, complete = oldest, false
		}
	}
	q := url.Values{"start": {start.Format(time.RFC3339)}, "end": {end.Format(time.RFC3339)}}
	var answer deletedAnswer
	a, err := c.http.JSON(ctx, httpx.Request{Path: c.path("/sobjects/" + object.Name + "/deleted"), Query: q}, &answer)
	if err != nil {
		if connectors.AsError(err).Code == "EXCEEDED_ID_LIMIT" {
			// More were deleted than fit into an answer: all ids have to be compared.
			return nil, cursor{At: end.Add(-deletedSpan)}.encode(), false, nil
		}
		return nil, since, false, err
	}
	covered, ok := parseInstant([]byte(answer.LatestDateCovered))
	if !ok {
		return nil, since, false, c.http.Unreadable(a, true, errNoDate)
	}
	next := cursor{At: time.UnixMicro(covered)}.encode()
	if since == "" {
		return nil, next, true, nil
	}
	if earliest, ok := parseInstant([]byte(answer.EarliestDateAvailable)); ok && time.UnixMicro(earliest).After(start) {
		complete = false // the log was purged
	}
	ids := make([]string, len(answer.DeletedRecords))
	for i, r := range answer.DeletedRecords {
		ids[i] = r.ID
	}
	return ids, next, complete, nil
}

type dateError struct{}

func (dateError) Error() string { return "it does not say what time it covers" }

var errNoDate error = dateError{}
