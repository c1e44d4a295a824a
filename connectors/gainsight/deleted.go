package gainsight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// deletesKept is how long Gainsight keeps its log of deletions.
const deletesKept = 15 * 24 * time.Hour

// deleteLogs are the objects that hold it; the second is of tenants with high-volume objects.
var deleteLogs = []string{"record_delete_log", "record_delete_log_high_volume"}

// logColumns are the fields of a log; they are the same everywhere, and the logs need not be described.
var logColumns = []*column{
	{field: &field{form: formText, schema: schema.Field{Name: "RecordId", Kind: schema.Text}}, path: "RecordId", wire: "RecordId"},
	{field: &field{form: formDateTime, schema: schema.Field{Name: "DeletedOn", Kind: schema.DateTime}}, path: "DeletedOn", wire: "DeletedOn"},
	{field: &field{form: formText, schema: schema.Field{Name: "ObjectName", Kind: schema.Text}}, path: "ObjectName", wire: "ObjectName"},
}

// Deleted implements connectors.DeletedReader.
func (c *conn) Deleted(ctx context.Context, object *schema.Object, since query.Cursor) (ids []string, next query.Cursor, complete bool, err error) {
	o, err := c.object(ctx, object.Name)
	if err != nil {
		return nil, since, false, err
	}
	if since == "" {
		return nil, query.Cursor(c.now().Add(-overlap).UTC().Format(time.RFC3339)), true, nil
	}
	from, err := time.Parse(time.RFC3339, string(since))
	if err != nil {
		return nil, since, false, permanent("compare all ids instead", "the cursor %.60q is none that this connector made", string(since))
	}
	// Deletions that were under way are looked for again.
	start := c.serverNow().Add(-overlap)
	seen := map[string]bool{}
	complete = start.Sub(from) < deletesKept-24*time.Hour
	for i, log := range deleteLogs {
		found, err := c.readLog(ctx, log, o.name, from, seen)
		if err != nil {
			return nil, since, false, err
		}
		if i == 0 && !found {
			complete = false
		}
	}
	for id := range seen {
		ids = append(ids, id)
	}
	if start.Before(from) {
		start = from
	}
	return ids, query.Cursor(start.UTC().Format(time.RFC3339)), complete, nil
}

// readLog adds the ids in one log; false when the tenant does not have it. The log only grows, so pages by number do not
// shift, and what is deleted meanwhile comes last.
func (c *conn) readLog(ctx context.Context, log, objectName string, from time.Time, into map[string]bool) (bool, error) {
	r := &rows{c: c, object: &object{name: log}, page: c.pageSize, key: -1, modified: -1, columns: logColumns,
		q:      query.Read{Layout: value.NewLayout("RecordId", "DeletedOn", "ObjectName")},
		pager:  &byNumber{order: orderBy{{name: "DeletedOn"}}},
		filter: filter{conditions: []condition{{Name: "ObjectName", Operator: "EQ", Value: []any{objectName}}, {Name: "DeletedOn", Operator: "GTE", Value: []any{wireSecond(from.UnixMicro())}}}}}
	r.decoder, r.layout = newDecoder(log, logColumns, 0, c.zone), r.q.Layout
	batch := value.NewBatch(r.q.Layout, 100)
	for {
		err := r.Next(ctx, batch)
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			if missingObject(connectors.AsError(err)) || connectors.AsError(err).Code == "http_404" {
				return false, nil
			}
			return false, fmt.Errorf("reading %s: %w", log, err)
		}
		for i := range batch.Len() {
			if rec := batch.Record(i); strings.EqualFold(rec.At(2).AsText(), objectName) {
				into[strings.Clone(rec.At(0).AsText())] = true
			}
		}
	}
}
