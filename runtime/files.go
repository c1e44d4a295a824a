package runtime

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/syntax"
)

// Suffix is the ending of the files of a project.
const Suffix = ".sync.hcl"

// maxFile bounds what is read of a file: one byte more than the compiler accepts, so that it can say so.
const maxFile = 4<<20 + 1

// SourceFile is a file of a project: its name relative to the folder, and its bytes.
type SourceFile struct {
	Name string
	Src  []byte
}

// ReadFiles reads the .sync.hcl files of a folder, in order of name. Folders in it are projects of their own.
// A folder without any is an error that says what to do.
func ReadFiles(dir string) ([]SourceFile, error) {
	files, err := readSuffixed(dir, Suffix)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there is no %s file in %s: name the project's folder, or begin with a copy of one of the examples", Suffix, dir)
	}
	return files, err
}

// VarsSuffix is the ending of files with values of variables.
const VarsSuffix = ".vars.hcl"

// ReadAllFiles reads every file of a project that people write: rules, tests, and values of variables.
func ReadAllFiles(dir string) ([]SourceFile, error) {
	if _, err := ReadFiles(dir); err != nil {
		return nil, err
	}
	return readSuffixed(dir, Suffix, syntax.TestSuffix, VarsSuffix)
}

// readSuffixed reads the files of a folder with one of the endings, in order of name.
func readSuffixed(dir string, suffixes ...string) ([]SourceFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the project folder cannot be read: %w", err)
	}
	var files []SourceFile
	for _, e := range entries {
		named := slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(e.Name(), s) })
		if !named || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		src, err := readBounded(filepath.Join(dir, e.Name()))
		if errors.Is(err, errFolder) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files = append(files, SourceFile{Name: e.Name(), Src: src})
	}
	slices.SortFunc(files, func(a, b SourceFile) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

var errFolder = errors.New("is a folder")

// readBounded reads a file through links (Kubernetes mounts files as links), and of a huge one only the beginning.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errFolder
	case info.Mode()&fs.ModeNamedPipe != 0 || info.Mode()&fs.ModeDevice != 0:
		return nil, fmt.Errorf("%s is not a file", path)
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}
