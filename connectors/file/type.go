// Package file reads and writes CSV and JSON lines files as objects of a connection.
//
//	connection "file" "data" {
//	  dir = "data"
//	  object "accounts" {
//	    path    = "accounts.csv"
//	    key     = "Id"
//	    columns = { Id = "text", Score = "number" }
//	  }
//	}
//
// A file without an object block is an object too, when it stands in dir under the object's name.
// The schema is what columns declare; other columns are inferred from the first rows, and a later
// value that does not fit is a bad row, never a wrong value. Reading is one pass in constant
// memory: the decoders fill only the slots of the layout, texts point into the read buffer, and
// the next page is decoded while the engine works on the last one.
//
// As a target a file is replaced whole by default: the new content is written beside it, and takes
// its name when it is complete. write = "append" adds to it instead, and write = "update", which
// needs a key, changes the records that match.
package file

import (
	"context"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
)

// Type is the connector of files.
func Type() connectors.Type {
	return connectors.Type{System: system(), Open: func(_ context.Context, c connectors.Config) (connectors.Connection, error) {
		return open(c)
	}}
}

func system() schema.System {
	return schema.System{
		Name: "file",
		Doc:  "CSV and JSON lines files, standard input and output",
		Settings: []schema.Setting{
			{Name: "dir", Doc: "folder of the files, relative to the project; default: the project's folder"},
		},
		Objects: []schema.Setting{
			{Name: "path", Required: true, Doc: `the file, relative to dir; "-" is standard input or output; .gz is packed and unpacked`},
			{Name: "format", OneOf: []string{"csv", "jsonl"}, Doc: "default: by the file's extension"},
			{Name: "delimiter", Doc: `between the columns of a CSV file; default "," (of .tsv files a tab)`},
			{Name: "header", Kind: schema.SettingBool, Doc: "the first line of a CSV file holds the names; default true"},
			{Name: "null", Doc: `a text that means empty, such as "NULL"; an empty cell always does`},
			{Name: "key", Doc: "column that identifies a record"},
			{Name: "modified", Doc: "column that tells when a record was changed"},
			{Name: "write", OneOf: []string{"replace", "append", "update"},
				Doc: "what a run does to the file as a target: write it whole (default), add to it, or change the records that match (needs key)"},
		},
	}
}
