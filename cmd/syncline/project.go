package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/syncline/syncline/connectors/builtin"
	"github.com/syncline/syncline/runtime"
)

// openProject opens the project that a command's optional argument names: its folder, and a runtime with the global
// flags, which whoever asks closes.
func (a *app) openProject(args []string) (dir string, r *runtime.Runtime, err error) {
	if dir, err = projectDir(args); err != nil {
		return "", nil, err
	}
	log, err := a.log()
	if err != nil {
		return "", nil, err
	}
	r, err = a.runtimeWith(dir, log)
	return dir, r, err
}

// runtimeWith makes the runtime of the project in dir with the global flags and a logger.
func (a *app) runtimeWith(dir string, log *slog.Logger) (*runtime.Runtime, error) {
	vars, err := a.variables()
	if err != nil {
		return nil, err
	}
	file := ""
	if a.env != "" {
		file = filepath.Join(dir, a.env+runtime.VarsSuffix)
	}
	return runtime.New(runtime.Options{Dir: dir, Registry: builtin.Registry(), Env: os.LookupEnv, Vars: vars, VarsFile: file, Stdin: a.in, Stdout: a.out, Log: log}), nil
}

// variables collects --var, which goes before the file of --env.
func (a *app) variables() (map[string]string, error) {
	vars := map[string]string{}
	for _, v := range a.vars {
		name, text, found := strings.Cut(v, "=")
		if !found || name == "" {
			return nil, fmt.Errorf("--var %s: write NAME=VALUE", v)
		}
		vars[name] = text
	}
	return vars, nil
}
