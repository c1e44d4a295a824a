package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/spec"
)

func newLint(a *app) *cobra.Command {
	var mode, explain string
	var sample bool
	c := &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Check a project against the schemas of its systems",
		Long: `Parses and type-checks all .sync.hcl files of a folder against the live schemas of the systems that they name, or
against schema.lock.json. With --sample it also reads up to 1,000 records of each sync's source, and warns of values
that tables, picklists and fields of the target do not take. Exit 0: no error, 1: errors, 2: could not run.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if explain != "" {
				return a.explain(explain)
			}
			collectSeldom()
			_, r, err := a.openProject(args)
			if err != nil {
				return err
			}
			defer r.Close()
			c, err := lint(cmd.Context(), r, runtime.SchemaMode(mode), sample)
			if err != nil {
				return err
			}
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
	c.Flags().BoolVar(&sample, "sample", false, "also evaluate the rules over records that the sources really hold")
	c.Flags().StringVar(&explain, "explain", "", "show the page on a diagnostic, such as `SYN203`")
	_ = c.RegisterFlagCompletionFunc("schema", cobra.FixedCompletions([]string{"auto", "live", "lock"}, cobra.ShellCompDirectiveNoFileComp))
	a.formats(c, "text", "json", "sarif")
	return c
}

// lint checks a project, and over samples of its sources too where that is asked for.
func lint(ctx context.Context, r *runtime.Runtime, mode runtime.SchemaMode, sample bool) (*runtime.Compiled, error) {
	if !sample {
		return r.Lint(ctx, mode)
	}
	c, err := r.Compile(ctx, mode)
	if err != nil {
		return nil, err
	}
	found, err := r.Sample(ctx, c.Set)
	if err != nil {
		return nil, err
	}
	c.Diagnostics = append(c.Diagnostics, found...)
	c.Diagnostics.Sort()
	return c, nil
}

// collectSeldom lets garbage pile up four times as high as usual, unless the user says when to collect it. What a lint
// makes it keeps to its end, so collecting is a fifth of its time and frees little.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
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

// compile compiles the project in the folder that args name, against the live schemas.
func (a *app) compile(cmd *cobra.Command, args []string) (*compiled, error) {
	dir, r, err := a.openProject(args)
	if err != nil {
		return nil, err
	}
	c, err := r.Compile(cmd.Context(), runtime.SchemaLive)
	if err != nil {
		r.Close()
		return nil, err
	}
	return &compiled{c, r, dir}, nil
}

// compileClean compiles for running: diagnostics are shown on standard error, and errors end the command.
func (a *app) compileClean(cmd *cobra.Command, args []string) (*compiled, error) {
	c, err := a.compile(cmd, args)
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
