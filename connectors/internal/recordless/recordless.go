// Package recordless is the part of a connection that systems without records share: they only take messages.
package recordless

import (
	"context"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// Schema is embedded in a connection whose system has no objects; it is the system's name.
type Schema string

// Objects gives none.
func (s Schema) Objects(ctx context.Context) ([]connectors.ObjectInfo, error) { return nil, ctx.Err() }

// Describe gives a catalog without objects.
func (s Schema) Describe(ctx context.Context, _ []string, _ *schema.Catalog) (*schema.Catalog, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &schema.Catalog{System: string(s), Objects: map[string]*schema.Object{}}, nil
}
