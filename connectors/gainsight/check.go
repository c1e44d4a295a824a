package gainsight

import (
	"context"
	"fmt"
	"net/url"

	"github.com/syncline/syncline/connectors"
)

// Check implements connectors.Checker.
func (c *conn) Check(ctx context.Context) (connectors.Report, error) {
	r := connectors.Report{Version: "NXT (v1, v2)", User: "the owner of the access key"}
	if c.config.Settings.Text("client_id") != "" {
		r.User = "OAuth client " + c.config.Settings.Text("client_id")
	}
	if u, err := url.Parse(c.config.Settings.Text("url")); err == nil && u.Host != "" {
		r.Account = u.Host
	} else {
		r.Account = c.config.Settings.Text("url")
	}
	list, err := c.list(ctx)
	if err != nil {
		return r, err
	}
	r.Notes = append(r.Notes, fmt.Sprintf("%d objects can be seen", len(list)))
	if _, ok := list["company"]; !ok {
		r.Notes = append(r.Notes, "the object company is not among them: the key may lack permission for it")
	}
	if _, ok := list[deleteLogs[0]]; !ok {
		if found, err := c.readLog(ctx, deleteLogs[0], "company", c.now(), map[string]bool{}); err == nil && !found {
			r.Notes = append(r.Notes, "the tenant keeps no record_delete_log: deletions are found by comparing all ids")
		}
	}
	// What other clients of the tenant use of its limits, Gainsight does not tell, so there is no quota to show.
	r.Notes = append(r.Notes, fmt.Sprintf("kept to %d calls a minute and %d a day (requests_per_minute, requests_per_day)", c.perMin, c.perDay))
	c.served.mu.Lock()
	defer c.served.mu.Unlock()
	if c.served.limit != "" {
		r.Notes = append(r.Notes, "the tenant states a limit of "+c.served.limit+" calls (x-ratelimit-limit)")
	}
	return r, nil
}
