package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/connectors/sandbox"
)

func newSandbox(a *app) *cobra.Command {
	var o sandbox.Options
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Simulated systems on this machine, filled with sample data",
		Long: `Serves simulated systems on real HTTP, one port each, with data that is the same for the same seed and as dirty
as a real tenant's. Prints one NAME=VALUE line for each address and credential that the examples read, then "ready".

  syncline sandbox > sandbox.env &
  set -a; . <(grep = sandbox.env); set +a
  syncline plan examples/health-score

Each port has control endpoints without credentials under /_sandbox/: records names the objects, records/OBJECT shows
and takes records, calls is what was asked for; faults, reset, and subscriptions for those who want to be told of
changes by a signed POST. spec/sandbox.md has all of it.

  curl -s "${SLACK_URL%/api}/_sandbox/records/messages"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			box, err := sandbox.Start(cmd.Context(), o)
			if err != nil {
				return err
			}
			defer box.Close()
			for _, line := range box.Env() {
				fmt.Fprintln(a.out, line)
			}
			fmt.Fprintln(a.out, "ready")
			<-cmd.Context().Done()
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.Addr, "addr", "127.0.0.1:0", "where to listen; with a port, the systems take it and the next ones")
	f.Int64Var(&o.Seed, "seed", 1, "which data")
	f.IntVar(&o.Companies, "companies", sandbox.DefaultCompanies, "how many companies")
	f.DurationVar(&o.Latency, "latency", 0, "added to each call, such as 20ms")
	f.StringVar(&o.Faults, "faults", "", "a `FILE` of faults to play from the start (JSON, as POST /_sandbox/faults takes them)")
	f.StringArrayVar(&o.Describe, "describe", nil, "add the objects of a Salesforce describe response saved in `FILE` (repeatable)")
	return c
}
