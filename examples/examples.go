// Package examples holds runnable projects, one folder each, and carries them in the program for `syncline demo`.
package examples

import "embed"

// Files are the example projects.
//
//go:embed health-score csv-to-sqlite
var Files embed.FS
