package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func catalogOf(objects ...*Object) *Catalog {
	c := &Catalog{System: "salesforce", Objects: map[string]*Object{}, Filter: FilterCaps{Compare: true, In: true}, ReadPage: 2000, WriteBatch: 200}
	for _, o := range objects {
		o.Index()
		c.Objects[o.Name] = o
	}
	return c
}

func account() *Object {
	return &Object{Name: "Account", Label: "Account", Key: "Id", Modified: "SystemModstamp", Createable: true, Updateable: true, Count: 1234, Version: "Mon, 02 Mar 2026", Fields: []*Field{
		{Name: "Id", Kind: ID, Length: 18, Filterable: true, Unique: true},
		{Name: "Name", Kind: Text, Length: 255, Required: true, Createable: true, Updateable: true, TrimsSpace: true},
		{Name: "OwnerId", Kind: Reference, RefTo: []string{"User"}, Relationship: "Owner", Createable: true},
		{Name: "Rating", Kind: Picklist, Nullable: true, Restricted: true, Values: []Choice{{Value: "Hot"}, {Value: "Cold", Label: "<cold>"}}},
		{Name: "Score__c", Kind: Number, Precision: 5, Scale: 2, Nullable: true, Createable: true, Updateable: true},
		{Name: "SystemModstamp", Kind: DateTime, Resolution: time.Second},
	}}
}

func TestLockGivesBackWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		catalogs := map[string]*Catalog{}
		for _, name := range rapid.SliceOfDistinct(rapid.StringMatching(`[a-z]{1,4}`), rapid.ID[string]).Draw(t, "connections") {
			catalogs[name] = drawCatalog(t)
		}
		data, err := EncodeLock(catalogs)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeLock(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		again, err := EncodeLock(back)
		if err != nil {
			t.Fatal(err)
		}
		if string(again) != string(data) {
			t.Fatalf("not stable:\n%s\n%s", data, again)
		}
		for name := range catalogs {
			if changes := Diff(catalogs[name], back[name]); len(changes) > 0 {
				t.Fatalf("lost in the lock: %v", changes)
			}
		}
	})
}

func drawCatalog(t *rapid.T) *Catalog {
	var objects []*Object
	for _, name := range rapid.SliceOfDistinct(rapid.StringMatching(`[A-Z][a-z]{0,3}`), rapid.ID[string]).Draw(t, "objects") {
		o := &Object{Name: name, Label: rapid.String().Draw(t, "label"), Count: rapid.Int64Range(0, 99).Draw(t, "count")}
		for _, f := range rapid.SliceOfDistinct(rapid.StringN(1, 6, -1), rapid.ID[string]).Draw(t, "fields") {
			o.Fields = append(o.Fields, &Field{Name: f, Kind: Kind(rapid.IntRange(0, len(kindNames)-1).Draw(t, "kind")),
				Length: rapid.IntRange(0, 255).Draw(t, "length"), Nullable: rapid.Bool().Draw(t, "nullable"),
				Values: []Choice{{Value: rapid.String().Draw(t, "value"), Label: rapid.SampledFrom([]string{"", "x"}).Draw(t, "label")}}})
		}
		objects = append(objects, o)
	}
	return catalogOf(objects...)
}

func TestLockIsOneLineAField(t *testing.T) {
	data, err := EncodeLock(map[string]*Catalog{"crm": catalogOf(account())})
	if err != nil {
		t.Fatal(err)
	}
	want := `          {"name":"Rating","kind":"picklist","nullable":true,"restricted":true,"values":["Hot",{"value":"Cold","label":"<cold>"}]},`
	if !strings.Contains(string(data), want+"\n") {
		t.Errorf("no line %s in\n%s", want, data)
	}
	if !strings.Contains(string(data), `"count":1300`) {
		t.Errorf("the count is not rounded:\n%s", data)
	}
	back, err := DecodeLock(data)
	if err != nil {
		t.Fatal(err)
	}
	got := back["crm"].Object("Account")
	want2 := account()
	want2.Count = 1300
	want2.Index()
	if !reflect.DeepEqual(got, want2) {
		t.Errorf("got %+v", got)
	}
}

func TestLockRefusesWhatNoPullWrote(t *testing.T) {
	good, err := EncodeLock(map[string]*Catalog{"crm": catalogOf(account())})
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, new string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("the lock has no %q", old)
		}
		return strings.Replace(string(good), old, new, 1)
	}
	tests := []struct{ name, data, want string }{
		{"empty", "", "is empty"},
		{"binary", "\x00\x01", "cannot be read: line 1"},
		{"cut", string(good[:len(good)/2]), "cannot be read"},
		{"merge markers", change(`  "connections"`, "<<<<<<< HEAD\n  \"connections\""), "line 3"},
		{"newer", change(`"version": 1`, `"version": 9`), "version 9"},
		{"newer with a new kind", strings.Replace(change(`"version": 1`, `"version": 9`), `"picklist"`, `"colour"`, 1), "version 9"},
		{"no version", `{"connections":{}}`, "no version"},
		{"unknown kind", change(`"picklist"`, `"colour"`), `"colour" is no kind`},
		{"field twice", change(`"name":"OwnerId"`, `"name":"Name"`), "stands twice"},
		{"object renamed", change(`"Account": {"name":"Account"`, `"Contact": {"name":"Account"`), "own name"},
		{"key gone", change(`"key":"Id"`, `"key":"Gsid"`), "key or modified field"},
		{"null connection", `{"version":1,"connections":{"crm":null}}`, "damaged"},
		{"more after", string(good) + "{}", "after its end"},
		{"negative length", change(`"length":255`, `"length":-1`), "negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := DecodeLock([]byte(tt.data))
			var e *LockError
			if !errors.As(err, &e) || !strings.Contains(e.Reason, tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if e.Newer != strings.HasPrefix(tt.name, "newer") {
				t.Errorf("Newer = %v", e.Newer)
			}
		})
	}
}

func FuzzDecodeLock(f *testing.F) {
	good, _ := EncodeLock(map[string]*Catalog{"crm": catalogOf(account())})
	f.Add(good)
	f.Add([]byte(`{"version":1,"connections":{"a":{"objects":{"b":{"name":"b","fields":[null]}}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if catalogs, err := DecodeLock(data); err == nil {
			if _, err := EncodeLock(catalogs); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkDecodeLock(b *testing.B) {
	var objects []*Object
	for i := range 40 {
		o := &Object{Name: fmt.Sprintf("Object%d__c", i), Key: "Field0__c"}
		for j := range 70 {
			f := &Field{Name: fmt.Sprintf("Field%d__c", j), Label: fmt.Sprintf("A field number %d", j), Kind: Kind(j % len(kindNames)), Length: 80,
				Nullable: true, Createable: true, Updateable: true, Filterable: true, Sortable: true}
			if f.Kind == Picklist {
				for k := range 12 {
					f.Values = append(f.Values, Choice{Value: fmt.Sprintf("Value %d", k)})
				}
			}
			o.Fields = append(o.Fields, f)
		}
		objects = append(objects, o)
	}
	data, err := EncodeLock(map[string]*Catalog{"crm": catalogOf(objects...)})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := DecodeLock(data); err != nil {
			b.Fatal(err)
		}
	}
}

func TestDiff(t *testing.T) {
	change := func(edit func(o *Object)) []Change {
		after := account()
		edit(after)
		return Diff(catalogOf(account()), catalogOf(after))
	}
	field := func(o *Object, name string) *Field { o.Index(); return o.Field(name) }
	tests := []struct {
		name, want string
		edit       func(o *Object)
	}{
		{"nothing", "", func(o *Object) { o.Count, o.Version = 9, "other" }},
		{"field gone", "breaking Account.Rating: field removed (was picklist of 2)", func(o *Object) { o.Fields = append(o.Fields[:3], o.Fields[4:]...) }},
		{"field new", "harmless Account.X: field added (text(10))", func(o *Object) { o.Fields = append(o.Fields, &Field{Name: "X", Kind: Text, Length: 10}) }},
		{"required new", "breaking Account.X: field added (text)", func(o *Object) {
			o.Fields = append(o.Fields, &Field{Name: "X", Kind: Text, Required: true, Createable: true})
		}},
		{"shorter", "risky Account.Name: length 255 → 80", func(o *Object) { field(o, "Name").Length = 80 }},
		{"unlimited", "harmless Account.Name: length 255 → unlimited", func(o *Object) { field(o, "Name").Length = 0 }},
		{"other type", "breaking Account.Score__c: type number(5,2) → text", func(o *Object) { field(o, "Score__c").Kind = Text }},
		{"fewer digits", "risky Account.Score__c: digits number(5,2) → number(5,0)", func(o *Object) { field(o, "Score__c").Scale = 0 }},
		{"values", "risky Account.Rating: picklist values Hot → Warm", func(o *Object) { field(o, "Rating").Values[0].Value = "Warm" }},
		{"order of values", "", func(o *Object) { v := field(o, "Rating").Values; v[0], v[1] = v[1], v[0] }},
		{"access", "breaking Account.Name: access create, update → create", func(o *Object) { field(o, "Name").Updateable = false }},
		{"required", "breaking Account.Score__c: required no → yes", func(o *Object) { field(o, "Score__c").Required = true }},
		{"object access", "breaking Account: object access create, update → read only", func(o *Object) { o.Createable, o.Updateable = false, false }},
		{"key", `breaking Account: object key key "Id", modified "SystemModstamp" → key "Id", modified ""`, func(o *Object) { o.Modified = "" }},
		{"object renamed", "breaking Account: object removed\nharmless Firm: object added (6 fields)", func(o *Object) { o.Name = "Firm" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines []string
			for _, c := range change(tt.edit) {
				lines = append(lines, c.Impact.String()+" "+c.String())
			}
			if got := strings.Join(lines, "\n"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestKindsSurviveJSON(t *testing.T) {
	for k := range kindNames {
		data, err := json.Marshal(Kind(k))
		if err != nil {
			t.Fatal(err)
		}
		var back Kind
		if err := json.Unmarshal(data, &back); err != nil || back != Kind(k) {
			t.Errorf("%s: %v, %v", data, back, err)
		}
	}
	var k Kind
	if err := json.Unmarshal([]byte(`"colour"`), &k); err == nil {
		t.Error("an unknown kind was read")
	}
}
