package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/connectors/builtin"
	"github.com/syncline/syncline/connectors/sandbox"
	"github.com/syncline/syncline/examples"
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/runtime"
	"github.com/syncline/syncline/runtime/state"
)

const demoExample = "health-score"

func newDemo(a *app) *cobra.Command {
	var dir, addr string
	var once bool
	var companies int
	c := &cobra.Command{
		Use:   "demo",
		Short: "See it work: simulated systems, an example project, a plan and a run, in one command",
		Long: `Starts a simulated Gainsight and Salesforce on this machine, makes a project from examples/health-score in a temporary
folder (or --dir), lints it against their live schemas, shows the plan and runs it twice: the second run writes nothing.
Then it serves the project, with a status page, until Ctrl-C: edit a file and see it reload; --once ends instead.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.demo(cmd, dir, addr, once || a.format == "json", companies)
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "make the project in this folder, and leave it there")
	c.Flags().StringVar(&addr, "addr", "127.0.0.1:0", "where the status page listens")
	c.Flags().BoolVar(&once, "once", false, "end after the run")
	c.Flags().IntVar(&companies, "companies", sandbox.DefaultCompanies, "how many companies the simulated systems have")
	a.formats(c, "text", "json")
	return c
}

func (a *app) demo(cmd *cobra.Command, dir, addr string, once bool, companies int) error {
	box, err := sandbox.Start(cmd.Context(), sandbox.Options{Companies: companies})
	if err != nil {
		return err
	}
	defer box.Close()
	if dir == "" {
		if dir, err = os.MkdirTemp("", "syncline-demo-"); err != nil {
			return err
		}
		if once {
			defer os.RemoveAll(dir)
		}
	}
	if err := copyExample(demoExample, dir); err != nil {
		return err
	}
	c, err := a.demoProject(cmd, dir, box)
	if err != nil {
		return err
	}
	defer c.Close()
	store, err := a.openState(cmd, dir, "syncline demo")
	if err != nil {
		return err
	}
	defer store.Close()
	if a.format == "json" {
		return a.runRules(cmd, c, runtime.Selection{}, store)
	}
	if err := a.demoRun(cmd, c, store); err != nil {
		return err
	}
	if once {
		return nil
	}
	a.demoInvite(dir, box)
	log, err := a.log()
	if err != nil {
		return err
	}
	return a.serve(cmd.Context(), serving{addr: addr, grace: 5 * time.Second, workers: 4, refresh: time.Hour}, log, c.Runtime,
		func() (state.Store, error) { return kept{store}, nil })
}

// kept is a state whose owner closes it.
type kept struct{ state.Store }

func (kept) Close() error { return nil }

// demoProject compiles the example against the sandbox, whose addresses stand in for the environment.
func (a *app) demoProject(cmd *cobra.Command, dir string, box *sandbox.Sandbox) (*compiled, error) {
	log, err := a.log()
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for _, line := range box.Env() {
		name, text, _ := strings.Cut(line, "=")
		env[name] = text
	}
	r := runtime.New(runtime.Options{Dir: dir, Registry: builtin.Registry(), Log: log, Stdout: a.out,
		Env: func(name string) (string, bool) { text, ok := env[name]; return text, ok }})
	if a.format != "json" {
		a.heading("lint", "the files against the live schemas of the two systems")
	}
	c, err := r.Compile(cmd.Context(), runtime.SchemaLive)
	if err != nil {
		r.Close()
		return nil, err
	}
	switch {
	case a.format != "json":
		err = a.printDiagnostics(c.Diagnostics)
	case c.Diagnostics.HasErrors():
		err = diag.WriteText(a.err, c.Diagnostics, diag.TextOptions{Color: a.colours(a.err)})
	}
	if err == nil && c.Diagnostics.HasErrors() {
		err = errProblems
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return &compiled{c, r, dir}, nil
}

func (a *app) demoRun(cmd *cobra.Command, c *compiled, store state.Store) error {
	a.heading("plan", "what a run would write; nothing is written yet")
	if err := a.planRules(cmd, c, runtime.Selection{}, store, 3); err != nil {
		return err
	}
	a.heading("run", "now it is written")
	if err := a.runRules(cmd, c, runtime.Selection{}, store); err != nil {
		return err
	}
	a.heading("run", "once more: nothing changed, so nothing is written")
	return a.runRules(cmd, c, runtime.Selection{}, store)
}

func (a *app) heading(command, what string) {
	fmt.Fprintf(a.out, "\n%s  %s\n", a.paint(a.out, bold+";"+cyan, "syncline "+command), a.paint(a.out, dim, what))
}

func (a *app) demoInvite(dir string, box *sandbox.Sandbox) {
	fmt.Fprintf(a.out, "\nThe simulated systems stay up until Ctrl-C, and so does the project in %s:\nedit its files and see them reload. In another terminal:\n\n", dir)
	for _, line := range box.Env() {
		fmt.Fprintf(a.out, "  export %s\n", line)
	}
	fmt.Fprintf(a.out, "  syncline plan %s\n", dir)
	a.heading("serve", "the rules run when they are due; Ctrl-C ends it")
}

// copyExample writes an example's files into a folder. A file that is there already is left as it is.
func copyExample(name, dir string) error {
	return fs.WalkDir(examples.Files, name, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(name, filepath.FromSlash(path))
		if err != nil {
			return err
		}
		to := filepath.Join(dir, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		if _, err := os.Stat(to); err == nil {
			return nil
		} else if !errors.Is(err, os.ErrNotExist) {
			return err
		}
		content, err := examples.Files.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, content, 0o644)
	})
}
