package sandbox

import (
	"github.com/syncline/syncline/connectors/sandbox/gainsight"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// simulations lists the systems, in the order of their ports.
func simulations() []simulation {
	return []simulation{
		{"gainsight", openGainsight},
	}
}

func openGainsight(url string, w *world.World, o Options) (harness.System, []string, error) {
	return gainsight.New(w, gainsight.Options{Now: o.Now}), gainsight.Env(url), nil
}
