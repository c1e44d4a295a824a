// Package lang is the compiler as a whole: from a project's files and the schemas of its connections to plans and
// diagnostics. It is a pure function: no network, no clock, no environment.
//
// The pipeline, each stage with one package and one product:
//
//	source text     syntax.Parse      → syntax.File      blocks, attributes, spellings of values
//	syntax.File     resolve.Modules   → resolve.Module   names bound, duplicates and rings found
//	resolve.Module  check.Check       → check.Program    held against the catalogs
//	check.Program   planner.Build     → plan.Set         what the runtime runs
//
// Load does the first two, for only the files say which objects have to be described; Needs says which; Compile does
// the rest. Results and diagnostics are returned together, and no stage stops at the first mistake: fifty mistakes
// give fifty messages in one go. A set beside errors holds the rules without errors and must not be run.
package lang
