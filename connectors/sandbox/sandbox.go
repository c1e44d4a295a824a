// Package sandbox runs simulated systems on real HTTP, one port each, filled with one world
// of sample data: for practice, for demos and for tests. It never imports a connector, so
// what passes against it passes against the system's documented API, not against our reading of it twice.
//
//	box, err := sandbox.Start(ctx, sandbox.Options{Companies: 200})
//	for _, line := range box.Env() { fmt.Println(line) } // SALESFORCE_URL=http://127.0.0.1:…
//
// Each system is a folder here, built on package harness (server, call log, faults, control
// endpoints) and filled from package world. Data is deterministic by seed.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/world"
)

// DefaultCompanies is how many companies a sandbox has when nothing is said.
const DefaultCompanies = 200

// maxCompanies bounds the data, which lives in memory.
const maxCompanies = 5_000_000

// Options say what to simulate.
type Options struct {
	// Addr is where to listen; "" is 127.0.0.1:0. With a port given, the systems take it and the next ones.
	Addr string
	// Seed makes the data; 0 is 1.
	Seed int64
	// Companies is how many companies there are; 0 is DefaultCompanies.
	Companies int
	// Latency is added to each call.
	Latency time.Duration
	// Faults is a file of faults to be played from the start, "" for none.
	Faults string
	// Describe are files of describe responses, as saved from a real Salesforce org, whose objects are added.
	Describe []string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Sandbox is a set of running systems.
type Sandbox struct {
	servers []*harness.Server
	env     []string
}

// simulation is one kind of simulated system.
type simulation struct {
	name string
	// open makes the system that will answer at url, and the environment that its clients need.
	open func(url string, w *world.World, o Options) (harness.System, []string, error)
}

// Start starts all systems. They run until Close, whatever happens to ctx afterwards.
func Start(ctx context.Context, o Options) (*Sandbox, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	serve := harness.Options{Latency: o.Latency, Now: o.Now}
	if o.Faults != "" {
		if serve.Faults, err = readFaults(o.Faults); err != nil {
			return nil, err
		}
	}
	w := world.New(o.Seed, o.Companies, o.Now())
	box := &Sandbox{}
	for i, sim := range simulations() {
		if err := box.add(ctx, i, sim, w, o, serve); err != nil {
			return nil, errors.Join(err, box.Close())
		}
	}
	return box, nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Companies == 0 {
		o.Companies = DefaultCompanies
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Companies < 0 || o.Companies > maxCompanies {
		return o, fmt.Errorf("sandbox: %d companies; there can be 1 to %d", o.Companies, maxCompanies)
	}
	if o.Latency < 0 {
		return o, fmt.Errorf("sandbox: the latency %v is negative", o.Latency)
	}
	return o, nil
}

func readFaults(file string) ([]harness.Fault, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	list, err := harness.ParseFaults(data)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %s: %w", file, err)
	}
	return list, nil
}

// add starts one system on the i-th port.
func (s *Sandbox) add(ctx context.Context, i int, sim simulation, w *world.World, o Options, serve harness.Options) error {
	addr, err := portAfter(o.Addr, i)
	if err != nil {
		return err
	}
	ln, err := harness.Listen(ctx, addr)
	if err != nil {
		return err
	}
	system, env, err := sim.open(harness.URL(ln), w, o)
	if err != nil {
		return errors.Join(fmt.Errorf("sandbox: %s: %w", sim.name, err), ln.Close())
	}
	s.servers = append(s.servers, harness.Serve(ln, system, serve))
	s.env = append(s.env, env...)
	return nil
}

// portAfter is the address i ports further; port 0 stays, it means any free one.
func portAfter(addr string, i int) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("sandbox: address %q is not host:port, such as 127.0.0.1:0: %w", addr, err)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n+i > 65535 {
		return "", fmt.Errorf("sandbox: %q is not a port", port)
	}
	if n > 0 {
		n += i
	}
	return net.JoinHostPort(host, strconv.Itoa(n)), nil
}

// Env is what clients need to reach the systems: NAME=VALUE pairs.
func (s *Sandbox) Env() []string { return append([]string(nil), s.env...) }

// URLs are the addresses of the systems, in the order that they were started.
func (s *Sandbox) URLs() []string {
	out := make([]string, len(s.servers))
	for i, server := range s.servers {
		out[i] = server.URL()
	}
	return out
}

// Close stops all systems.
func (s *Sandbox) Close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}
