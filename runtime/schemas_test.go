package runtime

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestALockFileThatCannotBeWrittenIsNamed(t *testing.T) {
	err := WriteLock(filepath.Join(t.TempDir(), "gone"), nil)
	if err == nil || !strings.Contains(err.Error(), "schema.lock.json cannot be written: ") {
		t.Fatal(err)
	}
}
