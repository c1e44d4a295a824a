//go:build unix

// Command bench measures Syncline against a hand-written program and other tools on the same work, in one run.
//
//	go run ./spec/bench [--rows N] [--only w1,w2,w3,gainsight,state,costs] [--systems syncline,hand,duckdb] [--repeat N]
//	                    [--format text|json] [--keep DIR]
//
// Each workload is run by each system in turn, and again, so that whatever else the machine does meets them all. Every
// output is checked against the right answer, which is computed from the definition of the data and not by any of the
// systems. spec/benchmarks.md tells what the workloads are and what was found.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "do-") {
		if err := do(os.Args[1], os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	ok, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// groups are what --only chooses from.
var groups = []string{"w1", "w2", "w3", "gainsight", "state", "costs"}

type options struct {
	rows, repeat int
	only         []string
	systems      []string // empty: all
	format, keep string
}

func parse(args []string) (options, error) {
	var o options
	var only, systems string
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.IntVar(&o.rows, "rows", 1_000_000, "records of the workloads w1, w2 and w3")
	flags.IntVar(&o.repeat, "repeat", 5, "counted runs of each system; one more comes first")
	flags.StringVar(&only, "only", strings.Join(groups, ","), "which groups of workloads")
	flags.StringVar(&systems, "systems", "", "which systems: their names or what these begin with, such as syncline,hand,duckdb; default: all that are present")
	flags.StringVar(&o.format, "format", "text", "text or json")
	flags.StringVar(&o.keep, "keep", "", "a folder for data and outputs that stays; default: a temporary one")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.only = strings.Split(only, ",")
	for _, g := range o.only {
		if !slices.Contains(groups, g) {
			return o, fmt.Errorf("there is no workload %q; there are %s", g, strings.Join(groups, ", "))
		}
	}
	if systems != "" {
		o.systems = strings.Split(systems, ",")
	}
	if o.rows < 1 || o.repeat < 1 || o.format != "text" && o.format != "json" || flags.NArg() > 0 {
		return o, fmt.Errorf("see go run ./spec/bench --help")
	}
	return o, nil
}

// run measures and reports; ok tells whether every output was right.
func run(args []string) (ok bool, err error) {
	o, err := parse(args)
	if err != nil {
		return false, err
	}
	b, err := newBench(o)
	if err != nil {
		return false, err
	}
	defer b.close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		b.close()
		os.Exit(130)
	}()
	for _, g := range o.only {
		if err := b.group(g); err != nil {
			return false, fmt.Errorf("%s: %w", g, err)
		}
	}
	if o.format == "json" {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", " ")
		err = enc.Encode(map[string]any{"results": b.results, "absent": b.absent})
	} else {
		b.print(os.Stdout)
	}
	return !slices.ContainsFunc(b.results, func(r Result) bool { return !r.OK }), err
}

func (b *bench) group(name string) error {
	switch name {
	case "w1":
		return b.w1()
	case "w2":
		return b.w2()
	case "w3":
		return b.w3()
	case "gainsight":
		return b.gainsight()
	case "state":
		return b.state()
	}
	return b.costs()
}
