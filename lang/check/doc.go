// Package check holds a project's rules against the schemas of its connections: names of objects and fields,
// types of values, what may be written, how records are matched, when rules run.
//
// It takes a resolve.Module and the catalogs, and gives a Program: for each rule its objects, fields and checked
// expressions, beside the module and not in it. Checking goes on after a mistake, with as little known as needed:
// a rule on an unknown object still has its schedules checked, and one mistake gives one message.
//
// The order of the files here is the order of the checks: inputs (variables, tables), connections, objects,
// scopes, one rule at a time (filters, finds, match, map), then what only shows over all rules (who writes a
// field, rings, calls a day).
package check
