package syntax

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

// in names a block for messages: `a "sync" block`.
func in(b *BlockSpec) string {
	if b.Name == "" {
		return "a file"
	}
	return fmt.Sprintf("a %q block", b.Name)
}

func errUnknownBlock(parent *BlockSpec, name string, r span.Range) *diag.Diagnostic {
	var names []string
	for _, b := range parent.Blocks {
		names = append(names, b.Name)
	}
	detail, near := fmt.Sprintf("There is no block %q in %s.", name, in(parent)), diag.Nearest(name, names)
	switch {
	case parent.Hints[name] != "":
		detail += " " + parent.Hints[name]
	case len(near) > 0:
		detail += diag.DidYouMean(near)
	default:
		detail += belongs(name, true)
	}
	return failure("SYN110", "Unknown block", r, diag.First(near), "%s", detail)
}

func errUnknownAttribute(parent *BlockSpec, name string, r span.Range) *diag.Diagnostic {
	var names []string
	for _, a := range parent.Attrs {
		names = append(names, a.Name)
	}
	detail, near := fmt.Sprintf("There is no %q in %s.", name, in(parent)), diag.Nearest(name, names)
	switch {
	case parent.Hints[name] != "":
		detail, near = detail+" "+parent.Hints[name], nil
	case len(near) > 0:
		detail += diag.DidYouMean(near)
	case parent == grammar:
		detail = fmt.Sprintf("%q stands outside of any block. At top level there are only blocks, such as sync \"NAME\" { … }.", name)
	default:
		detail += belongs(name, false)
	}
	return failure("SYN111", "Unknown attribute", r, diag.First(near), "%s", detail)
}

// belongs says where a name that is unknown here does belong.
func belongs(name string, block bool) string {
	var places []string
	var walk func(b *BlockSpec)
	walk = func(b *BlockSpec) {
		known := !block && b.Attr(name) != nil || block && b != grammar && b.Block(name) != nil
		if known && len(places) < 3 {
			places = append(places, b.Name)
		}
		for _, n := range b.Blocks {
			walk(n)
		}
	}
	walk(grammar)
	if len(places) == 0 {
		return ""
	}
	return fmt.Sprintf(" It belongs in %s.", diag.Or(places))
}

func errLater(name string, r span.Range) *diag.Diagnostic {
	return failure("SYN112", "Not in this version", r, "",
		"%q belongs to the language, but this version of Syncline does not have it yet. Remove it, or use a later version.", name)
}

func errLaterChoice(s slot, q *Quoted, instead string) *diag.Diagnostic {
	return failure("SYN112", "Not in this version", q.Range, "",
		"%s = %q belongs to the language, but this version of Syncline does not have it yet. %s", s.name, q.Text, instead)
}

func errLabels(spec *BlockSpec, b *Block) *diag.Diagnostic {
	if len(spec.Labels) == 0 {
		return failure("SYN113", "Wrong number of labels", b.Labels[0].Range, "",
			"A %q block has no label. Write %s.", b.Type, form(spec))
	}
	at := b.TypeRange
	if len(b.Labels) > len(spec.Labels) {
		at = b.Labels[len(spec.Labels)].Range
	}
	return failure("SYN113", "Wrong number of labels", at, "", "Write %s.", form(spec))
}

// form is the header of a block: connection "SYSTEM" "NAME" { … }.
func form(spec *BlockSpec) string {
	var s strings.Builder
	s.WriteString(spec.Name)
	for _, l := range spec.Labels {
		if l.Optional {
			fmt.Fprintf(&s, " [%q]", l.Name)
		} else {
			fmt.Fprintf(&s, " %q", l.Name)
		}
	}
	return s.String() + " { … }"
}

func errDuplicateAttribute(name string, r, first span.Range) *diag.Diagnostic {
	d := failure("SYN114", "Duplicate attribute", r, "", "%q is written already in this block; only one value can hold. Remove one of them.", name)
	d.Related = []diag.Related{{Message: "first written here", Range: first}}
	return d
}

func errBlockTwice(b, first *Block) *diag.Diagnostic {
	d := failure("SYN115", "Duplicate block", b.Header, "", "There can be only one %q block here. Put the content of both into one.", b.Type)
	d.Related = []diag.Related{{Message: "first written here", Range: first.Header}}
	return d
}

func errDuplicateLabel(b, first *Block) *diag.Diagnostic {
	detail := fmt.Sprintf("There is a %s %q here already. Give each its own name.", b.Type, b.Label(0))
	if len(b.Labels) == 0 {
		detail = fmt.Sprintf("Of several %s blocks each needs a name: %s \"nightly\" { … }.", b.Type, b.Type)
	}
	d := failure("SYN115", "Duplicate block", b.Header, "", "%s", detail)
	d.Related = []diag.Related{{Message: "first written here", Range: first.Header}}
	return d
}

func errAttributeAndBlock(b *Block, a *Attr) *diag.Diagnostic {
	d := failure("SYN119", "Both attribute and block", b.Header, "",
		"%q is written both as an attribute and as a block; only one can hold. Remove one of them.", b.Type)
	d.Related = []diag.Related{{Message: "the attribute", Range: a.NameRange}}
	return d
}

func errMissingAttribute(spec *BlockSpec, as *AttrSpec, b *Block) *diag.Diagnostic {
	return failure("SYN117", "Missing attribute", b.Header, "",
		"A %q block needs %s = %s. %s", spec.Name, as.Name, sample(as), as.Doc)
}

func (p *parser) errBlockAsAttribute(b *BlockSpec, name span.Range, a *hclsyntax.Attribute) *diag.Diagnostic {
	fix := ""
	if _, ok := a.Expr.(*hclsyntax.ObjectConsExpr); ok && len(b.Labels) == 0 {
		fix = b.Name + " " + p.rng(a.Expr.Range()).Text()
	}
	detail := fmt.Sprintf("%q is a block: write %s, without an equals sign.", b.Name, form(b))
	if b.Once || len(b.Labels) == 0 {
		detail = fmt.Sprintf("%q is a block: write %s { … }, without an equals sign, each entry on a line of its own.", b.Name, b.Name)
	}
	d := failure("SYN118", "Block and attribute mixed up", name, "", "%s", detail)
	if fix != "" && !strings.Contains(fix, ",") && !strings.Contains(fix, ":") {
		d.Subject, d.Suggestion = p.rng(a.SrcRange), fix
	}
	return d
}

func errAttributeAsBlock(parent *BlockSpec, name string, r span.Range) *diag.Diagnostic {
	as := parent.Attr(name)
	if as == nil {
		as = parent.Free
	}
	return failure("SYN118", "Block and attribute mixed up", r, "",
		"%q is an attribute: write %s = %s.", name, name, sample(as))
}

// expects says what a form takes, for `"max" takes …`.
func expects(as *AttrSpec) string {
	switch as.Form {
	case Expression, Argument:
		return "an expression"
	case PlainText:
		return "a text in quotes"
	case Choice:
		return diag.Or(as.OneOf)
	case Whole:
		return "a whole number, 0 or more"
	case Number:
		return "a number, 0 or more"
	case Flag:
		return "true or false"
	case Duration:
		return "a duration in quotes, such as \"15m\" or \"90d\""
	case ObjectRef:
		return "an object: CONNECTION.OBJECT, without quotes"
	case RefList:
		if as.Name == "requires" {
			return "a list of rules and connections, such as [sync.NAME, connection.NAME], without quotes"
		}
		return "a list of rules, such as [sync.NAME], without quotes"
	case TextList:
		return "a list of texts: [\"…\"]"
	case SettingText:
		return "a text in quotes, env(\"NAME\") or secret(\"NAME\")"
	case Setting:
		return "a text in quotes, a number, true, false, env(\"NAME\") or secret(\"NAME\")"
	case KeyList:
		return "keys { FIELD = EXPRESSION }, or a list of them: [{ … }, { … }]"
	case RowMap:
		return "rows { \"KEY\" = \"TEXT\" }"
	case ColumnMap:
		return "columns { NAME = \"KIND\" }"
	case ChoiceList:
		return "a list of " + diag.Or(as.OneOf)
	case ConnectionRef:
		return "the name of a connection, without quotes"
	case RuleRef:
		return "a rule, such as sync.NAME, without quotes"
	case KeyField:
		return "the name of a field in quotes, or { FIELD = EXPRESSION }"
	case EachMap:
		return "entries { KEY = \"TEXT\" }, or a list of texts"
	case Record:
		return "a record { FIELD = \"TEXT\" }"
	case Records:
		return "a list of records: [{ FIELD = \"TEXT\" }]"
	}
	return "a text in quotes or a constant"
}

// sample is how a value of a form looks.
func sample(as *AttrSpec) string {
	switch as.Form {
	case Expression, Argument:
		return "EXPRESSION"
	case Choice:
		return `"` + as.OneOf[0] + `"`
	case Whole, Number:
		return "100"
	case Flag:
		return "true"
	case Duration:
		return `"15m"`
	case ObjectRef:
		return "CONNECTION.OBJECT"
	case RefList:
		return "[sync.NAME]"
	case TextList:
		return `["…"]`
	case KeyList:
		return "[{ FIELD = EXPRESSION }]"
	case RowMap:
		return `{ "KEY" = "TEXT" }`
	case ColumnMap:
		return `{ NAME = "text" }`
	case ChoiceList:
		return `["` + as.OneOf[0] + `"]`
	case ConnectionRef:
		return "CONNECTION"
	case RuleRef:
		return "sync.NAME"
	case KeyField:
		return `"FIELD"`
	case EachMap:
		return `{ KEY = "TEXT" }`
	case Record:
		return `{ FIELD = "TEXT" }`
	case Records:
		return `[{ FIELD = "TEXT" }]`
	}
	return `"…"`
}
