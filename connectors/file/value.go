package file

import (
	"errors"
	"iter"
	"maps"
	"syscall"
	"unsafe"

	"github.com/syncline/syncline/lang/value"
)

func textValue(s string) value.Value { return value.Text(s) }

func keys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// shared is a text that points into the read buffer; it lives as long as the page.
func shared(b []byte) value.Value { return value.Text(unsafe.String(unsafe.SliceData(b), len(b))) }

func str(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
