package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/syncline/syncline/runtime/state/sqlite"
)

// app is what the commands share: streams and global flags.
type app struct {
	in       io.Reader
	out, err io.Writer

	vars    []string
	env     string
	state   string
	logForm string
	noColor bool
	verbose bool
	format  string
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "syncline",
		Short: "Keep business systems in step, from reviewed text files",
		Long: `Syncline keeps business systems in step. A project is a folder of .sync.hcl files: rules
that map records between systems such as Gainsight, Salesforce, databases and files.

  syncline demo                      see it work, with nothing installed and no account
  syncline lint                      check the files of this folder against the live schemas
  syncline plan                      show, record by record, what a run would write
  syncline run                       run every rule once, now`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	flags := root.PersistentFlags()
	flags.StringArrayVar(&a.vars, "var", nil, "give a variable its value: `NAME=VALUE` (repeatable)")
	flags.StringVar(&a.env, "env", "", "read variables from `NAME`.vars.hcl in the project")
	flags.StringVar(&a.state, "state", "", "where the state is kept: sqlite:`PATH` (default .syncline/state.db in the project)")
	flags.StringVar(&a.logForm, "log", "text", "form of log lines on standard error: text or json")
	flags.BoolVar(&a.noColor, "no-color", false, "no colours; NO_COLOR in the environment does the same")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "say more: each call, each batch")
	root.AddGroup(&cobra.Group{ID: "author", Title: "Write a project:"}, &cobra.Group{ID: "run", Title: "Run it:"},
		&cobra.Group{ID: "look", Title: "See what was done:"}, &cobra.Group{ID: "learn", Title: "Practise:"})
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("author", newLint(a), newFmt(a), newSchema(a), newTest(a), newEval(a))
	add("run", newCheck(a), newPlan(a), newRun(a), newServe(a), newApprove(a), newReject(a))
	add("look", newRuns(a), newWhy(a), newBacktest(a), newRevert(a), newDead(a), newState(a))
	add("learn", newDemo(a), newSandbox(a))
	return root
}

// version is the module's version and the commit it was built from, as far as the build knows them.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v
}

// complain prints an error for a person.
func (a *app) complain(err error) {
	fmt.Fprintf(a.err, "%s %v\n", a.paint(a.err, red, "error:"), err)
}

// formats adds the flag --format to a command.
func (a *app) formats(c *cobra.Command, allowed ...string) {
	c.Flags().StringVar(&a.format, "format", allowed[0], "output: "+strings.Join(allowed, ", "))
	c.PreRunE = func(*cobra.Command, []string) error {
		return oneOf("format", a.format, allowed...)
	}
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp))
}

// oneOf refuses a flag's value that is none of those allowed.
func oneOf(flag, given string, allowed ...string) error {
	if slices.Contains(allowed, given) {
		return nil
	}
	return fmt.Errorf("--%s %s is not known: write %s", flag, given, strings.Join(allowed, " or "))
}

// projectDir is the folder that a command's optional argument names.
func projectDir(args []string) (string, error) {
	dir := "."
	if len(args) > 0 {
		dir = args[0]
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return "", fmt.Errorf("the project folder cannot be read: %w", err)
	case !info.IsDir():
		return "", fmt.Errorf("%s is a file: name the folder that holds the project's .sync.hcl files", dir)
	}
	return dir, nil
}

// statePath is the file of the state of a project.
func (a *app) statePath(dir string) (string, error) {
	if a.state == "" {
		return filepath.Join(dir, ".syncline", "state.db"), nil
	}
	scheme, path, found := strings.Cut(a.state, ":")
	switch {
	case !found:
		return a.state, nil
	case scheme == "sqlite" && path != "":
		return strings.TrimPrefix(path, "//"), nil
	case len(scheme) == 1: // a drive letter
		return a.state, nil
	}
	return "", fmt.Errorf("--state %s is not known: write sqlite:PATH", a.state)
}

// openState opens the state of the project in dir. A holder writes; "" looks.
func (a *app) openState(cmd *cobra.Command, dir, holder string) (*sqlite.Store, error) {
	path, err := a.statePath(dir)
	if err != nil {
		return nil, err
	}
	return sqlite.Open(cmd.Context(), path, sqlite.Options{Holder: holder, MustExist: holder == ""})
}

// look opens the state of the project that args name, beside whoever writes to it, and closes it after f.
func (a *app) look(cmd *cobra.Command, args []string, f func(*sqlite.Store) error) error {
	dir, err := projectDir(args)
	if err != nil {
		return err
	}
	store, err := a.openState(cmd, dir, "")
	if err != nil {
		return err
	}
	defer store.Close()
	return f(store)
}

// inDir is the folder given by a --dir flag, as an argument.
func inDir(dir string) []string {
	if dir == "" {
		return nil
	}
	return []string{dir}
}

// log is the logger of a command that prints what matters itself.
func (a *app) log() (*slog.Logger, error) { return a.logFrom(slog.LevelWarn) }

// logFrom is a logger of a level; --verbose lowers it.
func (a *app) logFrom(level slog.Level) (*slog.Logger, error) {
	if a.verbose {
		level = slog.LevelDebug
	}
	o := &slog.HandlerOptions{Level: level}
	switch a.logForm {
	case "text":
		return slog.New(slog.NewTextHandler(a.err, o)), nil
	case "json":
		o.ReplaceAttr = durationsMS
		return slog.New(slog.NewJSONHandler(a.err, o)), nil
	}
	return nil, fmt.Errorf("--log %s is not known: write text or json", a.logForm)
}

// durationsMS has durations in a JSON log as whole milliseconds, with the unit in the name, as output for programs has them.
func durationsMS(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	return slog.Int64(strings.ReplaceAll(a.Key, " ", "_")+"_ms", a.Value.Duration().Milliseconds())
}

// Colours of the terminal.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	dim    = "2"
	bold   = "1"
)

// paint colours a text where w is a terminal that wants it.
func (a *app) paint(w io.Writer, colour, text string) string {
	if !a.colours(w) {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (a *app) colours(w io.Writer) bool {
	return !a.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(w)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
