//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/syncline/syncline/spec/bench/company"
)

const seed = 1

// do is work that this program does in a process of its own, so that its memory does not count as that of the
// processes that it measures.
func do(what string, args []string) error {
	switch {
	case what == "do-write" && len(args) == 4:
		return doWrite(args[0], args[1], args[2], args[3])
	case what == "do-expect" && len(args) == 1:
		rows, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(company.Expect(rows, seed))
	case what == "do-change" && len(args) == 2:
		round, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return doChange(args[0], round)
	case what == "do-check" && len(args) == 2:
		sum, err := company.Check(args[0], strings.Split(args[1], ","))
		if err != nil {
			return err
		}
		fmt.Println(sum)
		return nil
	}
	return fmt.Errorf("unknown: %s %v", what, args)
}

func doWrite(path, format, rows, at string) error {
	n, err := strconv.Atoi(rows)
	if err != nil {
		return err
	}
	snapshot := company.Previous
	if at == "current" {
		snapshot = company.Current
	}
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	if err := errors.Join(company.Write(f, format, n, seed, snapshot), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// data gives the path of a snapshot ("previous", "current") as a file, which it makes when it is not there.
func (b *bench) data(at, format string) (string, error) {
	path := b.path(fmt.Sprintf("%s-%d.%s", at, b.o.rows, format))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	b.say("making %s", filepath.Base(path))
	return path, sh(b.self, "do-write", path, format, strconv.Itoa(b.o.rows), at)
}

// expected gives the right answers.
func (b *bench) expected() (company.Expected, error) {
	var e company.Expected
	out, err := output(b.self, "do-expect", strconv.Itoa(b.o.rows))
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(out), &e)
}

// verify compares the checksum of an output with the right one.
func (b *bench) verify(path string, fields []string, want company.Sum) error {
	got, err := output(b.self, "do-check", path, strings.Join(fields, ","))
	if err != nil {
		return err
	}
	if got != want.String() {
		return fmt.Errorf("the output is wrong: rows and checksum are %s, should be %s", got, want)
	}
	return nil
}

// project copies a project of the benchmark into a folder of its own, with files linked into it.
func (b *bench) project(name, as string, links map[string]string) (string, error) {
	dir := b.path(as)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(b.source, "projects", name))); err != nil {
		return "", err
	}
	for link, to := range links {
		if err := relink(filepath.Join(dir, link), to); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// relink makes a link that may be there already.
func relink(link, to string) error {
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(to, link)
}
