package runtime

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/syncline/syncline/lang/syntax"
)

// ReadVars adds the values in a NAME.vars.hcl to vars.
func ReadVars(file string, vars map[string]string) error {
	src, err := readBounded(file)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no %s: --env NAME reads the variables in NAME.vars.hcl, in the project's folder", file)
	}
	if err != nil {
		return err
	}
	found, diags := syntax.ParseVars(filepath.Base(file), src)
	if len(diags) > 0 {
		return errors.New(diags[0].String())
	}
	maps.Copy(vars, found)
	return nil
}
