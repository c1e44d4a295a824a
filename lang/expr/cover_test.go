package expr

import (
	"testing"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

func TestCoverCountsTheWaysThatWereTaken(t *testing.T) {
	o := &schema.Object{Name: "O", Fields: []*schema.Field{{Name: "N", Kind: schema.Integer, Nullable: true}}}
	o.Index()
	env := NewEnv(Scope{Roots: []Root{{Name: "source", Object: o}}})
	compiled := func(text string, want Want) *Program {
		checked, diags := env.Check(Source{Spelling: Quoted, Embedded: span.Plain("a", text)}, want)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return checked.Compile(func(int, string) int { return 0 })
	}
	p := compiled("source.N > 1 ? (source.N > 5 ? 'a' : 'b') : null", Want{})
	where := compiled("source.N > 1", Want{Condition: true})
	cover := &Cover{}
	for _, n := range []value.Value{value.Int(2), value.Int(3), value.Null} {
		f := &Frame{Records: []value.Record{{n}}, Cover: cover}
		if _, err := p.Eval(f); err != nil {
			t.Fatal(err)
		}
		if _, err := where.Test(f); err != nil {
			t.Fatal(err)
		}
	}
	got := p.Branches(cover)
	if len(got) != 2 || got[0].Text != "source.N > 1" || got[0].True != 2 || got[0].False != 1 || got[1].True != 0 || got[1].False != 2 {
		t.Errorf("%+v", got)
	}
	if o := where.Outcomes(cover); o.True != 2 || o.False != 1 || o.Text != "source.N > 1" {
		t.Errorf("%+v", o)
	}
}
