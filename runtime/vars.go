package runtime

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/syncline/syncline/lang/syntax"
)

// readVars reads the values in the project's file with values for variables.
func (r *Runtime) readVars() (map[string]string, error) {
	if r.o.VarsFile == "" {
		return nil, nil
	}
	src, err := readBounded(r.o.VarsFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: --env NAME reads the variables in NAME.vars.hcl, in the project's folder", r.o.VarsFile)
	}
	if err != nil {
		return nil, err
	}
	found, diags := syntax.ParseVars(filepath.Base(r.o.VarsFile), src)
	if len(diags) > 0 {
		return nil, errors.New(diags[0].String())
	}
	return found, nil
}

// variables puts the values that were given over those of a file.
func (r *Runtime) variables(file map[string]string) map[string]string {
	out := maps.Clone(file)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, r.o.Vars)
	return out
}
