package file

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// A full disk leaves the old file as it is, and says so.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	if err := os.WriteFile(path, []byte("id\nold\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := open(connectors.Config{Dir: dir, Objects: []connectors.Object{{Name: "out", Settings: connectors.Settings{"path": value.Text("out.csv")}}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := conn.(*connection).Replace(t.Context(), &schema.Object{Name: "out"}, value.NewLayout("id"))
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	r.(*replacement).sink.Writer = full
	batch := value.NewBatch(value.NewLayout("id"), 1)
	batch.Append()[0] = value.Text("new")
	err = r.Append(t.Context(), batch)
	if err == nil {
		err = r.Commit(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("writing to a full disk: %v", err)
	}
	if err := r.Abort(); err != nil {
		t.Errorf("Abort: %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "id\nold\n" {
		t.Errorf("the old file is now %q", b)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("files are left behind: %v", entries)
	}
}
