package connectors

import "context"

type hastyKey struct{}

// Hasty marks calls for which a person is waiting, such as those that ask for schemas: a system that does not answer
// is to be reported soon, rather than tried for long.
func Hasty(ctx context.Context) context.Context { return context.WithValue(ctx, hastyKey{}, true) }

// IsHasty tells whether a person is waiting.
func IsHasty(ctx context.Context) bool { return ctx.Value(hastyKey{}) != nil }
