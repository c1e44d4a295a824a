// Package builtin is the one list of the connectors that this program carries.
package builtin

import (
	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/file"
	"github.com/syncline/syncline/connectors/gainsight"
	"github.com/syncline/syncline/connectors/http"
	"github.com/syncline/syncline/connectors/salesforce"
	"github.com/syncline/syncline/connectors/slack"
	"github.com/syncline/syncline/connectors/smtp"
	"github.com/syncline/syncline/connectors/sql"
)

// Registry gives all connectors by name.
func Registry() connectors.Registry {
	return connectors.NewRegistry(
		salesforce.Type(),
		gainsight.Type(),
		file.Type(),
		sql.SQLite(),
		sql.Postgres(),
		sql.MySQL(),
		slack.Type(),
		smtp.Type(),
		http.Type(),
	)
}
