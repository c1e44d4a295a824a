// Package syntax turns the bytes of a file into Syncline's own syntax tree. With format it is the only
// importer of hcl.
package syntax
