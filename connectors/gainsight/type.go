package gainsight

import (
	"context"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// Gainsight's own limits of synchronous calls. Packages vary, so settings can change them.
const (
	callsPerMinute = 100
	callsPerDay    = 50000
)

// System is what the checker must know of a Gainsight connection.
func System() schema.System {
	return schema.System{
		Name:    "gainsight",
		Doc:     "Gainsight CS (NXT): companies, calls to action, custom objects. With an access key, or with an OAuth client.",
		Counted: true,
		Settings: []schema.Setting{
			{Name: "url", Required: true, Doc: "address of the tenant, such as https://acme.gainsightcloud.com"},
			{Name: "access_key", Secret: true, Doc: "key of the connector “Gainsight API” (Administration > Connectors 2.0); does not expire"},
			{Name: "client_id", Doc: "OAuth API key of a machine-to-machine client; instead of access_key, with client_secret"},
			{Name: "client_secret", Secret: true, Doc: "secret of the machine-to-machine client"},
			{Name: "requests_per_minute", Kind: schema.SettingNumber, Doc: "calls a minute that the tenant's package allows; 100 when not given"},
			{Name: "requests_per_day", Kind: schema.SettingNumber, Doc: "calls a day that the tenant's package allows; 50000 when not given"},
			{Name: "timezone", Doc: "zone of the tenant, such as America/New_York: dates that come as instants are days in it; UTC when not given"},
			{Name: "page_size", Kind: schema.SettingNumber, Doc: "records a read call asks for, at most 5000; fewer where records are large"},
		},
	}
}

// Type is the connector.
func Type() connectors.Type { return connectors.Type{System: System(), Open: open} }

func open(_ context.Context, config connectors.Config) (connectors.Connection, error) {
	c, err := newConn(config)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// location reads the setting timezone.
func location(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, settingError("timezone", "%q is not the name of a time zone; write one like Europe/Berlin", name)
	}
	return loc, nil
}
