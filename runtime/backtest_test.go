package runtime

import (
	"context"
	"fmt"
	"testing"

	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/value"
)

// watchText is a trigger on From0 that creates a To0.
func watchText(name, when string, more ...string) string {
	lines := ""
	for _, m := range more {
		lines += "  " + m + "\n"
	}
	return fmt.Sprintf("trigger %q {\n  on   = cs.From0\n  when = %q\n%s  then {\n    create \"made\" {\n      in = crm.To0\n      set {\n        F1 = new.Id\n      }\n    }\n  }\n}\n",
		name, when, lines)
}

// level puts a record of From0 at a level.
func (p *plant) level(id, level string) {
	p.cs.Put("From0", memory.Map{"Id": value.Text(id), "F0": value.Text(level)})
}

// An edit is held against the rule that a server has in force, on the same past.
func TestABacktestComparesWithTheRuleInForce(t *testing.T) {
	p := newPlant(t, 1, 2)
	p.write("a.sync.hcl", watchText("low", "new.F0 in ['low', 'lower']", "manual = true"))
	p.level("a", "high")
	s, stop := p.serve()
	for _, level := range []string{"high", "low", "high", "lower"} {
		p.level("a", level)
		p.runs(s, "trigger.low")
	}
	stop()
	p.write("a.sync.hcl", watchText("low", "new.F0 == 'lower'", "manual = true"))
	report, diags, err := p.runtime().Backtest(context.Background(), p.store, BacktestRequest{Trigger: "low", Schema: SchemaLive})
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	if len(report.Rules) != 2 || report.Rules[0].Form != FormFiles || report.Rules[1].Form != FormInForce || report.InFact == nil {
		t.Fatalf("%+v", report)
	}
	if edited, inForce := report.Rules[0].Fired, report.Rules[1].Fired; edited != 1 || inForce != 2 || *report.InFact != 2 {
		t.Fatalf("the edit %d, in force %d, in fact %d", edited, inForce, *report.InFact)
	}
	// A form that reads what was not recorded has no answer, and the others do.
	p.write("a.sync.hcl", watchText("low", "new.F0 == 'low'", "manual = true"))
	other := "new.F0 == 'low'  "
	if report, _, err = p.runtime().Backtest(context.Background(), p.store, BacktestRequest{Trigger: "low", When: &other, Schema: SchemaLive}); err != nil {
		t.Fatal(err)
	}
	if len(report.Rules) != 2 || report.Rules[0].Form != FormGiven || report.Rules[1].Form != FormInForce {
		t.Fatalf("a condition that means the same is not told twice: %+v", report.Rules)
	}
}
