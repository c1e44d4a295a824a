package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/runtime"
)

func newCheck(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Validate each connection: credentials, permissions, objects found, limits left",
		Long:  "Exit 0: all connections are well, 1: one is not, 2: could not run.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, r, err := a.openProject(args)
			if err != nil {
				return err
			}
			defer r.Close()
			results, err := r.Check(cmd.Context())
			if err != nil {
				return err
			}
			bad := false
			for _, c := range results {
				bad = bad || c.Err != nil
			}
			if a.format == "json" {
				err = printJSON(a.out, map[string]any{"connections": checkJSON(results)})
			} else {
				a.printChecks(results)
			}
			if err == nil && bad {
				err = errProblems
			}
			return err
		},
	}
	a.formats(c, "text", "json")
	return c
}

type checkResult struct {
	Connection string             `json:"connection"`
	System     string             `json:"system"`
	OK         bool               `json:"ok"`
	Error      string             `json:"error,omitempty"`
	Class      string             `json:"class,omitempty"`
	Objects    int                `json:"objects"`
	Report     *connectors.Report `json:"report,omitempty"`
}

func checkJSON(results []runtime.CheckResult) []checkResult {
	out := []checkResult{}
	for _, c := range results {
		j := checkResult{Connection: c.Connection, System: c.System, OK: c.Err == nil, Objects: c.Objects, Report: c.Report}
		if c.Err != nil {
			j.Error = c.Err.Error()
			var e *connectors.Error
			if errors.As(c.Err, &e) {
				j.Class = e.Class.String()
			}
		}
		out = append(out, j)
	}
	return out
}

func (a *app) printChecks(results []runtime.CheckResult) {
	for _, c := range results {
		if c.Err != nil {
			fmt.Fprintf(a.out, "%s %s (%s)\n    %v\n", a.paint(a.out, red, "failed"), c.Connection, c.System, c.Err)
			continue
		}
		fmt.Fprintf(a.out, "%s     %s (%s): %s found\n", a.paint(a.out, green, "ok"), c.Connection, c.System, count(c.Objects, "object"))
		if c.Report == nil {
			continue
		}
		line := func(name, text string) {
			if text != "" {
				fmt.Fprintf(a.out, "    %-8s %s\n", name, text)
			}
		}
		line("user", c.Report.User)
		line("account", c.Report.Account)
		line("version", c.Report.Version)
		for _, q := range c.Report.Quotas {
			line("limit", quotaText(q))
		}
		for _, n := range c.Report.Notes {
			line("note", n)
		}
	}
}

func quotaText(q connectors.Quota) string {
	if q.Left < 0 {
		return fmt.Sprintf("%s: %d, the system does not say how many are left", q.Name, q.Max)
	}
	return fmt.Sprintf("%s: %d of %d left", q.Name, q.Left, q.Max)
}
