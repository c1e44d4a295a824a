package runtime

import (
	"context"
	"fmt"
	"sync"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
)

// CheckResult is how a connection is.
type CheckResult struct {
	Connection, System string
	Err                error
	Objects            int
	Report             *connectors.Report // nil: the system has nothing to report
}

// Check validates every connection of the project, all at once. The error is one of reading the project.
func (r *Runtime) Check(ctx context.Context) ([]CheckResult, error) {
	conns, err := r.Connections()
	if err != nil {
		return nil, err
	}
	results := make([]CheckResult, len(conns))
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() { results[i] = r.checkOne(ctx, c) })
	}
	wg.Wait()
	return results, nil
}

func (r *Runtime) checkOne(ctx context.Context, c *plan.Connection) CheckResult {
	out := CheckResult{Connection: c.Name, System: c.System}
	conn, err := r.Connect(ctx, c)
	if err != nil {
		out.Err = unlabelled(err, c.Name)
		return out
	}
	ctx = connectors.Hasty(ctx)
	objects, err := conn.Objects(ctx)
	if err != nil {
		out.Err = err
		return out
	}
	out.Objects = len(objects)
	checker, ok := conn.(connectors.Checker)
	if !ok {
		return out
	}
	report, err := checker.Check(ctx)
	if err != nil {
		out.Err = fmt.Errorf("the objects can be listed, but the check failed: %w", err)
		return out
	}
	out.Report = &report
	return out
}
