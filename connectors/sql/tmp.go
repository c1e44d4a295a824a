package sql

import (
	"context"
	"github.com/syncline/syncline/connectors"
)

func openPostgres(context.Context, connectors.Config) (*connection, error) { return nil, nil }
func openMySQL(context.Context, connectors.Config) (*connection, error)    { return nil, nil }
