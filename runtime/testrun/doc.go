// Package testrun carries out the tests of a project's rules on the same engine that serves them.
//
// Each test gets systems in memory, made of the schemas that the project was compiled with, a state of its own, and a
// clock that stands where the test says. Nothing is contacted. What the rule wrote is compared with what the test
// expects; which ways the rules' conditions went is counted for the coverage.
package testrun
