// Package expr is the boundary to CEL: it checks expressions against schemas and compiles them to
// closures over slot-indexed records. It is the only importer of cel-go.
//
// An expression goes through three forms:
//
//	text —cel-go's parser→ CEL tree —Env.Check→ Node tree, typed —Checked.Compile→ closures
//
// cel-go gives the grammar. Types, empties and names are ours, because the language differs from CEL where
// its users need it to: numbers mix, an empty operand gives an empty result, dates are not midnights. The
// closures are compared with cel-go's own evaluator, told of the same rules (reference.go), on generated expressions.
//
// The rules of empties: a condition has three values. An ordering or a test of a text over an empty operand is
// unknown; only ! && || see unknown, everything else takes it for false. Every other operator and function of
// an empty operand gives empty. Errors (overflow, division by zero) reject the record; && and || absorb an
// error on one side when the other decides.
package expr
