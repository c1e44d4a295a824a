package expr

import (
	"fmt"
	"testing"

	"github.com/syncline/syncline/lang/value"
)

// TestTextsLiveAsLongAsTheirBatch builds more texts than one block of a batch holds: none may overwrite another, and a
// batch that is used again needs no memory for them.
func TestTextsLiveAsLongAsTheirBatch(t *testing.T) {
	layout := benchLayout()
	env := NewEnv(benchScope())
	var programs []*Program
	for _, text := range []string{"'<' + source.name + '>'", "lower(source.csm_email)"} {
		c, diags := env.Check(quotedSource(text), Want{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		programs = append(programs, c.Compile(func(_ int, path string) int { return layout.Slot(path) }))
	}
	batch := value.NewBatch(layout, 1)
	f := &Frame{Records: make([]value.Record, 1), Texts: batch}
	source := make(value.Record, layout.Len())
	names := make([]value.Value, 20_000)
	got := make([]value.Value, 2*len(names))
	for i := range names {
		names[i] = value.Text(fmt.Sprintf("Jo%d", i))
	}
	fill := func() {
		batch.Reset()
		for i := range names {
			source[layout.Slot("name")], source[layout.Slot("csm_email")] = names[i], names[i]
			f.Records[0] = source
			for k, p := range programs {
				v, err := p.Eval(f)
				if err != nil {
					t.Fatal(err)
				}
				got[2*i+k] = v
			}
		}
	}
	fill()
	for i := range names {
		if a, b := got[2*i].AsText(), got[2*i+1].AsText(); a != fmt.Sprintf("<Jo%d>", i) || b != fmt.Sprintf("jo%d", i) {
			t.Fatalf("of %s were built %s and %s", names[i], a, b)
		}
	}
	if n := testing.AllocsPerRun(3, fill); n > 1 {
		t.Errorf("%v allocations for texts that a batch has room for", n)
	}
}
