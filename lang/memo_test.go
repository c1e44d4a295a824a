package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/schema/schematext"
)

const memoSchema = `
cs gainsight filter=all
  Company key=Gsid
    Gsid id unique
    Name text(40) null
    Size integer null
    Csm reference(Person) null relationship=Csm__gr
  Person key=Gsid
    Gsid id unique
    Name text null
crm salesforce filter=all group=10
  Account key=Id create update delete
    Id id unique
    Ext text unique upsert rw null
    Name text(40) rw null
    Size integer rw null
    Tier picklist restricted null rw values=Green|Red
  Task key=Id create update
    Id id unique
    Key text(64) unique upsert rw null
    Name text(40) rw null
`

// memoFiles are the files of a project with what may stand in them, "" for no such file. They depend on one another in
// every way that rules can: through connections, tables, variables, tracks, references, and fields that several write.
var memoFiles = map[string][]string{
	"connections.sync.hcl": {
		"connection \"gainsight\" \"cs\" {\n}\nconnection \"salesforce\" \"crm\" {\n}\n",
		"# edited\nconnection \"gainsight\" \"cs\" {\n}\nconnection \"salesforce\" \"crm\" {\n}\n",
		"connection \"gainsight\" \"cs\" {\n}\nconnection \"salesforce\" \"crm\" {\n  allow {\n    write = [\"Account.Name\", \"Account.Ext\", \"Task.*\"]\n  }\n}\n",
		"connection \"gainsight\" \"cs\" {\n  limits {\n    calls_per_day = 1\n  }\n}\nconnection \"salesforce\" \"crm\" {\n}\n",
		"connection \"gainsight\" \"cs\" {\n}\n",
		"connection \"gainsight\" \"cs\" {\n}\nconnection \"crm\" {\n}\n",
	},
	"table.sync.hcl": {
		"table \"tier\" {\n  rows = { A = \"Green\" }\n  default = null\n}\n", "table \"tier\" {\n  rows = { A = \"Red\" }\n  default = null\n}\n",
		"table \"tier\" {\n  rows = { A = \"Blue\" }\n}\n", "table \"tier\" {\n  rows = \n}\n", "",
	},
	"variable.sync.hcl": {"variable \"floor\" {\n  default = 5\n}\n", "variable \"floor\" {\n  default = 6\n}\n", "variable \"floor\" {\n  type = \"integer\"\n}\n", ""},
	"track.sync.hcl": {
		"track \"size\" {\n  on = cs.Company\n  value = source.Size\n  keep = \"90d\"\n}\n", "track \"size\" {\n  on = cs.Company\n  value = source.Size\n  keep = \"9d\"\n}\n",
		"track \"size\" {\n  on = cs.Company\n  value = source.Nonsense\n  keep = \"9d\"\n}\n", "track \"size\" {\n  on = cs.Person\n  value = \"1\"\n  keep = \"9d\"\n}\n", "",
	},
	"a.sync.hcl": {
		memoSync("a", "source.Gsid", "where = \"source.Size > vars.floor\"", "Name = source.Name"),
		memoSync("a", "source.Gsid", "where = \"source.Name == 'x'\"", "Name = source.Name\n    Size = source.Size"),
		memoSync("a", "source.Gsid", "enabled = false", "Tier = \"table.tier(source.Name)\""),
		memoSync("a", "source.Name", "", "Name = source.Name"),
		memoSync("a", "source.Gsid", "schedule {\n    cron = \"* * * * *\"\n  }", "Name = source.Csm__gr.Name"),
		memoSync("a", "source.Gsid", "", "Name = source.Nonsense"), "",
	},
	"b.sync.hcl": {
		memoSync("b", "source.Gsid", "where = \"source.Name == 'y'\"\n  after = [sync.a]", "Name = text(\"{{ source.Name }} {{ vars.floor }}\")"),
		memoSync("b", "source.Gsid", "after = [sync.a, sync.many]\n  requires = [connection.crm]", "Size = \"source.Size + vars.floor\""),
		memoSync("b", "source.Gsid", "requires = [sync.a]", "Tier = \"table.tier(source.Name)\""),
		memoSync("b", "source.Gsid", "find \"other\" {\n    in = crm.Account\n    by = { Ext = source.Gsid }\n  }", "Name = other.Name"), "",
	},
	"back.sync.hcl": {
		"sync \"back\" {\n  from = crm.Account\n  to = crm.Account\n  match {\n    by = { Id = source.Id }\n  }\n  map {\n    Name = \"source.Name + '!'\"\n    Size = source.Size\n  }\n}\n",
		"sync \"back\" {\n  from = crm.Task\n  to = crm.Account\n  manual = true\n  match {\n    by = { Ext = source.Key }\n  }\n  map {\n    Size = 3\n  }\n}\n", "",
	},
	"many.sync.hcl": {
		memoSync("many", "source.Gsid", "for_each = [\"a\", \"b\"]\n  where = \"source.Name == each.value\"\n  manual = true", "Tier = \"'Green'\""),
		memoSync("many", "source.Gsid", "for_each = { a = \"x\", b = \"y\" }\n  where = \"source.Name == each.value\"", "Name = \"each.key\""), "",
	},
	"watch.sync.hcl": {
		memoTrigger("watch", "new.Size < vars.floor", "apply = sync.a"), memoTrigger("watch", "new.Size < 3 && history.size.avg() > 1.0", "set {\n        Size = 2\n      }"),
		memoTrigger("watch", "new.Name == 'x'", "apply = sync.b\n      set {\n        Tier = \"'Green'\"\n      }"),
		memoTrigger("watch", "new.Name == each.value", "apply = sync.a", "for_each = [\"a\", \"b\"]"),
		memoTrigger("watch", "new.Name == 'x'", "set {\n        Size = 2\n      }", "after = [sync.many]", "enabled = false"),
		memoTrigger("watch", "new.Size > 3", "set {\n        Size = 2\n      }\n    }\n  }\n  then {\n    send \"note\" {\n      via = crm\n      text = text(\"ten letters\")"), "",
	},
	"alert.sync.hcl": {"alert \"down\" {\n  rules = [sync.many, trigger.watch]\n  on = [\"failed\"]\n  via = connection.crm\n}\n", ""},
}

func memoSync(name, key, more, mapped string) string {
	return fmt.Sprintf("sync %q {\n  from = cs.Company\n  to = crm.Account\n  %s\n  match {\n    by = [{ Ext = %s }]\n    missing = \"create\"\n  }\n  map {\n    %s\n  }\n}\n", name, more, key, mapped)
}

func memoTrigger(name, when, update string, more ...string) string {
	return fmt.Sprintf("trigger %q {\n  on = cs.Company\n  when = %q\n  %s\n  find \"account\" {\n    in = crm.Account\n    by = { Ext = new.Gsid }\n  }\n  together {\n    update \"account\" {\n      %s\n    }\n  }\n}\n",
		name, when, strings.Join(more, "\n  "), update)
}

// A compilation that remembers what it found before gives what a fresh one gives, whatever was edited in between: the same
// plans, the same words.
func TestARememberedCompilationIsAFreshOne(t *testing.T) {
	read := func(text string) map[string]*schema.Catalog {
		catalogs, err := schematext.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return catalogs
	}
	systems := map[string]schema.System{"gainsight": {Name: "gainsight"}, "salesforce": {Name: "salesforce"}}
	sends := maps.Clone(systems)
	sends["salesforce"] = schema.System{Name: "salesforce", Sends: true, Send: &schema.Sending{Verb: "send",
		Arguments: []schema.Argument{{Name: "text", Kind: schema.Text, Length: 4}}}}
	wide := maps.Clone(sends)
	wide["salesforce"] = schema.System{Name: "salesforce", Sends: true, Send: &schema.Sending{Verb: "send", Arguments: []schema.Argument{{Name: "text", Kind: schema.Text}}}}
	inputs := []func(*Inputs){
		func(in *Inputs) { in.Catalogs = read(memoSchema) },
		func(in *Inputs) {
			in.Catalogs = read(strings.Replace(memoSchema, "Size integer rw null", "Size integer null", 1))
		},
		func(in *Inputs) { in.Catalogs = read(strings.Replace(memoSchema, "text(40) rw", "text(4) rw", 1)) },
		func(in *Inputs) { in.Catalogs = map[string]*schema.Catalog{"cs": in.Catalogs["cs"]} },
		func(in *Inputs) { in.Vars = map[string]string{"floor": "7"} },
		func(in *Inputs) { in.Vars = map[string]string{"flor": "7"} },
		func(in *Inputs) { in.Vars = nil },
		func(in *Inputs) { in.Systems = systems },
		func(in *Inputs) { in.Systems = sends },
		func(in *Inputs) { in.Systems = wide },
	}
	names := slices.Sorted(maps.Keys(memoFiles))
	planned, remembered := map[string]bool{}, 0
	rapid.Check(t, func(rt *rapid.T) {
		var cache Cache
		in := Inputs{Catalogs: read(memoSchema), Systems: systems}
		warm, files := &Memo{}, map[string]string{}
		for _, name := range names {
			files[name] = memoFiles[name][0]
		}
		before := map[any]bool{}
		for range rapid.IntRange(1, 25).Draw(rt, "edits") {
			if rapid.IntRange(0, 5).Draw(rt, "what") == 0 {
				rapid.SampledFrom(inputs).Draw(rt, "input")(&in)
			} else {
				name := rapid.SampledFrom(names).Draw(rt, "file")
				files[name] = rapid.SampledFrom(memoFiles[name]).Draw(rt, "text")
			}
			var sources []Source
			for _, name := range names {
				if files[name] != "" {
					sources = append(sources, Source{name, []byte(files[name])})
				}
			}
			in.Memo = warm
			m, diags := cache.Load(sources)
			set, found := Compile(m, in)
			in.Memo = nil
			fresh, freshDiags := Load(sources)
			wanted, freshFound := Compile(fresh, in)
			if got, want := fmt.Sprint(diags, found), fmt.Sprint(freshDiags, freshFound); got != want {
				rt.Fatalf("%s\nwant\n%s", got, want)
			}
			if got, want := inWords(set), inWords(wanted); got != want {
				rt.Fatalf("%s\nwant\n%s", got, want)
			}
			now := map[any]bool{}
			for _, s := range set.Syncs {
				planned[s.ID()], now[s] = true, true
			}
			for _, x := range set.Triggers {
				planned[x.ID()], now[x] = true, true
				for _, a := range x.Actions() {
					if a.Apply != nil && a.Apply.Sync != set.Sync(a.Apply.Sync.Name) {
						rt.Fatalf("%s applies a sync of an earlier set", x.ID())
					}
				}
			}
			for x := range now {
				if before[x] {
					remembered++
				}
			}
			before = now
		}
	})
	for _, id := range []string{"sync.a", "sync.b", "sync.back", "sync.many[a]", "trigger.watch", "trigger.watch[a]"} {
		if !planned[id] {
			t.Errorf("%s never was planned, so nothing is known of it", id)
		}
	}
	if remembered < 1000 {
		t.Errorf("%d plans were remembered", remembered)
	}
}

// inWords says all of a set.
func inWords(set *plan.Set) string {
	var b strings.Builder
	fmt.Fprintln(&b, set.Revision)
	for _, c := range set.Connections {
		fmt.Fprintln(&b, c.Name, c.Limits, c.Allow)
	}
	for _, s := range set.Syncs {
		fmt.Fprintln(&b, s.Explain(), s.Fingerprint, s.Meaning, s.After, s.Requires, s.Enabled, s.Manual, s.Guard, s.Range.Start)
	}
	for _, x := range set.Tracks {
		fmt.Fprintln(&b, x.Explain(), x.Fingerprint, x.Meaning)
	}
	for _, x := range set.Triggers {
		fmt.Fprintln(&b, x.Explain(), x.Fingerprint, x.Meaning, x.Population, x.After, x.Requires, x.Enabled, x.Range.Start)
	}
	for _, x := range set.Alerts {
		fmt.Fprintln(&b, x.Explain(), x.Fingerprint)
	}
	return b.String()
}
