package expr

import (
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/lang/value"
)

// TestBombs: expressions made to exhaust the checker or an evaluation are refused or end soon.
func TestBombs(t *testing.T) {
	bombs := map[string]string{
		"brackets":  strings.Repeat("(", 50_000) + "1" + strings.Repeat(")", 50_000),
		"lists":     strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000),
		"sum":       "1" + strings.Repeat("+1", 20_000),
		"and":       "true" + strings.Repeat(" && source.Active", 3_000),
		"choices":   strings.Repeat("source.Active ? 1 : ", 3_000) + "1",
		"not":       strings.Repeat("!", 60_000) + "true",
		"minus":     strings.Repeat("-", 60_000) + "1",
		"path":      "source" + strings.Repeat(".Owner", 10_000),
		"index":     "source" + strings.Repeat("[0]", 10_000),
		"calls":     strings.Repeat("upper(", 10_000) + "'a'" + strings.Repeat(")", 10_000),
		"members":   "'a'" + strings.Repeat(".trim()", 9_000),
		"long":      "'" + strings.Repeat("a", 100_000) + "'",
		"loops":     "source.Tags" + strings.Repeat(".map(x, source.Tags", 40) + strings.Repeat(")", 40),
		"doubling":  "'aaaaaaaaaaaaaaaa'" + strings.Repeat(".replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')", 12),
		"names":     "cel.bind(a, source.Name + source.Name, " + strings.Repeat("cel.bind(a, a + a, ", 40) + "a" + strings.Repeat(")", 41),
		"pad":       "pad_left('a', 2000000000, 'b')",
		"range":     "lists.range(1000000).map(x, lists.range(1000000))",
		"map":       strings.Repeat("{'a':", 20_000) + "1" + strings.Repeat("}", 20_000),
		"quotes":    strings.Repeat("'''", 20_000),
		"backticks": "source" + strings.Repeat(".`a", 20_000),
		"sets":      "sets.contains(lists.range(900000), lists.range(900000))",
	}
	for name, text := range bombs {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			c, diags := NewEnv(testScope()).Check(quotedSource(text), Want{})
			if !diags.HasErrors() {
				_, _ = c.Compile(testSlots).Eval(&Frame{Records: []value.Record{sampleRecord(), nil}, Now: testNow})
			}
			if _, err := Evaluate(text, nil, EvalOptions{}); err == nil && diags.HasErrors() {
				t.Log("only evaluated by the command line")
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestTemplateBombs(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("{{", 30_000), strings.Repeat("{{ 1 }}", 9_000), "{{ " + strings.Repeat("{", 60_000), "{{ '" + strings.Repeat(`\'`, 30_000),
		strings.Repeat("{", 60_000), "{{ " + strings.Repeat(`"""`, 20_000), strings.Repeat("}}", 30_000),
	} {
		start := time.Now()
		NewEnv(testScope()).Check(textSource(text), Want{})
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%.20s…: took %v", text, took)
		}
	}
}

func TestInterrupt(t *testing.T) {
	items := make([]value.Value, 100_000)
	for i := range items {
		items[i] = value.Text("x")
	}
	r := record(map[string]value.Value{"Tags": value.List(items)})
	c := mustCheck(t, testScope(), quotedSource("source.Tags.all(a, !source.Tags.exists(b, a == 'beta' && b == 'vip'))"), Want{Condition: true})
	p := c.Compile(testSlots)
	asked := 0
	_, err := p.Test(&Frame{Records: []value.Record{r, nil}, Interrupted: func() bool { asked++; return asked > 3 }})
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("not interrupted: %v", err)
	}
	start := time.Now()
	if _, err = p.Test(&Frame{Records: []value.Record{r, nil}}); err == nil || !strings.Contains(err.Error(), "steps") {
		t.Errorf("no limit of steps: %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
