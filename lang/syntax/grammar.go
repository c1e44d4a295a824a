package syntax

// Form is the form of an attribute's value. Expression attributes take an expression in one of its four
// spellings; all other forms are plain: nothing in them is evaluated.
type Form uint8

const (
	Expression    Form = iota // reference, constant, quoted CEL or text(…)
	PlainText                 // text in quotes
	Choice                    // one of a few texts
	Whole                     // whole number, not negative
	Number                    // number, not negative
	Flag                      // true or false
	Duration                  // "15m", "90d"
	ObjectRef                 // CONNECTION.OBJECT
	RefList                   // [sync.NAME, connection.NAME]
	TextList                  // ["…", "…"]
	Setting                   // text, number, true/false, env, secret, list of texts, object of texts
	SettingText               // an entry of a list or object that is a Setting: text, env, secret
	KeyList                   // { FIELD = EXPRESSION } or a list of them
	RowMap                    // { "KEY" = "TEXT" }
	Literal                   // text in quotes or constant
	ColumnMap                 // { NAME = "KIND" }
	ChoiceList                // ["…"], each one of a few texts
	ConnectionRef             // the name of a connection
	RuleRef                   // sync.NAME or trigger.NAME
	KeyField                  // "FIELD", or { FIELD = EXPRESSION }
	EachMap                   // { KEY = LITERAL } or ["KEY"]
	Record                    // { FIELD = LITERAL }, where a literal may also be a list of them
	Records                   // [RECORD]
	Argument                  // an expression, a list of them, or { NAME = ARGUMENT }
)

// BlockSpec describes one kind of block: the block grammar is data, which the parser checks files against
// and which documentation and editors read.
type BlockSpec struct {
	Name   string
	Labels []LabelSpec
	Attrs  []*AttrSpec
	// Free describes attributes of any other name, whose names belong to a system or an object; nil: none.
	Free   *AttrSpec
	Blocks []*BlockSpec
	// Once: at most one in its parent. Otherwise the first labels of its blocks must differ.
	Once bool
	// Repeats: any number may stand there, their labels need not differ.
	Repeats bool
	// Later: known, but not in this version.
	Later bool
	Doc   string
	// Hints answer names that people try here and that do not exist.
	Hints map[string]string
}

// LabelSpec describes one label of a block.
type LabelSpec struct {
	Name     string
	Optional bool
}

// AttrSpec describes one attribute.
type AttrSpec struct {
	Name  string
	Form  Form
	OneOf []string // of a Choice or ChoiceList
	// LaterOneOf are choices that are known, but not in this version, each with what to do until then.
	LaterOneOf map[string]string
	Required   bool
	Later      bool
	Doc        string
}

// Attr finds the description of an attribute, nil when the block has no such attribute.
func (b *BlockSpec) Attr(name string) *AttrSpec {
	for _, a := range b.Attrs {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Block finds the description of a nested block, nil when there is none.
func (b *BlockSpec) Block(name string) *BlockSpec {
	for _, n := range b.Blocks {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Grammar describes a whole file: its Blocks are the blocks that may stand at top level.
func Grammar() *BlockSpec { return grammar }

var grammar = &BlockSpec{
	Doc: "A project file.",
	Blocks: []*BlockSpec{
		connectionBlock, tableBlock, variableBlock, syncBlock, triggerBlock, trackBlock, alertBlock,
		later("field", "A custom field that the project needs.", "NAME"),
		later("moved", "Says that a rule was renamed, so that its state is kept."),
	},
	Hints: map[string]string{
		"test":   `Tests stand in files of their own, NAME.synctest.hcl.`,
		"locals": `There are no locals: a "variable" with a default serves.`,
		"output": `Rules have no outputs.`,
		"source": `Name the source in a sync: from = CONNECTION.OBJECT.`,
		"target": `Name the target in a sync: to = CONNECTION.OBJECT.`,
	},
}

func later(name, doc string, labels ...string) *BlockSpec {
	b := &BlockSpec{Name: name, Doc: doc, Later: true}
	for _, l := range labels {
		b.Labels = append(b.Labels, LabelSpec{Name: l})
	}
	return b
}

func label(name string) []LabelSpec { return []LabelSpec{{Name: name}} }

func attr(name string, form Form, doc string) *AttrSpec {
	return &AttrSpec{Name: name, Form: form, Doc: doc}
}

func required(name string, form Form, doc string) *AttrSpec {
	return &AttrSpec{Name: name, Form: form, Doc: doc, Required: true}
}

func choice(name, doc string, oneOf ...string) *AttrSpec {
	return &AttrSpec{Name: name, Form: Choice, OneOf: oneOf, Doc: doc}
}

func laterAttr(name, doc string) *AttrSpec {
	return &AttrSpec{Name: name, Later: true, Doc: doc}
}
