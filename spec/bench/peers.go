//go:build unix

package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The peers are other tools that do the same work, where they can be had: programs on the path, and packages that npm
// installs into a folder of the user's cache. None of them is a dependency of Syncline.

// withNode adds a script of Node.js.
func (b *bench) withNode(systems []system, name, script string, args ...string) []system {
	node, err := exec.LookPath("node")
	if err != nil {
		b.absent[name] = "node is not on the path"
		return systems
	}
	return append(systems, system{name: name, run: func(int) (usage, error) {
		return measure(command{name: node, args: append([]string{b.peer(script)}, args...)})
	}})
}

// withDuck adds DuckDB, which runs a file of SQL with settings put into it.
func (b *bench) withDuck(systems []system, name string, threads int, script, database string, settings map[string]string) []system {
	modules, err := b.npm("@duckdb/node-api", "1.5.6-r.1", "1.4.1-r.1")
	if err != nil {
		b.absent["duckdb"] = err.Error()
		return systems
	}
	args := []string{b.peer("duckdb.mjs"), b.peer(script), database, fmt.Sprint(threads)}
	for _, k := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, k+"="+settings[k])
	}
	return append(systems, system{name: name, run: func(int) (usage, error) {
		return measure(command{name: "node", args: args, env: []string{"MODULES=" + modules}})
	}})
}

// withProgram adds a program that is found on the path.
func (b *bench) withProgram(systems []system, name string, args []string, env ...string) []system {
	path, err := exec.LookPath(name)
	if err != nil {
		b.absent[name] = "not on the path"
		return systems
	}
	return append(systems, system{name: name, rare: true, run: func(int) (usage, error) {
		return measure(command{name: path, args: args, env: env})
	}})
}

// withJQ adds jq, which is so slow that it gets few rows or few runs.
func (b *bench) withJQ(systems []system, in, out string) []system {
	if _, err := exec.LookPath("jq"); err != nil {
		b.absent["jq"] = "not on the path"
		return systems
	}
	return append(systems, system{name: "jq", rare: true, run: func(int) (usage, error) {
		return measure(command{name: "sh", args: []string{"-c", `exec jq -c -f "$0" "$1" > "$2"`, b.peer("w1.jq"), in, out}})
	}})
}

// npm installs a package into the user's cache and gives the folder; the first version that can be had is taken.
func (b *bench) npm(name string, versions ...string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = b.dir
	}
	dir := filepath.Join(cache, "syncline-bench")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", filepath.FromSlash(name), "package.json")); err == nil {
		return dir, nil
	}
	if why, tried := b.absent[name]; tried {
		return "", fmt.Errorf("%s", why)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "", fmt.Errorf("npm is not on the path")
	}
	b.say("installing %s", name)
	var last error
	for _, v := range append(versions, "latest") {
		if last = sh("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", dir, name+"@"+v); last == nil {
			return dir, nil
		}
	}
	text, _, _ := strings.Cut(last.Error(), "\n")
	b.absent[name] = text
	return "", fmt.Errorf("npm cannot install %s: %s", name, text)
}
