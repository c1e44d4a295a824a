package salesforce

import (
	"context"
	"net/url"
	"strings"
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

	from *httpx.Answer
}

// Deleted asks for the ids of records deleted since the cursor. Some may be given again.
func (c *conn) Deleted(ctx context.Context, object *schema.Object, since query.Cursor) ([]string, query.Cursor, bool, error) {
	now := c.serverNow().UTC().Truncate(time.Minute)
	start, complete := now.Add(-deletedSpan), true
	if since != "" {
		at, err := parseCursor(since)
		if err != nil {
			return nil, since, false, err
		}
		if at.At.Before(start) {
			start = at.At
		}
		if oldest := now.Add(-deletedBack); start.Before(oldest) {
			start, complete = oldest, false
		}
	}
	// Seconds are ignored, so only the end of the minute covers what was deleted just now. Where that is
	// taken for a date in the future, the minute is left to the next question.
	answer, err := c.deleted(ctx, object, start, now.Add(time.Minute))
	if e := connectors.AsError(err); e != nil && e.Code == "INVALID_REPLICATION_DATE" {
		answer, err = c.deleted(ctx, object, start, now)
	}
	if err != nil {
		if forgotten(connectors.AsError(err)) {
			return nil, cursor{At: now}.encode(), false, nil
		}
		return nil, since, false, err
	}
	covered, ok := parseInstant([]byte(answer.LatestDateCovered))
	if !ok {
		return nil, since, false, c.http.Unreadable(answer.from, true, errNoDate)
	}
	next := now // this minute is not over
	if at := time.UnixMicro(covered); at.Before(next) {
		next = at
	}
	if since == "" {
		return nil, cursor{At: next}.encode(), true, nil
	}
	if earliest, ok := parseInstant([]byte(answer.EarliestDateAvailable)); ok && time.UnixMicro(earliest).After(start) {
		complete = false // the log was purged
	}
	ids := make([]string, len(answer.DeletedRecords))
	for i, r := range answer.DeletedRecords {
		ids[i] = r.ID
	}
	return ids, cursor{At: next}.encode(), complete, nil
}

// deleted asks once.
func (c *conn) deleted(ctx context.Context, object *schema.Object, start, end time.Time) (*deletedAnswer, error) {
	var out deletedAnswer
	q := url.Values{"start": {start.UTC().Format(time.RFC3339)}, "end": {end.UTC().Format(time.RFC3339)}}
	a, err := c.http.JSON(ctx, httpx.Request{Path: c.path("/sobjects/" + object.Name + "/deleted"), Query: q}, &out)
	out.from = a
	return &out, err
}

// forgotten tells whether Salesforce cannot say which records were deleted, so that all ids have to be compared: there
// were too many, its log was purged, or it keeps none of the object.
func forgotten(e *connectors.Error) bool {
	return e.Code == "EXCEEDED_ID_LIMIT" || e.Code == "INVALID_REPLICATION_DATE" || strings.Contains(e.Message, "not replicable")
}

type dateError struct{}

func (dateError) Error() string { return "it does not say what time it covers" }

var errNoDate error = dateError{}
