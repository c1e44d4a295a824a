package file

import (
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// sink takes the new content of a file. The file appears at once with commit, or not at all.
type sink struct {
	io.Writer
	path  string   // the file that is replaced
	temp  *os.File // beside it; nil when path is written directly (a pipe, a device, standard output)
	extra []io.Closer
	gz    *gzip.Writer
	done  bool
}

// newSink begins a new content of the file.
func newSink(s *source, stdout io.Writer) (*sink, error) {
	k := &sink{path: s.path}
	switch {
	case s.std():
		if stdout == nil {
			stdout = io.Discard
		}
		k.Writer = stdout
	default:
		if err := k.create(); err != nil {
			return nil, err
		}
	}
	if s.gz {
		k.gz = gzip.NewWriter(k.Writer)
		k.Writer = k.gz
	}
	return k, nil
}

// create makes the temporary file, with the rights of the file it will replace. A link is followed, so that what it
// points to is replaced and not the link.
func (k *sink) create() error {
	if real, err := filepath.EvalSymlinks(k.path); err == nil {
		k.path = real
	}
	mode := fs.FileMode(0o644)
	info, err := os.Stat(k.path)
	switch {
	case err == nil && info.IsDir():
		return ioError("write", k.path, errors.New("it is a folder"))
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(k.path, os.O_WRONLY, 0)
		if err != nil {
			return ioError("write", k.path, err)
		}
		k.Writer, k.extra = f, []io.Closer{f}
		return nil
	case err == nil:
		mode = info.Mode().Perm()
	}
	temp, err := os.CreateTemp(filepath.Dir(k.path), "."+filepath.Base(k.path)+".new-*")
	if err != nil {
		return ioError("write beside", k.path, err)
	}
	_ = temp.Chmod(mode)
	k.temp, k.Writer = temp, temp
	return nil
}

// commit makes what was written the content of the file.
func (k *sink) commit() error {
	if k.done {
		return nil
	}
	if k.gz != nil {
		if err := k.gz.Close(); err != nil {
			return ioError("write", k.path, err)
		}
	}
	k.done = true
	if k.temp == nil {
		return k.closeAll()
	}
	err := k.temp.Sync()
	if e := k.temp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(k.temp.Name(), k.path)
	}
	if err != nil {
		_ = os.Remove(k.temp.Name())
		return ioError("write", k.path, err)
	}
	if dir, err := os.Open(filepath.Dir(k.path)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}

// abort drops what was written. After commit it does nothing.
func (k *sink) abort() error {
	if k.done {
		return nil
	}
	k.done = true
	if k.temp == nil {
		return k.closeAll()
	}
	_ = k.temp.Close()
	if err := os.Remove(k.temp.Name()); err != nil {
		return ioError("remove", k.temp.Name(), err)
	}
	return nil
}

func (k *sink) closeAll() error {
	var errs []error
	for _, c := range k.extra {
		errs = append(errs, c.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return ioError("write", k.path, err)
	}
	return nil
}
