//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// stateSize says how large the state of a project is for each of the benchmark's rows.
func (b *bench) stateSize(dir string) string {
	var total int64
	files, _ := filepath.Glob(filepath.Join(dir, ".syncline", "state.db*"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			total += info.Size()
		}
	}
	return fmt.Sprintf("the state takes %.0f bytes a record", float64(total)/float64(b.o.rows))
}

// costs are what Syncline costs beside the records: at start, on disk.
func (b *bench) costs() error     { return nil }
func (b *bench) gainsight() error { return nil }
