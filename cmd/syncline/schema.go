package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/runtime"
)

func newSchema(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "schema",
		Short: "The lock file: what the checker knows without the network",
		Long: `schema.lock.json pins the schemas of the objects that a project uses: types, lengths, picklists, permissions. Keep it
in git; lint --schema lock then needs no network and no secrets, and schema diff tells what a system changed.`,
	}
	c.AddCommand(newSchemaPull(a), newSchemaDiff(a), newSchemaShow(a))
	return c
}

func newSchemaPull(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "pull [DIR]", Short: "Ask the live systems and write schema.lock.json", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.compile(cmd, args)
			if err != nil {
				return err
			}
			defer c.Close()
			if len(c.Catalogs) == 0 {
				if err := a.printDiagnostics(c.Diagnostics); err != nil {
					return err
				}
				return &exitError{exitProblems, fmt.Errorf("the files name no object that could be looked up; nothing was written")}
			}
			if err := runtime.WriteLock(c.dir, c.Catalogs); err != nil {
				return err
			}
			objects := 0
			for _, name := range slices.Sorted(maps.Keys(c.Catalogs)) {
				objects += len(c.Catalogs[name].Objects)
			}
			fmt.Fprintf(a.out, "%s holds %s of %s.\n", runtime.LockFile, count(objects, "object"), count(len(c.Catalogs), "connection"))
			return nil
		},
	}
}

func newSchemaDiff(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "diff [DIR]", Short: "What the live systems changed since the lock file was written", Args: cobra.MaximumNArgs(1),
		Long: "Exit 0: nothing changed, 1: something did.",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.compile(cmd, args)
			if err != nil {
				return err
			}
			defer c.Close()
			lock, err := runtime.ReadLock(c.dir)
			if err != nil {
				return err
			}
			if lock == nil {
				return fmt.Errorf("there is no %s yet: `syncline schema pull` writes it", runtime.LockFile)
			}
			return a.schemaDiff(lock, c.Catalogs)
		},
	}
	a.formats(c, "text", "json")
	return c
}

func (a *app) schemaDiff(lock, live map[string]*schema.Catalog) error {
	type change struct {
		Connection string `json:"connection"`
		Object     string `json:"object"`
		Field      string `json:"field,omitempty"`
		Aspect     string `json:"aspect"`
		Before     string `json:"before"`
		After      string `json:"after"`
		Impact     string `json:"impact"`
	}
	changes := []change{}
	for _, name := range slices.Sorted(maps.Keys(live)) {
		for _, ch := range schema.Diff(lock[name], live[name]) {
			changes = append(changes, change{name, ch.Object, ch.Field, string(ch.Aspect), ch.Before, ch.After, ch.Impact.String()})
			if a.format != "json" {
				colour := map[string]string{"breaking": red, "risky": yellow}[ch.Impact.String()]
				fmt.Fprintf(a.out, "%s %s.%s\n", a.paint(a.out, colour, fmt.Sprintf("%-8s", ch.Impact)), name, ch)
			}
		}
	}
	if a.format == "json" {
		if err := printJSON(a.out, map[string]any{"changes": changes}); err != nil {
			return err
		}
	}
	if len(changes) > 0 {
		return errProblems
	}
	if a.format != "json" {
		fmt.Fprintln(a.out, "Nothing changed.")
	}
	return nil
}

func newSchemaShow(a *app) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "show [CONNECTION.OBJECT…]",
		Short: "Show the objects and fields in the lock file",
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir == "" {
				dir = "."
			}
			lock, err := runtime.ReadLock(dir)
			if err != nil {
				return err
			}
			if lock == nil {
				return fmt.Errorf("there is no %s yet: `syncline schema pull` writes it", runtime.LockFile)
			}
			if len(args) == 0 {
				return a.showCatalogs(lock)
			}
			for _, arg := range args {
				connection, object, _ := strings.Cut(arg, ".")
				o := lock[connection].Object(object)
				if o == nil {
					return fmt.Errorf("%s is not in %s: `syncline schema show` lists what is", arg, runtime.LockFile)
				}
				if a.format == "json" {
					if err := printJSON(a.out, o); err != nil {
						return err
					}
				} else if err := showObject(a.out, arg, o); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the project's folder")
	a.formats(c, "text", "json")
	return c
}

func (a *app) showCatalogs(lock map[string]*schema.Catalog) error {
	if a.format == "json" {
		return printJSON(a.out, map[string]any{"connections": lock})
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OBJECT\tLABEL\tFIELDS\tRECORDS")
	for _, name := range slices.Sorted(maps.Keys(lock)) {
		for _, o := range slices.Sorted(maps.Keys(lock[name].Objects)) {
			object := lock[name].Objects[o]
			fmt.Fprintf(w, "%s.%s\t%s\t%d\t%d\n", name, o, object.Label, len(object.Fields), object.Count)
		}
	}
	return w.Flush()
}

func showObject(out io.Writer, name string, o *schema.Object) error {
	fmt.Fprintf(out, "%s %s, key %s, modified %s\n", name, o.Label, orNone(o.Key), orNone(o.Modified))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FIELD\tLABEL\tTYPE\tNOTES")
	for _, f := range o.Fields {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Name, f.Label, f.TypeText(), strings.Join(fieldNotes(f), ", "))
	}
	return w.Flush()
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func fieldNotes(f *schema.Field) (notes []string) {
	note := func(is bool, text string) {
		if is {
			notes = append(notes, text)
		}
	}
	note(f.Required, "required")
	note(!f.Createable && !f.Updateable, "read-only")
	note(f.Createable && !f.Updateable, "only in a create")
	note(f.Computed, "computed")
	note(f.Unique, "unique")
	note(f.UpsertKey, "upsert key")
	note(!f.Filterable, "cannot be filtered")
	if f.Relationship != "" {
		notes = append(notes, fmt.Sprintf("%s → %s", f.Relationship, strings.Join(f.RefTo, ", ")))
	}
	if len(f.Values) > 0 {
		var values []string
		for _, v := range f.Values {
			values = append(values, v.Value)
		}
		notes = append(notes, oneLine(strings.Join(values, " | ")))
	}
	return notes
}
