// Package syntax turns the bytes of a file into Syncline's own syntax tree. With format it is the only
// importer of hcl.
//
// Parse works in three steps. The preflight refuses what a parser should not see: huge or binary files and
// nesting without end. HCL then parses the file; when that fails, its messages are reworded for people who
// never heard of HCL, and nothing else is said about the file. Last, the HCL tree is converted along the
// block grammar (Grammar), which is data: it says which blocks and attributes exist and which form each
// value takes. A value's spelling is told by its node kind alone; nothing is evaluated. Texts are decoded
// from the raw bytes, because HCL's own values have lost their places.
//
// One mistake gives one message: what was reported becomes a Bad value or is left out of the tree.
package syntax
