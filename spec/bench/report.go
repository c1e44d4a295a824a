//go:build unix

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// print writes the results as a table for people.
func (b *bench) print(w io.Writer) {
	fmt.Fprintf(w, "%s; %d counted runs each, medians\n", machine(), b.o.repeat)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	last := ""
	for _, r := range b.results {
		if r.Workload != last {
			last = r.Workload
			fmt.Fprintf(t, "\t\t\t\t\t\t\t\n%s, %d rows\tCPU s\twall s\trows/s\tpeak MiB\tCPU to hand\tok\t\n", r.Workload, r.Rows)
		}
		ratio := ""
		if r.Ratio > 0 {
			ratio = fmt.Sprintf("%.2f (%.2f to %.2f)", r.Ratio, r.RatioLow, r.RatioTop)
		}
		fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.0f\t%.0f\t%s\t%v\t\n", r.System, r.CPU, r.Wall, r.RowsPerS, r.Peak, ratio, r.OK)
	}
	t.Flush()
	for _, r := range b.results {
		if r.Note != "" {
			fmt.Fprintf(w, "\n%s, %s: %s", r.Workload, r.System, r.Note)
		}
	}
	fmt.Fprintln(w)
	for _, name := range slices.Sorted(maps.Keys(b.absent)) {
		fmt.Fprintf(w, "absent: %s (%s)\n", name, b.absent[name])
	}
}
