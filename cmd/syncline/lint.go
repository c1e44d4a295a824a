package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/spec"
)

func newLint(a *app) *cobra.Command {
	var mode, explain string
	c := &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Check a project against the schemas of its systems",
		Long: `Parses and type-checks all .sync.hcl files of a folder against the live schemas of the systems that they name, or
against schema.lock.json. Exit 0: no error, 1: errors, 2: could not run.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if explain != "" {
				return a.explain(explain)
			}
			c, err := a.compile(cmd, args, runtime.SchemaMode(mode))
			if err != nil {
				return err
			}
			defer c.Close()
			if err := a.printDiagnostics(c.Diagnostics); err != nil {
				return err
			}
			if c.Diagnostics.HasErrors() {
				return errProblems
			}
			return nil
		},
	}
	c.Flags().StringVar(&mode, "schema", "auto", "where schemas come from: auto, live or lock")
	c.Flags().StringVar(&explain, "explain", "", "show the page on a diagnostic, such as `SYN203`")
	_ = c.RegisterFlagCompletionFunc("schema", cobra.FixedCompletions([]string{"auto", "live", "lock"}, cobra.ShellCompDirectiveNoFileComp))
	a.formats(c, "text", "json", "sarif")
	return c
}

func (a *app) explain(code string) error {
	page, ok := spec.Page(strings.ToUpper(code))
	if !ok {
		return fmt.Errorf("there is no diagnostic %s", code)
	}
	fmt.Fprintln(a.out, strings.TrimSpace(page))
	return nil
}

// printDiagnostics prints in the form asked for. Text ends with the counts.
func (a *app) printDiagnostics(list diag.List) error {
	switch a.format {
	case "json":
		return diag.WriteJSON(a.out, list)
	case "sarif":
		return diag.WriteSARIF(a.out, list, version())
	}
	if err := diag.WriteText(a.out, list, diag.TextOptions{Color: a.colours(a.out)}); err != nil {
		return err
	}
	switch errs, warns := list.Errors(), list.Warnings(); {
	case errs > 0:
		fmt.Fprintf(a.out, "%s, %s\n", a.paint(a.out, red, count(errs, "error")), count(warns, "warning"))
	case warns > 0:
		fmt.Fprintf(a.out, "%s\n", a.paint(a.out, yellow, count(warns, "warning")))
	default:
		fmt.Fprintf(a.out, "%s\n", a.paint(a.out, green, "No errors, no warnings."))
	}
	return nil
}

// compiled is a project that was compiled, with the runtime that holds its connections.
type compiled struct {
	*runtime.Compiled
	*runtime.Runtime
	dir string
}

// compile compiles the project in the folder that args name.
func (a *app) compile(cmd *cobra.Command, args []string, mode runtime.SchemaMode) (*compiled, error) {
	dir, err := projectDir(args)
	if err != nil {
		return nil, err
	}
	r, err := a.runtime(dir)
	if err != nil {
		return nil, err
	}
	c, err := r.Compile(cmd.Context(), mode)
	if err != nil {
		r.Close()
		return nil, err
	}
	return &compiled{c, r, dir}, nil
}

// compileClean compiles for running: diagnostics are shown on standard error, and errors end the command.
func (a *app) compileClean(cmd *cobra.Command, args []string) (*compiled, error) {
	c, err := a.compile(cmd, args, runtime.SchemaLive)
	if err != nil {
		return nil, err
	}
	if !c.Diagnostics.HasErrors() {
		return c, nil
	}
	c.Close()
	if err := diag.WriteText(a.err, c.Diagnostics, diag.TextOptions{Color: a.colours(a.err)}); err != nil {
		return nil, err
	}
	return nil, &exitError{exitCannot, errors.New("the project does not compile, nothing was run")}
}
