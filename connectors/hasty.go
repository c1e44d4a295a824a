package connectors

import "context"

type hastyKey struct{}

// Hasty marks calls for which a person is waiting, such as those that ask for schemas: a system that does not answer
// is to be reported soon, rather than tried for long.
func Hasty(ctx context.Context) context.Context { return context.WithValue(ctx, hastyKey{}, true) }

// IsHasty tells whether a person is waiting.
func IsHasty(ctx context.Context) bool { return ctx.Value(hastyKey{}) != nil }

type leaveKey struct{}

// Leaving marks calls whose caller goes when leave ends: what they only wait for their turn with is not begun then. What
// was begun goes on under the call's own context.
func Leaving(ctx, leave context.Context) context.Context {
	return context.WithValue(ctx, leaveKey{}, leave)
}

// WhileStaying gives a context that ends with ctx, and when the caller goes.
func WhileStaying(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(ctx)
	if leave, _ := ctx.Value(leaveKey{}).(context.Context); leave != nil {
		stop := context.AfterFunc(leave, cancel)
		return out, func() { stop(); cancel() }
	}
	return out, cancel
}

type onceKey struct{}

// Once marks calls that their caller tries again by itself: a connector sends each request one time. Of calls that are
// not marked the connector is the one who tries again, and says with Error.Exhausted that it did.
func Once(ctx context.Context) context.Context { return context.WithValue(ctx, onceKey{}, true) }

// IsOnce tells whether the caller tries again by itself.
func IsOnce(ctx context.Context) bool { return ctx.Value(onceKey{}) != nil }
