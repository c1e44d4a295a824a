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

// runtime makes the runtime of the project in dir with the global flags.
func (a *app) runtime(dir string) (*runtime.Runtime, error) {
	log, err := a.log()
	if err != nil {
		return nil, err
	}
	return a.runtimeWith(dir, log)
}

// runtimeWith is runtime with a logger of its own.
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
