package syntax

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// What is waved through without reading tokens must be what the tokens say too.
func TestHarmlessFilesAreWithinTheLimits(t *testing.T) {
	parts := []string{"{", "}", "[", "]", "(", ")", "!", "-", "?", "=", ":", "\"", "\"", "\\", "\\\"", "\n", "\r\n", "\r", "#", "//", "/", "*",
		"$", "%", "$$", "'", "`", "<", "<<", "a", "é", "\"x\"", "{\n", "}\n", "a = b\n", " ", "\t", "\ufeff", "5", "."}
	r := rand.New(rand.NewPCG(1, 2))
	var passed, refused int
	for range 40_000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			n := 1
			switch r.IntN(6) {
			case 0:
				n = 90 + r.IntN(30)
			case 1:
				n = r.IntN(8)
			}
			b.WriteString(strings.Repeat(parts[r.IntN(len(parts))]+parts[r.IntN(len(parts))]+parts[r.IntN(len(parts))], n))
		}
		src := []byte(b.String())
		if !harmless(src) {
			refused++
			continue
		}
		passed++
		tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
		_, long := tooLong(tokens)
		_, deep := tooDeep(tokens)
		if long || deep || len(tokens) > maxTokens {
			t.Fatalf("long %v, deep %v, %d tokens: %q", long, deep, len(tokens), src)
		}
	}
	if passed < 5000 || refused < 5000 {
		t.Errorf("%d passed, %d did not: the test says little", passed, refused)
	}
}

func TestHarmlessKnowsOrdinaryFiles(t *testing.T) {
	long := strings.Repeat("sync \"a\" {\n  map { # {{{\n    A = \"x ? [1, 2] : '\\\"{'\" // ((\n    B = text(\"{{ source.A }}\")\n  }\n}\n", 200)
	for text, want := range map[string]bool{
		long:                     true,
		strings.Repeat("[", 101): false,
		"a = \"" + strings.Repeat("\\n", maxPieces) + "\"": false,
		"a = <<EOT\nEOT\n":                 false,
		"a = \"${b}\"":                     false,
		strings.Repeat("a\n", maxTokens/2): false,
	} {
		if got := harmless([]byte(text)); got != want {
			t.Errorf("%.40q: %v", text, got)
		}
	}
}
