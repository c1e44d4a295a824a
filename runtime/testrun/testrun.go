package testrun

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/spectest"
)

// Options are what tests run with.
type Options struct {
	// Sets hold the compiled project under "", and as compiled with the variables of a test, under its name.
	Sets map[string]*plan.Set
	// Catalogs are the schemas by connection.
	Catalogs map[string]*schema.Catalog
	// Scratch is a folder for what the tests remember while they run.
	Scratch string
}

// Result is how one test went.
type Result struct {
	Test     *spectest.Test
	Failures []Failure
	// Writes are what the rule wrote, in order; Notes what else happened that explains it.
	Writes []Write
	Notes  []string
	Took   time.Duration
}

// Passed tells whether everything was as expected.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

// Report is how all tests went.
type Report struct {
	Results  []*Result
	Coverage Coverage
	Took     time.Duration
}

// Failed counts the tests that failed.
func (r *Report) Failed() int {
	n := 0
	for _, x := range r.Results {
		if !x.Passed() {
			n++
		}
	}
	return n
}

// Run carries out tests, several at once; the results are in the order of the tests. The error is one of not being
// able to test at all.
func Run(ctx context.Context, tests []*spectest.Test, o Options) (*Report, error) {
	began := time.Now()
	report := &Report{Results: make([]*Result, len(tests))}
	cover := &expr.Cover{}
	errs := make([]error, len(tests))
	slots := make(chan struct{}, max(runtime.GOMAXPROCS(0), 1))
	var wg sync.WaitGroup
	for i, t := range tests {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			report.Results[i], errs[i] = runOne(ctx, t, o, cover)
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	report.Coverage = coverageOf(o.Sets, tests, cover)
	report.Took = time.Since(began)
	return report, nil
}
