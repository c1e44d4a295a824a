// Package soql is the grammar of Salesforce's query language: text to syntax tree and back.
//
// Parse takes a statement and gives a *Query, whose nodes carry their places, or an *Error
// with a place and the wording that Salesforce uses. Query.String writes a tree as text that
// parses to the same tree. The package knows nothing of objects and fields; the sandbox gives the
// trees a meaning, and the connector checks with it what it writes.
//
// Keywords are matched in any case. Statements are bounded as Salesforce bounds them
// (MaxLength) and in nesting (maxDepth), so that no text makes the parser run long or deep.
package soql
