//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// ran is what a run of a rule says of itself.
type ran struct {
	Rule      string         `json:"rule"`
	Status    string         `json:"status"`
	Why       string         `json:"why"`
	Read      int            `json:"read"`
	Created   int            `json:"created"`
	Updated   int            `json:"updated"`
	Unchanged int            `json:"unchanged"`
	Calls     map[string]int `json:"calls"`
}

// syncline runs a project once, as an admin would, and looks at what it says; env is what the project reads.
func (b *bench) syncline(dir string, look func(ran) error, flags []string, env ...string) (usage, error) {
	var out bytes.Buffer
	u, err := measure(command{name: b.path("syncline"), args: append([]string{"run", "--format", "json", dir}, flags...), env: env, out: &out})
	if err != nil {
		return u, err
	}
	var report struct{ Runs []ran }
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || len(report.Runs) != 1 {
		return u, fmt.Errorf("syncline run gave no run of one rule: %s", out.Bytes())
	}
	r := report.Runs[0]
	if r.Status != "succeeded" {
		return u, fmt.Errorf("the run of %s ended %s: %s", r.Rule, r.Status, r.Why)
	}
	if look != nil {
		return u, look(r)
	}
	return u, nil
}
