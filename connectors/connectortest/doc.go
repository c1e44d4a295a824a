// Package connectortest is the acceptance suite that every connector passes.
//
// A connector's test hands Exercise a Factory: how to prepare a system that holds an empty (or
// filled) object, which of its fields play which part, and what the connector does not do. The
// suite opens the connection through its Type, as the engine does, and holds it to each sentence
// of the contract in package connectors.
//
// Nothing is skipped in silence: a capability that is neither there nor declared as lacking fails
// the suite, and so does one that is declared as lacking and yet is there.
package connectortest
