package expr

import (
	"sort"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/parser"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/span"
)

const (
	maxLength  = 64 << 10 // bytes of one expression
	maxDepth   = 100      // brackets within brackets, and operators within operators
	maxNodes   = 10_000   // nodes of one expression
	maxMessage = 1        // syntax errors of one expression: after the first the rest is guesswork
)

// parsed is CEL text with its tree and what maps the tree's places to bytes.
type parsed struct {
	src    span.Embedded
	tree   *ast.AST
	tokens []token
	pairs  map[int]int // bytes of opening brackets → closing ones
	bytes  []int       // code point → byte; nil when the text is ASCII
}

// celParser is cel-go's grammar without macros: exists, all, has and the others arrive as plain calls.
var celParser = func() *parser.Parser {
	p, err := parser.NewParser(
		parser.EnablePrattParser(true),
		parser.MaxRecursionDepth(maxDepth),
		parser.ExpressionSizeCodePointLimit(maxLength),
		parser.MaxExpressionNodeCount(maxNodes),
		parser.ErrorReportingLimit(maxMessage),
		parser.ErrorRecoveryLimit(0),
		parser.EnableIdentEscapeSyntax(true),
	)
	if err != nil {
		panic(err) // the options above are constants
	}
	return p
}()

// parse gives the tree, or one diagnostic.
func parse(src span.Embedded) (*parsed, *diag.Diagnostic) {
	p := &parsed{src: src}
	text := src.Text
	switch {
	case len(text) > maxLength:
		return nil, errTooLong(src.Range(0, 0), len(text))
	case !utf8.ValidString(text):
		return nil, errNotUTF8(src.Whole())
	case strings.TrimSpace(text) == "":
		return nil, errEmptyExpression(src.Whole())
	}
	p.tokens = scan(text)
	if len(p.tokens) == 0 {
		return nil, errEmptyExpression(src.Whole())
	}
	var depth, deepest int
	p.pairs, depth, deepest = brackets(text, p.tokens)
	if depth > maxDepth {
		return nil, errTooDeep(src.Range(deepest, deepest+1))
	}
	p.bytes = codePoints(text)
	tree, errs := celParser.Parse(common.NewTextSource(text))
	if list := errs.GetErrors(); len(list) > 0 {
		return nil, p.syntaxError(list[0])
	}
	p.tree = tree
	return p, nil
}

// codePoints maps code points to bytes, with the end as the last entry; nil for ASCII.
func codePoints(text string) []int {
	if len(text) == utf8.RuneCountInString(text) {
		return nil
	}
	out := make([]int, 0, len(text)+1)
	for i := range text {
		out = append(out, i)
	}
	return append(out, len(text))
}

// byteAt converts a code point offset.
func (p *parsed) byteAt(point int) int {
	if p.bytes == nil {
		return min(max(point, 0), len(p.src.Text))
	}
	return p.bytes[min(max(point, 0), len(p.bytes)-1)]
}

// at is where cel-go says that a node is: the bytes of its own token (operator, bracket, dot, literal or name).
func (p *parsed) at(id int64) (start, end int) {
	r, ok := p.tree.SourceInfo().GetOffsetRange(id)
	if !ok {
		return 0, len(p.src.Text)
	}
	return p.byteAt(int(r.Start)), p.byteAt(int(r.Stop))
}

// extent is all bytes of a node, with its operands and brackets.
func (p *parsed) extent(e ast.Expr) (start, end int) {
	start, end = p.at(e.ID())
	cover := func(x ast.Expr) {
		s, t := p.extent(x)
		start, end = min(start, s), max(end, t)
	}
	switch e.Kind() {
	case ast.SelectKind:
		cover(e.AsSelect().Operand())
		end = max(end, p.tokenAfter(end).end)
	case ast.CallKind:
		call := e.AsCall()
		open := start
		if call.IsMemberFunction() {
			cover(call.Target())
		}
		for _, a := range call.Args() {
			cover(a)
		}
		if shut, ok := p.pairs[open]; ok {
			end = max(end, shut+1)
			if p.src.Text[open] == '(' && !call.IsMemberFunction() {
				start = min(start, p.tokenBefore(open).start)
			}
		}
	case ast.ListKind, ast.MapKind, ast.StructKind:
		if shut, ok := p.pairs[start]; ok {
			end = max(end, shut+1)
		}
		if e.Kind() == ast.StructKind {
			start = min(start, p.tokenBefore(start).start)
		}
	}
	return start, end
}

// tokenAfter is the first token that starts at or after a byte.
func (p *parsed) tokenAfter(at int) token {
	i := sort.Search(len(p.tokens), func(i int) bool { return p.tokens[i].start >= at })
	if i == len(p.tokens) {
		return token{tokenOther, len(p.src.Text), len(p.src.Text)}
	}
	if p.src.Text[p.tokens[i].start] == '`' {
		// An escaped name: the scanner sees its quotes and words apart.
		if n := strings.IndexByte(p.src.Text[p.tokens[i].start+1:], '`'); n >= 0 {
			return token{tokenWord, p.tokens[i].start, p.tokens[i].start + n + 2}
		}
	}
	return p.tokens[i]
}

// tokenBefore is the last token that ends at or before a byte.
func (p *parsed) tokenBefore(at int) token {
	i := sort.Search(len(p.tokens), func(i int) bool { return p.tokens[i].end > at }) - 1
	if i < 0 {
		return token{tokenOther, 0, 0}
	}
	return p.tokens[i]
}

// literal is the Go value of a literal node, nil for any other.
func literal(e ast.Expr) ref.Val {
	if e.Kind() != ast.LiteralKind {
		return nil
	}
	return e.AsLiteral()
}

// literalText is the text of a string literal.
func literalText(e ast.Expr) (string, bool) {
	if v := literal(e); v != nil {
		s, ok := v.Value().(string)
		return s, ok
	}
	return "", false
}
