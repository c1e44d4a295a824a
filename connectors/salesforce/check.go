package salesforce

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/internal/httpx"
)

// quotas are the limits worth showing, with what we call them.
var quotas = []struct{ name, label string }{
	{"DailyApiRequests", "API calls a day"},
	{"DailyBulkV2QueryJobs", "bulk queries a day"},
	{"DataStorageMB", "data storage (MB)"},
	{"FileStorageMB", "file storage (MB)"},
}

// Check logs in and finds out who we are, which versions there are, and what is left of the quotas.
func (c *conn) Check(ctx context.Context) (connectors.Report, error) {
	r := connectors.Report{Version: c.version}
	if err := c.checkVersion(ctx, &r); err != nil {
		return r, err
	}
	if err := c.checkLimits(ctx, &r); err != nil {
		return r, err
	}
	c.checkUser(ctx, &r)
	return r, nil
}

func (c *conn) checkVersion(ctx context.Context, r *connectors.Report) error {
	var versions []struct {
		Label   string `json:"label"`
		Version string `json:"version"`
	}
	if _, err := c.http.JSON(ctx, httpx.Request{Path: "/services/data"}, &versions); err != nil {
		return err
	}
	if len(versions) == 0 {
		return nil
	}
	newest, oldest := versions[0].Version, versions[0].Version
	for _, v := range versions {
		if v.Version == c.version {
			r.Version = fmt.Sprintf("%s (%s)", v.Version, v.Label)
		}
		if versionNumber(v.Version) > versionNumber(newest) {
			newest = v.Version
		}
		if versionNumber(v.Version) < versionNumber(oldest) {
			oldest = v.Version
		}
	}
	mine, most, least := versionNumber(c.version), versionNumber(newest), versionNumber(oldest)
	switch {
	case mine > most || mine < least:
		return &connectors.Error{Class: connectors.Permanent, Code: "UNSUPPORTED_API_VERSION",
			Message: fmt.Sprintf("the organisation has no version %s of the API; it has %s to %s", c.version, oldest, newest),
			Hint:    fmt.Sprintf("set api_version = %q in the connection", newest)}
	case mine < 46:
		r.Notes = append(r.Notes, fmt.Sprintf("version %s of the API lacks what we use to upsert; set api_version to %s", c.version, newest))
	case mine-least < 3 && most-mine > 20:
		r.Notes = append(r.Notes, fmt.Sprintf("version %s of the API will soon be retired; the newest is %s", c.version, newest))
	}
	return nil
}

func versionNumber(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

func (c *conn) checkLimits(ctx context.Context, r *connectors.Report) error {
	// A limit may nest others, which are no numbers: each is read by itself.
	var all map[string]struct {
		Max       float64 `json:"Max"`
		Remaining float64 `json:"Remaining"`
	}
	if _, err := c.http.JSON(ctx, httpx.Request{Path: c.path("/limits")}, &all); err != nil {
		return err
	}
	for _, q := range quotas {
		l, ok := all[q.name]
		if !ok || l.Max == 0 {
			continue
		}
		r.Quotas = append(r.Quotas, connectors.Quota{Name: q.label, Max: int64(l.Max), Left: int64(l.Remaining)})
		if left := l.Remaining / l.Max * 100; left < 10 {
			r.Notes = append(r.Notes, fmt.Sprintf("only %.0f of %.0f %s are left", l.Remaining, l.Max, q.label))
		}
	}
	return nil
}

// checkUser finds out who we are. Each part may be hidden from the user; what is, is noted.
func (c *conn) checkUser(ctx context.Context, r *connectors.Report) {
	var who struct {
		UserID         string `json:"user_id"`
		OrganizationID string `json:"organization_id"`
		Username       string `json:"preferred_username"`
		Name           string `json:"name"`
	}
	if _, err := c.http.JSON(ctx, httpx.Request{Path: "/services/oauth2/userinfo"}, &who); err != nil {
		r.Notes = append(r.Notes, "the user's identity cannot be read: "+connectors.AsError(err).Error())
	}
	r.User, r.Account = who.Username, who.OrganizationID
	if r.User == "" {
		r.User = who.UserID
	}
	if who.Name != "" && who.Name != r.User {
		r.User = fmt.Sprintf("%s (%s)", who.Name, r.User)
	}
	var org struct {
		Records []struct {
			ID        string `json:"Id"`
			Name      string `json:"Name"`
			Type      string `json:"OrganizationType"`
			IsSandbox bool   `json:"IsSandbox"`
		} `json:"records"`
	}
	q := map[string][]string{"q": {"SELECT Id,Name,OrganizationType,IsSandbox FROM Organization"}}
	if _, err := c.http.JSON(ctx, httpx.Request{Path: c.path("/query"), Query: q}, &org); err == nil && len(org.Records) == 1 {
		o := org.Records[0]
		r.Account = fmt.Sprintf("%s (%s, %s)", o.Name, o.Type, o.ID)
		if o.IsSandbox {
			r.Account += ", a sandbox"
		}
	}
	c.checkObjects(ctx, r)
}

// checkObjects notes what the user lacks that nearly every project needs.
func (c *conn) checkObjects(ctx context.Context, r *connectors.Report) {
	list, err := c.Objects(ctx)
	if err != nil {
		r.Notes = append(r.Notes, "the list of objects cannot be read: "+connectors.AsError(err).Error())
		return
	}
	if !slices.ContainsFunc(list, func(o connectors.ObjectInfo) bool { return o.Name == "Account" }) {
		r.Notes = append(r.Notes, fmt.Sprintf("the user sees %d objects, and Account is not among them; check its profile and permission sets", len(list)))
		return
	}
	r.Notes = append(r.Notes, fmt.Sprintf("the user sees %d objects", len(list)))
}
