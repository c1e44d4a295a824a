// Package resolve binds names: from syntax trees to one Module of declarations and references.
package resolve
