// Package schematext reads schemas in a short form for tests and examples: one line for each connection, object and
// field, told apart by their indentation.
//
//	cs gainsight filter=compare,in,null,or read=5000 write=50
//	  Company "Company" key=Gsid modified=ModifiedDate count=1000
//	    Gsid id(36) unique
//	    Name text(255) null "Company Name"
//	    Csm reference(gsuser) relationship=Csm__gr null
//	crm salesforce filter=all,folds_case read=2000 write=200
//	  Account key=Id modified=SystemModstamp create update delete
//	    Risk_Tier__c picklist restricted null rw values=Red|Yellow|Green
//	    Score__c number(5,2) null rw
//
// A connection has its type and FilterCaps (all: everything but folds_case); an object what may be done with its records
// (create update delete replace open); a field its kind with length, digits or targets, and flags: null (can be empty), rw
// (create and update), required, computed, unique, upsert, restricted, trims, cased (case sensitive), nofilter. A
// label stands in quotes. Blank lines and lines that begin with # are skipped.
package schematext

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/syncline/syncline/lang/schema"
)

// Parse reads catalogs by name of connection. The error names the line.
func Parse(text string) (map[string]*schema.Catalog, error) {
	p := &parser{catalogs: map[string]*schema.Catalog{}}
	for i, line := range strings.Split(text, "\n") {
		if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
			continue
		}
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("schema line %d: %w", i+1, err)
		}
	}
	for _, c := range p.catalogs {
		for _, o := range c.Objects {
			o.Index()
		}
	}
	return p.catalogs, nil
}

type parser struct {
	catalogs map[string]*schema.Catalog
	catalog  *schema.Catalog
	object   *schema.Object
}

func (p *parser) line(line string) error {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	line, label := cutLabel(line)
	words := strings.Fields(line)
	switch {
	case indent == 0:
		return p.connection(words)
	case indent == 2 && p.catalog != nil:
		return p.newObject(words, label)
	case indent == 4 && p.object != nil:
		return p.field(words, label)
	}
	return fmt.Errorf("an indentation of %d fits nothing", indent)
}

// cutLabel takes a text in quotes out of the line.
func cutLabel(line string) (rest, label string) {
	start := strings.IndexByte(line, '"')
	end := strings.LastIndexByte(line, '"')
	if start < 0 || end == start {
		return line, ""
	}
	return line[:start] + line[end+1:], line[start+1 : end]
}

func (p *parser) connection(words []string) error {
	if len(words) < 2 {
		return fmt.Errorf("a connection is NAME SYSTEM")
	}
	p.catalog, p.object = &schema.Catalog{System: words[1], Objects: map[string]*schema.Object{}}, nil
	p.catalogs[words[0]] = p.catalog
	for _, w := range words[2:] {
		name, val, _ := strings.Cut(w, "=")
		n, _ := strconv.Atoi(val)
		switch name {
		case "read":
			p.catalog.ReadPage = n
		case "write":
			p.catalog.WriteBatch = n
		case "group":
			p.catalog.Group = n
		case "names":
			p.catalog.Names = strings.Split(val, ",")
		case "filter":
			if err := caps(&p.catalog.Filter, strings.Split(val, ",")); err != nil {
				return err
			}
		default:
			return fmt.Errorf("a connection has no %q", name)
		}
	}
	return nil
}

func caps(c *schema.FilterCaps, names []string) error {
	flags := map[string]*bool{"compare": &c.Compare, "in": &c.In, "null": &c.Null, "prefix": &c.Prefix, "substr": &c.Substr,
		"or": &c.Or, "not": &c.Not, "paths": &c.Paths, "includes": &c.Includes, "folds_case": &c.FoldsCase}
	for _, n := range names {
		switch flag := flags[n]; {
		case n == "all":
			for name, f := range flags {
				*f = name != "folds_case"
			}
		case flag == nil:
			return fmt.Errorf("there is no filter %q", n)
		default:
			*flag = true
		}
	}
	return nil
}

func (p *parser) newObject(words []string, label string) error {
	o := &schema.Object{Name: words[0], Label: label}
	flags := map[string]*bool{"create": &o.Createable, "update": &o.Updateable, "delete": &o.Deletable, "replace": &o.Replace, "open": &o.Open, "absent": &o.Absent}
	for _, w := range words[1:] {
		name, val, _ := strings.Cut(w, "=")
		switch flag := flags[name]; {
		case flag != nil:
			*flag = true
		case name == "key":
			o.Key = val
		case name == "modified":
			o.Modified = val
		case name == "count":
			o.Count, _ = strconv.ParseInt(val, 10, 64)
		default:
			return fmt.Errorf("an object has no %q", name)
		}
	}
	p.object = o
	p.catalog.Objects[o.Name] = o
	return nil
}

func (p *parser) field(words []string, label string) error {
	if len(words) < 2 {
		return fmt.Errorf("a field is NAME KIND")
	}
	f := &schema.Field{Name: words[0], Label: label, Filterable: true, Sortable: true}
	if err := kind(f, words[1]); err != nil {
		return err
	}
	flags := map[string]*bool{"null": &f.Nullable, "required": &f.Required, "create": &f.Createable, "update": &f.Updateable,
		"computed": &f.Computed, "unique": &f.Unique, "upsert": &f.UpsertKey, "restricted": &f.Restricted,
		"trims": &f.TrimsSpace, "cased": &f.CaseSensitive}
	for _, w := range words[2:] {
		name, val, _ := strings.Cut(w, "=")
		switch flag := flags[name]; {
		case flag != nil:
			*flag = true
		case name == "rw":
			f.Createable, f.Updateable = true, true
		case name == "nofilter":
			f.Filterable, f.Sortable = false, false
		case name == "relationship":
			f.Relationship = val
		case name == "resolution":
			d, err := time.ParseDuration(val)
			if err != nil {
				return err
			}
			f.Resolution = d
		case name == "values":
			for _, v := range strings.Split(val, "|") {
				f.Values = append(f.Values, schema.Choice{Value: strings.ReplaceAll(v, "_", " ")})
			}
		default:
			return fmt.Errorf("a field has no %q", name)
		}
	}
	p.object.Fields = append(p.object.Fields, f)
	return nil
}

// kind reads text(80), number(5,2), reference(User,Group).
func kind(f *schema.Field, word string) error {
	name, args, _ := strings.Cut(strings.TrimSuffix(word, ")"), "(")
	k, ok := schema.ParseKind(name)
	if !ok {
		return fmt.Errorf("there is no kind %q", name)
	}
	f.Kind = k
	if args == "" {
		return nil
	}
	parts := strings.Split(args, ",")
	if k == schema.Reference {
		f.RefTo = parts
		return nil
	}
	n, err := strconv.Atoi(parts[0])
	if err != nil {
		return fmt.Errorf("%q is no length", parts[0])
	}
	if !k.IsNumber() {
		f.Length = n
		return nil
	}
	f.Precision = n
	if len(parts) > 1 {
		f.Scale, err = strconv.Atoi(parts[1])
	}
	return err
}
