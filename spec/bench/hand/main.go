// Command hand is what a programmer would write by hand in Go for exactly the benchmark's workloads: no schema, no
// checks, no state beyond what the work needs, fields by position. It is the practical limit that Syncline is compared
// with.
//
//	hand w1 [-threads N] IN OUT                 filter and map, JSON lines or CSV by the file's name
//	hand w2 PREVIOUS CURRENT OUT                scores that crossed below 60
//	hand w3 -target DSN -state FILE CURRENT     upsert of the rows whose fingerprint changed
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hand:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("which workload: w1, w2 or w3?")
	}
	flags := flag.NewFlagSet("hand "+args[0], flag.ContinueOnError)
	threads := flags.Int("threads", 1, "how many threads map records")
	target := flags.String("target", "", "sqlite:PATH or a postgres:// address")
	state := flags.String("state", "", "file of row fingerprints")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	at := flags.Arg
	switch {
	case args[0] == "w1" && flags.NArg() == 2:
		return w1(at(0), at(1), *threads)
	case args[0] == "w2" && flags.NArg() == 3:
		return w2(at(0), at(1), at(2))
	case args[0] == "w3" && flags.NArg() == 1 && *target != "" && *state != "":
		return w3(at(0), *target, *state)
	}
	return fmt.Errorf("wrong arguments for %s", args[0])
}
