// Package reload notices that the files of a project changed, and brings the change into a running server: wait until
// the folder is quiet, read, compile, swap; all of it or nothing.
//
// Watch tells that something changed: it listens to the file system, and looks for itself every few seconds, for
// there are file systems that do not tell. Reloader makes of it at most one attempt at a time, each with a deadline.
// What is read, compiled and swapped is its owner's matter.
package reload
