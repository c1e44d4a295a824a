//go:build unix

package lang

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/schema/schematext"
	"github.com/syncline/syncline/lang/span"
)

const smallSchema = `
cs gainsight filter=all
  Company key=Gsid
    Gsid id unique
    Name text null
    Csm reference(gsuser) null relationship=Csm__gr
  gsuser key=Gsid
    Gsid id unique
    Email email null
    Boss reference(gsuser,person) null relationship=Boss__gr
  person key=Gsid
    Gsid id unique
    Email email null
crm salesforce filter=all
  Account key=Id update
    Id id unique
    Name text rw null
    OwnerId reference(User) null rw relationship=Owner
  User key=Id
    Id id unique
    Email email
`

const smallProject = `
connection "gainsight" "cs" {
}

connection "salesforce" "crm" {
}

sync "one" {
  from = cs.Company
  to   = crm.Account

  schedule {
    cron = "0 3 * * *"
  }

  find "owner" {
    in    = crm.User
    where = "it.Email == source.Csm__gr.Boss__gr.Email"
  }

  match {
    by = { Id = source.Gsid }
  }

  map {
    Name = text("{{ target.Owner.Email }} {{ owner.Id }}")
  }
}
`

// TestNeedsFollowsReferences asks again until nothing new is needed, as a caller does.
func TestNeedsFollowsReferences(t *testing.T) {
	all, err := schematext.Parse(smallSchema)
	if err != nil {
		t.Fatal(err)
	}
	m, diags := Load([]Source{{"a.sync.hcl", []byte(smallProject)}})
	if len(diags) > 0 {
		t.Fatal(diags[0])
	}
	have := map[string]*schema.Catalog{}
	var rounds []string
	for {
		needs := Needs(m, have)
		if len(needs) == 0 {
			break
		}
		rounds = append(rounds, fmt.Sprint(needs))
		if len(rounds) > 5 {
			t.Fatalf("no end: %v", rounds)
		}
		for name, objects := range needs {
			if have[name] == nil {
				c := *all[name]
				c.Objects = map[string]*schema.Object{}
				have[name] = &c
			}
			for _, o := range objects {
				have[name].Objects[o] = all[name].Objects[o]
			}
		}
	}
	want := "[map[crm:[Account User] cs:[Company]] map[cs:[gsuser]] map[cs:[person]]]"
	if got := fmt.Sprint(rounds); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	set, diags := Compile(m, Inputs{Catalogs: have})
	for _, d := range diags {
		if d.Severity == 0 && d.Code != "SYN413" && d.Code != "SYN418" {
			t.Error(d)
		}
	}
	if set.Connection("cs") == nil || set.Connection("crm") == nil {
		t.Error("a connection is missing")
	}
}

func TestRulesWithoutErrorsArePlannedBesideOthers(t *testing.T) {
	all, err := schematext.Parse(smallSchema)
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.NewReplacer(`"one"`, `"two"`, "source.Gsid", "source.Nope", "crm.User", "crm.Usr").Replace(
		smallProject[strings.Index(smallProject, "sync"):])
	good := strings.Replace(smallProject, "source.Gsid", "source.Name", 1)
	m, diags := Load([]Source{{"a.sync.hcl", []byte(good)}, {"b.sync.hcl", []byte(broken)}})
	set, more := Compile(m, Inputs{Catalogs: all})
	if n := append(diags, more...).Errors(); n != 3 {
		t.Errorf("%d errors, want 3 (object, field, two writers): %v", n, append(diags, more...))
	}
	if set.Sync("one") == nil || set.Sync("two") != nil {
		t.Errorf("planned: %v", set.Syncs)
	}
}

func TestRevisionCoversFilesAndVariables(t *testing.T) {
	revision := func(text string, vars map[string]string) string {
		m, _ := Load([]Source{{"a.sync.hcl", []byte(text)}})
		set, _ := Compile(m, Inputs{Vars: vars})
		return set.Revision
	}
	base := revision(smallProject, nil)
	if revision(smallProject, nil) != base {
		t.Error("it differs from time to time")
	}
	if revision(smallProject+"\n", nil) == base || revision(smallProject, map[string]string{"a": "b"}) == base {
		t.Error("it does not differ")
	}
}

func TestSchemaMessages(t *testing.T) {
	all, err := schematext.Parse(smallSchema)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := Load([]Source{{"a.sync.hcl", []byte(strings.Replace(smallProject, "source.Gsid", "source.Name", 1))}})
	set, _ := Compile(m, Inputs{Catalogs: all})
	changes := []schema.Change{
		{Object: "Account", Field: "Name", Aspect: schema.FieldLength, Before: "255", After: "80", Impact: schema.Risky},
		{Object: "Account", Field: "Other", Aspect: schema.FieldRemoved, Impact: schema.Breaking},
		{Object: "Contact", Aspect: schema.ObjectRemoved, Impact: schema.Breaking},
	}
	d := Drift(set, "crm", span.Range{}, changes)
	if d == nil || !strings.Contains(d.Detail, "Account.Name: length 255 → 80") || strings.Contains(d.Detail, "Other") || strings.Contains(d.Detail, "Contact") {
		t.Errorf("drift: %v", d)
	}
	if d := Drift(set, "crm", span.Range{}, changes[1:]); d != nil {
		t.Errorf("a drift that concerns no rule: %v", d)
	}
	if d := LockUsed("crm", span.Range{}, errors.New("no route")); !strings.Contains(d.Detail, "no route.") {
		t.Errorf("%s", d)
	}
}

// bigProject is 500 rules between 20 objects on each side, with the sizes of real ones.
func bigProject() (files []Source, lock []byte) {
	catalogs := map[string]*schema.Catalog{}
	for _, name := range []string{"cs", "crm"} {
		c := &schema.Catalog{System: "salesforce", Objects: map[string]*schema.Object{}, ReadPage: 2000,
			Filter: schema.FilterCaps{Compare: true, In: true, Null: true, Prefix: true, Or: true, Paths: true, FoldsCase: true}}
		for i := range 20 {
			o := &schema.Object{Name: fmt.Sprintf("Object%d__c", i), Key: "Id", Modified: "Changed", Createable: true, Updateable: true, Count: 5000}
			add := func(f schema.Field) {
				f.Filterable, f.Label = true, "The "+f.Name
				o.Fields = append(o.Fields, &f)
			}
			add(schema.Field{Name: "Id", Kind: schema.ID, Length: 18, Unique: true})
			add(schema.Field{Name: "Changed", Kind: schema.DateTime})
			add(schema.Field{Name: "Ext__c", Kind: schema.Text, Length: 36, Unique: true, Nullable: true, Createable: true, Updateable: true})
			for j := range 67 {
				f := schema.Field{Name: fmt.Sprintf("Field%d__c", j), Nullable: true, Createable: true, Updateable: true}
				switch j % 5 {
				case 0:
					f.Kind, f.Precision, f.Scale = schema.Number, 18, 2
				case 1:
					f.Kind, f.Length = schema.Text, 255
				case 2:
					f.Kind = schema.Date
				case 3:
					f.Kind, f.Restricted = schema.Picklist, true
					for k := range 10 {
						f.Values = append(f.Values, schema.Choice{Value: fmt.Sprintf("Value %d", k)})
					}
				case 4:
					f.Kind, f.RefTo, f.Relationship = schema.Reference, []string{fmt.Sprintf("Object%d__c", (i+1)%20)}, fmt.Sprintf("Field%d__r", j)
				}
				add(f)
			}
			c.Objects[o.Name] = o
		}
		catalogs[name] = c
	}
	lock, err := schema.EncodeLock(catalogs)
	if err != nil {
		panic(err)
	}
	files = []Source{{"connections.sync.hcl", []byte("connection \"gainsight\" \"cs\" {\n}\n\nconnection \"salesforce\" \"crm\" {\n}\n\n" +
		"table \"t\" {\n  default = null\n  rows = {\n    \"Value 1\" = \"Value 2\"\n    \"Value 3\" = \"Value 4\"\n  }\n}\n")}}
	for i := range 500 {
		var b strings.Builder
		from, to := i%20, (i/20)%20
		fmt.Fprintf(&b, "sync \"rule_%d\" {\n  from = cs.Object%d__c\n  to   = crm.Object%d__c\n\n  schedule {\n    cron = \"%d %d * * *\"\n  }\n\n", i, from, to, i%60, i%24)
		fmt.Fprintf(&b, "  where = \"source.Field3__c in ['Value %d'] && source.Field0__c > 5 && within(source.Field2__c, days(60))\"\n\n", (i+i/400)%10)
		fmt.Fprintf(&b, "  match {\n    by = [{ Ext__c = source.Id }]\n  }\n\n  map {\n")
		for j := range 12 {
			k := (i + j*5) % 65 / 5 * 5
			switch j % 4 {
			case 0:
				fmt.Fprintf(&b, "    Field%d__c = source.Field%d__c\n", k, k)
			case 1:
				fmt.Fprintf(&b, "    Field%d__c = \"source.Field%d__c > 0 ? source.Field%d__c / 3 : null\"\n", k, k, k)
			case 2:
				fmt.Fprintf(&b, "    Field%d__c = text(\"{{ truncate(source.Field1__c, 40) }} and {{ source.Field4__r.Field2__c }}\")\n", k+1)
			case 3:
				fmt.Fprintf(&b, "    Field%d__c = \"table.t(source.Field%d__c)\"\n", k+3, k+3)
			}
		}
		b.WriteString("  }\n}\n")
		files = append(files, Source{fmt.Sprintf("rule_%d.sync.hcl", i), []byte(b.String())})
	}
	return files, lock
}

// BenchmarkLint is the whole of `syncline lint --schema lock` but for reading the files, with the command's setting of
// the garbage collector: 500 rules over 40 objects of 70 fields. The goal is under 300 ms of processor time.
func BenchmarkLint(b *testing.B) {
	files, lock := bigProject()
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	b.ReportAllocs()
	before := cpuTime(b)
	defer func() { b.ReportMetric(float64((cpuTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op") }()
	for b.Loop() {
		catalogs, err := schema.DecodeLock(lock)
		if err != nil {
			b.Fatal(err)
		}
		m, diags := Load(files)
		if diags = append(diags, Check(m, Inputs{Catalogs: catalogs})...); diags.HasErrors() || len(m.Syncs) != 500 {
			b.Fatal(len(m.Syncs), diags)
		}
	}
}

// cpuTime is the processor time of this process so far: on a busy machine the clock says little.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
