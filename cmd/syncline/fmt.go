package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/format"
	"github.com/syncline/syncline/runtime"
)

func newFmt(a *app) *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:   "fmt [DIR | -]",
		Short: "Bring files into canonical form; comments are kept",
		Long:  "Rewrites the .sync.hcl, .synctest.hcl and .vars.hcl files of a folder, or copies standard input to standard output with -. With --check it only says which would change, and exits 1 when any would.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "-" {
				return a.fmtStdin()
			}
			dir, err := projectDir(args)
			if err != nil {
				return err
			}
			files, err := runtime.ReadAllFiles(dir)
			if err != nil {
				return err
			}
			return a.fmtFiles(dir, files, check)
		},
	}
	c.Flags().BoolVar(&check, "check", false, "change nothing, list the files that are not in canonical form")
	return c
}

func (a *app) fmtStdin() error {
	src, err := io.ReadAll(a.in)
	if err != nil {
		return err
	}
	out, problems := format.Source("stdin", src)
	if problems.HasErrors() {
		return a.notFormatted(problems)
	}
	_, err = a.out.Write(out)
	return err
}

func (a *app) fmtFiles(dir string, files []runtime.SourceFile, check bool) error {
	var problems diag.List
	changed := 0
	for _, f := range files {
		out, list := format.Source(f.Name, f.Src)
		problems = append(problems, list...)
		if list.HasErrors() || bytes.Equal(out, f.Src) {
			continue
		}
		changed++
		fmt.Fprintln(a.out, f.Name)
		if check {
			continue
		}
		// Replaced as a whole: an editor or a running reload never sees half a file.
		if err := renameio.WriteFile(filepath.Join(dir, f.Name), out, 0o644, renameio.WithExistingPermissions()); err != nil {
			return err
		}
	}
	if problems.HasErrors() {
		return a.notFormatted(problems)
	}
	if check && changed > 0 {
		return errProblems
	}
	return nil
}

func (a *app) notFormatted(problems diag.List) error {
	if err := diag.WriteText(a.err, problems, diag.TextOptions{Color: a.colours(a.err)}); err != nil {
		return err
	}
	return errProblems
}
