package sql

import (
	"context"
	"github.com/syncline/syncline/connectors"
)

func openMySQL(context.Context, connectors.Config) (*connection, error) { return nil, nil }
