// Package resolve binds names: from syntax trees to one Module of declarations and references.
//
// The files of a folder are one project, and the order of files and blocks means nothing. Modules therefore
// goes over the trees twice: first all declarations are collected, with duplicates and ill-formed names; then
// the rules are read and each reference is bound to what it names. Names inside expressions are not seen here:
// the checker binds them, sets the Used flags of what it found, and Unused tells what is left.
//
// What an attribute's value looks like was checked by syntax. A Bad value reads as not written.
package resolve
