package syntax

import (
	"strings"
)

// header is the first line of a top-level block in a file that could not be parsed.
var header = pattern(`(?m)^([A-Za-z_][\w-]*)((?:[ \t]+(?:"[^"\n]*"|[A-Za-z_][\w-]*))+)[ \t]*\{`)

// lostIn reads the headers of top-level blocks, which stand at the beginning of a line in nearly every file.
func lostIn(src []byte) (out []Lost) {
	if len(src) > MaxFileSize {
		return nil
	}
	for _, m := range header().FindAllSubmatch(src, -1) {
		out = append(out, lost(string(m[1]), strings.Fields(strings.ReplaceAll(string(m[2]), `"`, " "))))
	}
	return out
}

func lost(typ string, labels []string) Lost {
	if grammar.Block(typ) == nil {
		typ = ""
	}
	l := Lost{Type: typ}
	if len(labels) > 0 {
		l.Name = labels[len(labels)-1]
	}
	return l
}
