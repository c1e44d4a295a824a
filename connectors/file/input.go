package file

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"unicode/utf8"

	"github.com/syncline/syncline/connectors"
)

// maxRecord is the longest record: beyond it a quote is open, or the file has no lines.
const maxRecord = 16 << 20

// stream is an open file, unpacked.
type stream struct {
	io.Reader
	close []io.Closer
}

func (s *stream) Close() error {
	var errs []error
	for _, c := range s.close {
		errs = append(errs, c.Close())
	}
	s.close = nil
	return errors.Join(errs...)
}

// openFile opens a file for reading.
func openFile(s *source) (*stream, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, ioError("open", s.path, err)
	}
	return unpack(s, f, f)
}

func unpack(s *source, r io.Reader, c io.Closer) (*stream, error) {
	st := &stream{Reader: r}
	if c != nil {
		st.close = []io.Closer{c}
	}
	if !s.gz {
		return st, nil
	}
	z, err := gzip.NewReader(r)
	if errors.Is(err, io.EOF) {
		st.Reader = bytes.NewReader(nil)
		return st, nil
	}
	if err != nil {
		_ = st.Close()
		return nil, &connectors.Error{Class: connectors.Permanent, Message: "cannot unpack " + s.path + ": " + err.Error(), Err: err,
			Hint: "the name says .gz; is the file packed with gzip?"}
	}
	st.Reader, st.close = z, append([]io.Closer{z}, st.close...)
	return st, nil
}

// window is a piece of the input that is being decoded: buf[pos:] is not decoded yet.
type window struct {
	buf []byte
	pos int
	eof bool
	// clean tells that buf is valid UTF-8 up to its last whole character.
	clean bool
}

// fill keeps what is not decoded, moves it to dst's memory and reads more behind it, until there are size bytes or the
// input ends.
func (w *window) fill(dst []byte, r io.Reader, size int) error {
	rest := w.buf[w.pos:]
	size = max(size, len(rest)+size/2)
	if cap(dst) < size {
		dst = make([]byte, 0, size)
	}
	dst = append(dst[:0], rest...)
	for len(dst) < size && !w.eof {
		n, err := r.Read(dst[len(dst):size])
		dst = dst[:len(dst)+n]
		switch {
		case errors.Is(err, io.EOF):
			w.eof = true
		case err != nil:
			w.buf, w.pos = dst, 0
			return err
		}
	}
	w.buf, w.pos = dst, 0
	w.clean = utf8.Valid(whole(dst, w.eof))
	return nil
}

// whole is b without a character that is cut at its end.
func whole(b []byte, eof bool) []byte {
	if eof {
		return b
	}
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

var (
	errUTF16 = errors.New("the file is UTF-16; save it as UTF-8")
	errUTF8  = errors.New("is not UTF-8; save the file as UTF-8")
)

// bom passes over a byte order mark at the start.
func (w *window) bom() error {
	if bytes.HasPrefix(w.buf, []byte("\xff\xfe")) || bytes.HasPrefix(w.buf, []byte("\xfe\xff")) {
		return errUTF16
	}
	if bytes.HasPrefix(w.buf, []byte("\xef\xbb\xbf")) {
		w.pos = 3
	}
	return nil
}
