package syntax

import (
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

// TestSuffix is what the names of files with tests end in. In them a quoted string is a text, always.
const TestSuffix = ".synctest.hcl"

// TestGrammar describes a *.synctest.hcl file, as Grammar does a project's file.
func TestGrammar() *BlockSpec { return testGrammar }

// ParseTests reads a *.synctest.hcl file, as Parse does a project's file.
func ParseTests(name string, src []byte) (*File, diag.List) {
	return parse(&parser{file: span.NewFile(name, src), src: src, grammar: testGrammar})
}

var testGrammar = &BlockSpec{
	Doc:    "A file of tests.",
	Blocks: []*BlockSpec{testBlock},
	Hints: map[string]string{
		"sync":       `Rules stand in *.sync.hcl files; here are tests of them.`,
		"trigger":    `Rules stand in *.sync.hcl files; here are tests of them.`,
		"connection": `Connections stand in *.sync.hcl files; here are tests.`,
		"variable":   `Variables stand in *.sync.hcl files; a test gives them values with vars = { NAME = "VALUE" }.`,
	},
}

var testBlock = &BlockSpec{
	Name: "test", Labels: label("WHAT IS TESTED"),
	Doc: "Given records and changes, the writes that are expected. Nothing is contacted.",
	Attrs: []*AttrSpec{
		attr("trigger", RuleRef, "The trigger that is tested."),
		attr("sync", RuleRef, "The sync that is tested."),
		attr("now", PlainText, `The instant at which the test begins: "2026-01-05T09:00:00Z", or a day.`),
		attr("exact", Flag, "true: there are no writes besides the expected ones, and none of other fields."),
		attr("vars", RowMap, `Values of variables: { limit = 5 }.`),
	},
	Blocks: []*BlockSpec{givenBlock, changeBlock, expectBlock, caseBlock},
	Hints: map[string]string{
		"rule":  `The rule is written trigger = trigger.NAME or sync = sync.NAME.`,
		"when":  `What happens is written change { … }.`,
		"then":  `What is expected is written expect "LABEL" { … }.`,
		"cases": `Each case is a block: case "NAME" { … }.`,
	},
}

var givenBlock = &BlockSpec{
	Name: "given", Labels: label("CONNECTION.OBJECT"),
	Doc: "Records that are there when the test begins.",
	Attrs: []*AttrSpec{
		required("records", Records, "A list of records: [{ FIELD = VALUE }]."),
	},
}

var changeBlock = &BlockSpec{
	Name: "change", Repeats: true,
	Doc: "A record changes, and the rule runs. Several follow one another.",
	Attrs: []*AttrSpec{
		attr("at", PlainText, "When it happens; when not written, one minute after the change before."),
		attr("old", Record, "The record as it was last seen; in later changes not needed. Without it the record is new."),
		attr("new", Record, "The record as it is now. In later changes only what changed."),
		attr("deleted", Flag, "true: the record is deleted."),
	},
	Blocks: []*BlockSpec{expectBlock},
	Hints: map[string]string{
		"source": `The record after the change is written new = { … }.`,
	},
}

var expectBlock = &BlockSpec{
	Name: "expect", Labels: label("ACTION OR CONNECTION.OBJECT"), Repeats: true,
	Doc: "A write that is expected: of an action by its label, or of an object.",
	Attrs: []*AttrSpec{
		attr("set", Record, "Fields that are written and their values. Others are not looked at."),
		attr("absent", Flag, "true: there is no such write."),
		attr("count", Whole, "How many such writes there are."),
		attr("id", PlainText, "The id of the record that is written."),
	},
}

var caseBlock = &BlockSpec{
	Name: "case", Labels: label("WHAT IS SPECIAL"),
	Doc: "The test once more, with some values changed.",
	Attrs: []*AttrSpec{
		attr("old", Record, "Values that replace those of the first change's old record."),
		attr("new", Record, "Values that replace those of the last change's new record."),
		attr("now", PlainText, "The instant at which the case begins."),
	},
	Blocks: []*BlockSpec{givenBlock, expectBlock},
}
