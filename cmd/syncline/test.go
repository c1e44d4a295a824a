package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/spectest"
	"github.com/syncline/syncline/runtime/testrun"
)

func newTest(a *app) *cobra.Command {
	var only string
	var coverage bool
	c := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests in *.synctest.hcl, offline",
		Long: `Carries out the tests of the project's rules on the engine that serves them, with systems in memory that are made of
schema.lock.json. Nothing is contacted, and no clock is read. Exit 0: all passed, 1: some failed, 2: could not test.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.test(cmd, args, only, coverage) },
	}
	c.Flags().StringVar(&only, "run", "", "only tests whose name, with that of the case, matches the regular `EXPRESSION`")
	c.Flags().BoolVar(&coverage, "coverage", false, "list the rules without tests, and the ways of conditions that no test took")
	a.formats(c, "text", "json", "junit")
	return c
}

func (a *app) test(cmd *cobra.Command, args []string, only string, coverage bool) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("--run is no regular expression: %w", err)
	}
	_, r, err := a.openProject(args)
	if err != nil {
		return err
	}
	defer r.Close()
	t, err := r.ReadTests(cmd.Context())
	if err != nil {
		return err
	}
	if t.Diagnostics.HasErrors() {
		if err := diag.WriteText(a.err, t.Diagnostics, diag.TextOptions{Color: a.colours(a.err)}); err != nil {
			return err
		}
		return &exitError{exitCannot, errors.New("the project or its tests have errors, nothing was tested")}
	}
	var tests []*spectest.Test
	for _, x := range t.Tests {
		if pattern.MatchString(x.FullName()) {
			tests = append(tests, x)
		}
	}
	if len(tests) == 0 {
		return fmt.Errorf("no test matches --run %s", only)
	}
	scratch, err := os.MkdirTemp("", "syncline-test")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	report, err := testrun.Run(cmd.Context(), tests, testrun.Options{Sets: t.Sets, Catalogs: t.Catalogs, Scratch: scratch})
	if err != nil {
		return err
	}
	switch a.format {
	case "json":
		err = printJSON(a.out, testsJSON(report))
	case "junit":
		err = writeJUnit(a.out, report)
	default:
		a.printTests(report, coverage)
	}
	if err == nil && report.Failed() > 0 {
		err = errProblems
	}
	return err
}

func (a *app) printTests(r *testrun.Report, coverage bool) {
	for _, x := range r.Results {
		if x.Passed() {
			if a.verbose {
				fmt.Fprintf(a.out, "%s %s\n", a.paint(a.out, green, "ok  "), x.Test.FullName())
			}
			continue
		}
		fmt.Fprintf(a.out, "%s %s  %s\n", a.paint(a.out, red, "FAIL"), a.paint(a.out, bold, x.Test.FullName()), a.paint(a.out, dim, x.Test.Rule))
		for _, f := range x.Failures {
			fmt.Fprintf(a.out, "  %s:%d: %s\n", f.Range.Name(), f.Range.StartPos().Line, f.Message)
			for _, line := range f.Detail {
				fmt.Fprintf(a.out, "      %s\n", line)
			}
		}
		if len(x.Writes) == 0 {
			fmt.Fprintln(a.out, "  nothing was written")
		} else {
			fmt.Fprintln(a.out, "  written was:")
		}
		for i, w := range x.Writes {
			if i == maxProblems {
				fmt.Fprintf(a.out, "      … and %s\n", count(len(x.Writes)-i, "more write"))
				break
			}
			fmt.Fprintf(a.out, "      %s\n", w)
		}
		for _, n := range x.Notes {
			fmt.Fprintf(a.out, "  %s\n", a.paint(a.out, dim, n))
		}
	}
	c := &r.Coverage
	taken, all := c.Ways()
	failed := r.Failed()
	text, colour := fmt.Sprintf("%d passed", len(r.Results)-failed), green
	if failed > 0 {
		text, colour = fmt.Sprintf("%d failed, %s", failed, text), red
	}
	fmt.Fprintf(a.out, "%s in %s; %d of %s tested, %d of %s of conditions taken\n", a.paint(a.out, colour, text), took(r.Took.Milliseconds()),
		c.Tested(), count(len(c.Rules), "rule"), taken, count(all, "way"))
	if coverage {
		a.printCoverage(c)
	}
}

func (a *app) printCoverage(c *testrun.Coverage) {
	for _, r := range c.Rules {
		if r.Tests == 0 {
			fmt.Fprintf(a.out, "  %s has no test\n", r.Rule)
		}
	}
	for _, b := range c.Branches {
		switch {
		case b.True == 0 && b.False == 0:
			fmt.Fprintf(a.out, "  %s:%d: never evaluated: %s\n", b.File, b.Line, oneLine(b.Text))
		case b.True == 0:
			fmt.Fprintf(a.out, "  %s:%d: never true: %s\n", b.File, b.Line, oneLine(b.Text))
		case b.False == 0:
			fmt.Fprintf(a.out, "  %s:%d: never false: %s\n", b.File, b.Line, oneLine(b.Text))
		}
	}
}

// testsJSON is the report in JSON.
func testsJSON(r *testrun.Report) map[string]any {
	type failure struct {
		File    string   `json:"file"`
		Line    int      `json:"line"`
		Message string   `json:"message"`
		Detail  []string `json:"detail,omitempty"`
	}
	type test struct {
		Name     string    `json:"name"`
		Case     string    `json:"case,omitempty"`
		Rule     string    `json:"rule"`
		File     string    `json:"file"`
		Line     int       `json:"line"`
		Passed   bool      `json:"passed"`
		TookMS   int64     `json:"duration_ms"`
		Failures []failure `json:"failures,omitempty"`
		Writes   []string  `json:"writes"`
		Notes    []string  `json:"notes,omitempty"`
	}
	tests := []test{}
	for _, x := range r.Results {
		t := test{Name: x.Test.Name, Case: x.Test.Case, Rule: x.Test.Rule, File: x.Test.Range.Name(), Line: x.Test.Range.StartPos().Line,
			Passed: x.Passed(), TookMS: x.Took.Milliseconds(), Writes: []string{}, Notes: x.Notes}
		for _, f := range x.Failures {
			t.Failures = append(t.Failures, failure{f.Range.Name(), f.Range.StartPos().Line, f.Message, f.Detail})
		}
		for _, w := range x.Writes {
			t.Writes = append(t.Writes, w.String())
		}
		tests = append(tests, t)
	}
	taken, all := r.Coverage.Ways()
	return map[string]any{"tests": tests, "passed": len(tests) - r.Failed(), "failed": r.Failed(), "duration_ms": r.Took.Milliseconds(),
		"coverage": map[string]any{"rules": r.Coverage.Rules, "branches": r.Coverage.Branches, "ways": all, "taken": taken}}
}

// The form that test reports are exchanged in.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
		seconds  float64
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		File      string        `xml:"file,attr"`
		Time      string        `xml:"time,attr"`
		Failure   *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes one suite for each file.
func writeJUnit(out io.Writer, r *testrun.Report) error {
	doc := junitSuites{Tests: len(r.Results), Failures: r.Failed(), Time: fmt.Sprintf("%.3f", r.Took.Seconds())}
	at := map[string]int{}
	for _, x := range r.Results {
		file := x.Test.Range.Name()
		i, known := at[file]
		if !known {
			i = len(doc.Suites)
			at[file] = i
			doc.Suites = append(doc.Suites, junitSuite{Name: path.Base(file)})
		}
		s := &doc.Suites[i]
		c := junitCase{Name: x.Test.FullName(), ClassName: x.Test.Rule, File: file, Time: fmt.Sprintf("%.3f", x.Took.Seconds())}
		s.Tests++
		s.seconds += x.Took.Seconds()
		s.Time = fmt.Sprintf("%.3f", s.seconds)
		if !x.Passed() {
			s.Failures++
			var text []string
			for _, f := range x.Failures {
				text = append(text, fmt.Sprintf("%s:%d: %s", f.Range.Name(), f.Range.StartPos().Line, f.Message))
				for _, line := range f.Detail {
					text = append(text, "    "+line)
				}
			}
			for _, w := range x.Writes {
				text = append(text, "written: "+w.String())
			}
			c.Failure = &junitFailure{Message: x.Failures[0].Message, Text: strings.Join(append(text, x.Notes...), "\n")}
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(out)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n")
	return err
}
