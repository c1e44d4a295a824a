package sandbox

import (
	"github.com/syncline/syncline/connectors/sandbox/gainsight"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/salesforce"
	"github.com/syncline/syncline/connectors/sandbox/sink"
	"github.com/syncline/syncline/connectors/sandbox/slack"
	"github.com/syncline/syncline/connectors/sandbox/smtp"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// simulations lists the systems, in the order of their ports.
func simulations() []simulation {
	return []simulation{
		{"salesforce", openSalesforce},
		{"gainsight", openGainsight},
		{"slack", openSlack},
		{"smtp", openSMTP},
		{"sink", openSink},
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

func openSlack(url string, w *world.World, o Options) (harness.System, []string, error) {
	return slack.New(slack.Options{World: w, Now: o.Now}), slack.Env(url), nil
}

// openSMTP gives mail a port of its own, the first after those of all systems.
func openSMTP(url string, _ *world.World, o Options) (harness.System, []string, error) {
	addr, err := portAfter(o.Addr, len(simulations()))
	if err != nil {
		return nil, nil, err
	}
	s, err := smtp.New(smtp.Options{Control: url, Addr: addr})
	if err != nil {
		return nil, nil, err
	}
	return s, s.Env(), nil
}

func openSink(url string, _ *world.World, o Options) (harness.System, []string, error) {
	return sink.New(o.Now), sink.Env(url), nil
}
