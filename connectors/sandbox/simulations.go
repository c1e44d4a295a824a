package sandbox

import (
	"github.com/syncline/syncline/connectors/sandbox/gainsight"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/salesforce"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// simulations lists the systems, in the order of their ports.
func simulations() []simulation {
	return []simulation{
		{"salesforce", openSalesforce},
		{"gainsight", openGainsight},
	}
}

func openSalesforce(url string, w *world.World, o Options) (harness.System, []string, error) {
	s, err := salesforce.New(salesforce.Options{World: w, URL: url, Describe: o.Describe, Now: o.Now})
	if err != nil {
		return nil, nil, err
	}
	return s, s.Env(), nil
}

func openGainsight(url string, w *world.World, o Options) (harness.System, []string, error) {
	return gainsight.New(w, gainsight.Options{Now: o.Now}), gainsight.Env(url), nil
}
