package lang

import (
	"bytes"
	"sync"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/syntax"
)

// Cache keeps the parsed files of the last Load, for whoever loads a project again and again: only files that changed
// are parsed. The zero value is empty. It serves several goroutines.
type Cache struct {
	mu    sync.Mutex
	files map[string]parsed
}

// parsed is a file with what was found in it. Later stages annotate in tables of their own, so it can be shared.
type parsed struct {
	file  *syntax.File
	found diag.List
}

// Load is the package's Load with files remembered.
func (c *Cache) Load(files []Source) (*resolve.Module, diag.List) {
	c.mu.Lock()
	before := c.files
	c.mu.Unlock()
	all := parseAll(files, func(s Source) parsed {
		if p, ok := before[s.Name]; ok && bytes.Equal(p.file.Src, s.Text) {
			return p
		}
		file, found := syntax.Parse(s.Name, s.Text)
		return parsed{file, found}
	})
	now := make(map[string]parsed, len(files))
	for i, s := range files {
		now[s.Name] = all[i]
	}
	c.mu.Lock()
	c.files = now
	c.mu.Unlock()
	return bind(all)
}
