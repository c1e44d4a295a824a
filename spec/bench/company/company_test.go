package company_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/syncline/syncline/spec/bench/company"
)

// The published answers: whoever repeats the benchmark in another language checks against these.
func TestExpectedAnswers(t *testing.T) {
	for rows, want := range map[int][5]string{
		1000:    {"265 aa8e71cd1c76da30", "265 60f11084e712a254", "4 85db2438a400460d", "1000 3fc1364c86632a43", "1000 2909172266553d88"},
		100_000: {"28025 50a9b8015fe33c3c", "28025 d6a2423f27927954", "685 7875c5830f670ff7", "100000 b52a6575f9e46ab3", "100000 8bba05f1870591a1"},
	} {
		e := company.Expect(rows, 1)
		got := [5]string{e.W1[0].String(), e.W1[1].String(), e.W2.String(), e.Rows[0].String(), e.Rows[1].String()}
		if got != want {
			t.Errorf("%d rows:\n got %v\nwant %v", rows, got, want)
		}
		if changed := map[int]int{1000: 29, 100_000: 3181}[rows]; e.Changed != changed {
			t.Errorf("%d rows: %d changed, want %d", rows, e.Changed, changed)
		}
	}
}

// What is written reads back as what it was made of.
func TestWrittenFilesCheck(t *testing.T) {
	const rows = 1000
	e := company.Expect(rows, 1)
	for _, format := range []string{"csv", "jsonl"} {
		for _, at := range []company.Snapshot{company.Previous, company.Current} {
			var b bytes.Buffer
			if err := company.Write(&b, format, rows, 1, at); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "rows."+format)
			if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := company.Check(path, company.Fields)
			if err != nil || got != e.Rows[at] {
				t.Errorf("%s of snapshot %d: %v, %v; want %v", format, at, got, err, e.Rows[at])
			}
		}
	}
}

// The bytes themselves are part of the definition.
func TestBytes(t *testing.T) {
	for format, want := range wantBytes {
		var b bytes.Buffer
		if err := company.Write(&b, format, 1000, 1, company.Previous); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b.Bytes())
		if got := hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("%s: %s, want %s", format, got, want)
		}
	}
}

var wantBytes = map[string]string{"csv": "fafd357ebf141738", "jsonl": "06882ea79c1e0bd1"}
