package expr

import (
	"errors"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/interpreter"
)

// The reference: cel-go's own parser, macros and evaluator, told of our rules of empties and numbers. The closures
// are compared with it, and `eval` uses it for what they do not have (maps, bytes, more of CEL's extensions).
//
// CEL is evaluated unchecked, since the types are ours. && || ?: and our own functions become calls of operators
// of ours (names with @), because cel-go plans its own so that they cannot be changed; every other call is
// decorated with the rule of empties (reference_calls.go).

const (
	refAnd   = "@and"
	refOr    = "@or"
	refCond  = "@cond"
	refHas   = "@filled"
	refIndex = "@index"
	refOurs  = "@ours" // @ours("name", arguments…)
	refTable = "@table"
	refLoop  = "@loop" // @loop(list, comprehension over it, whether it is a test)
)

// reference is a planned expression.
type reference struct {
	program cel.Program
}

// referenceEnv is CEL with its extensions, and the functions behind their names.
type referenceEnv struct {
	env       *cel.Env
	functions map[string]*functions.Overload
}

func newReferenceEnv() (*referenceEnv, error) {
	env, err := cel.NewEnv(ext.Strings(), ext.Math(), ext.Lists(), ext.Sets(), ext.Encoders(), ext.Bindings(), ext.TwoVarComprehensions(),
		cel.ParserExpressionSizeLimit(maxLength), cel.ParserRecursionLimit(maxDepth))
	if err != nil {
		return nil, err
	}
	e := &referenceEnv{env: env, functions: map[string]*functions.Overload{}}
	for name, decl := range env.Functions() {
		bindings, err := decl.Bindings()
		if err != nil {
			return nil, err
		}
		for _, b := range bindings {
			if b.Operator == name {
				e.functions[name] = b
			}
		}
	}
	return e, nil
}

// plan prepares an expression of a scope for evaluation.
func (e *referenceEnv) plan(text string, scope *Scope) (*reference, error) {
	tree, issues := e.env.Parse(text)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	root := tree.NativeRep().Expr()
	rewrite(root, scope)
	zone := scope.Zone
	if zone == nil {
		zone = time.UTC
	}
	rules := &rules{env: e, scope: scope, zone: zone}
	program, err := e.env.PlanProgram(tree.NativeRep(), cel.CustomDecoratorV2(rules.decorate), cel.CostLimit(10*maxCost))
	if err != nil {
		return nil, err
	}
	return &reference{program}, nil
}

// eval gives the value of the expression for variables; now is the clock.
func (r *reference) eval(vars map[string]any, now time.Time) (ref.Val, error) {
	input := map[string]any{"@now": types.Timestamp{Time: now}}
	for name, v := range vars {
		input[name] = v
	}
	v, _, err := r.program.Eval(input)
	if err != nil {
		return nil, err
	}
	v = settle(v)
	if types.IsError(v) {
		return nil, errors.New(v.(*types.Err).String())
	}
	return v, nil
}

// rewrite replaces the operators and functions that are ours in the tree.
func rewrite(root ast.Expr, scope *Scope) {
	factory := ast.NewExprFactory()
	ast.PostOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			if sel := e.AsSelect(); sel.IsTestOnly() {
				test := factory.NewPresenceTest(e.ID()<<32, sel.Operand(), sel.FieldName())
				field := factory.NewSelect(e.ID()<<32+1, factory.CopyExpr(sel.Operand()), sel.FieldName())
				e.SetKindCase(factory.NewCall(e.ID(), refHas, test, field))
			}
		case ast.ComprehensionKind:
			list, loop := factory.CopyExpr(e.AsComprehension().IterRange()), factory.CopyExpr(e)
			isTest := literal(e.AsComprehension().AccuInit()) != nil // exists, all and exists_one start from a constant
			e.SetKindCase(factory.NewCall(e.ID(), refLoop, list, loop, factory.NewLiteral(e.ID()<<32+3, types.Bool(isTest))))
		case ast.CallKind:
			rewriteCall(factory, e, scope)
		}
	}))
}

func rewriteCall(factory ast.ExprFactory, e ast.Expr, scope *Scope) {
	call := e.AsCall()
	name := call.FunctionName()
	replace := func(name string, args ...ast.Expr) {
		e.SetKindCase(factory.NewCall(e.ID(), name, args...))
	}
	switch name {
	case operators.LogicalAnd:
		replace(refAnd, call.Args()...)
		return
	case operators.LogicalOr:
		replace(refOr, call.Args()...)
		return
	case operators.Conditional:
		replace(refCond, call.Args()...)
		return
	case operators.Index:
		if _, ok := literalText(call.Args()[1]); !ok {
			replace(refIndex, call.Args()...)
		}
		return
	}
	args := call.Args()
	text := func(s string) ast.Expr { return factory.NewLiteral(e.ID()<<32+2, types.String(s)) }
	if call.IsMemberFunction() {
		target := call.Target()
		if target.Kind() == ast.IdentKind {
			switch ns := target.AsIdent(); {
			case ns == "table" && len(scope.Tables) > 0:
				replace(refTable, append([]ast.Expr{text(name)}, args...)...)
				return
			case namespaces[ns]:
				return
			}
		}
		args = append([]ast.Expr{target}, args...)
	}
	name = strings.TrimPrefix(name, ".")
	if fn := functionsByName[name]; fn != nil && !fn.standard {
		replace(refOurs, append([]ast.Expr{text(name)}, args...)...)
	} else if fn != nil && call.IsMemberFunction() {
		replace(name, args...)
	}
}

// rules decorates the nodes of a plan.
type rules struct {
	env   *referenceEnv
	scope *Scope
	zone  *time.Location
}

func (r *rules) decorate(node interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	call, ok := node.(interpreter.InterpretableCall)
	if !ok {
		return node, nil
	}
	return &ruledCall{InterpretableCall: call, rules: r}, nil
}
