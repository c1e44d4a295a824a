package resolve_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/diag/diagtest"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/syntax"
)

func TestDiagnostics(t *testing.T) {
	diagtest.Run(t, "testdata/*.txtar", func(t *testing.T, files []diagtest.File) diag.List {
		var out diag.List
		var parsed []*syntax.File
		for _, f := range files {
			file, diags := syntax.Parse(f.Name, f.Data)
			out = append(out, diags...)
			parsed = append(parsed, file)
		}
		m, diags := resolve.Modules(parsed)
		out = append(append(out, diags...), resolve.Unused(m)...)
		out.Sort()
		return out
	})
}

const whole = `
connection "csv" "files" {
  path  = "data"
  token = secret("TOKEN")
  limits {
    calls_per_day    = 1000
    calls_per_minute = 60
    concurrent       = 2
  }
  allow {
    write = ["people.*", "a.b.c"]
  }
  object "people" {
    path    = "people.csv"
    columns = { Name = "text" }
    column "Score" {
      from   = "The Score"
      type   = "number"
      length = 3
    }
  }
  pause "night" {
    cron     = "0 1 * * *"
    for      = "1h30m"
    timezone = "Europe/Berlin"
  }
}
table "tier" {
  rows        = { "At Risk" = "Red", Watch = "Yellow" }
  default     = null
  ignore_case = true
}
variable "limit" {
  type    = "number"
  default = 5
}
sync "s" {
  title       = "T"
  description = <<-EOT
    two
    lines
  EOT
  tags        = ["a", "b"]
  from        = files["the people"]
  to          = files.public.people
  timezone    = "Europe/Berlin"
  enabled     = false
  manual      = true
  lookback    = "2w"
  max_records = 10
  on_null     = "keep"
  missed_ticks = "skip"
  on_delete   = "unlink"
  requires    = [connection.files]
  where       = "source.A"
  on_event {
    wait = "10s"
    max  = 200
  }
  schedule "x" {
    cron  = "@every 1m"
    full  = true
    where = "source.B"
  }
  find "f" {
    in         = files.people
    by         = { Id = source.Id, Name = source.Name }
    order_by   = "it.Name"
    descending = true
    missing    = "empty"
    ambiguous  = "skip"
  }
  match {
    by      = [{ Id = source.Id }, { Name = source.Name }]
    missing = "create"
  }
  map {
    A = source.A
    field "Odd Name" {
      value   = source.B
      on_null = "keep"
      write   = "on_create"
    }
    C = 1
  }
  map_same {
    prefix  = "x_"
    to      = "y_{name}"
    except  = ["z"]
    missing = "skip"
  }
  write {
    A = "if_empty"
    Z = "on_create"
  }
  on_leave {
    set {
      Gone = true
    }
  }
  guard {
    max_creates        = 0
    max_update_percent = 2.5
  }
}
`

func module(t *testing.T, src string) *resolve.Module {
	t.Helper()
	f, diags := syntax.Parse("a.sync.hcl", []byte(src))
	m, more := resolve.Modules([]*syntax.File{f})
	if diags = append(diags, more...); len(diags) > 0 {
		t.Fatal(diags[0])
	}
	return m
}

// Everything that can be written arrives in the module.
func TestModule(t *testing.T) {
	m := module(t, whole)
	c, s := m.Connections[0], m.Syncs[0]
	g := s.Guard
	for what, pair := range map[string][2]any{
		"system":     {c.System, "csv"},
		"settings":   {len(c.Attrs), 2},
		"limits":     {[3]int{c.Limits.CallsPerDay, c.Limits.CallsPerMinute, c.Limits.Concurrent}, [3]int{1000, 60, 2}},
		"allow":      {c.Allow[1].Object + "|" + c.Allow[1].Field, "a.b|c"},
		"columns":    {[]string{c.Objects[0].Columns[0].Kind, c.Objects[0].Columns[1].From, c.Objects[0].Columns[1].Kind}, []string{"text", "The Score", "number"}},
		"object":     {len(c.Object("people").Attrs), 1},
		"pause":      {c.Pauses[0].For, 90 * time.Minute},
		"used":       {c.Used, true},
		"rows":       {[]string{m.Tables[0].Rows[0].Key, m.Tables[0].Rows[1].Key}, []string{"At Risk", "Watch"}},
		"default":    {m.Tables[0].Default.(*syntax.Const).Kind, syntax.NullConst},
		"variable":   {m.Variable("limit").Type, "number"},
		"text":       {s.Description, "two\nlines"},
		"tags":       {s.Tags, []string{"a", "b"}},
		"objects":    {s.From.Name + "|" + s.To.Name, "the people|public.people"},
		"flags":      {[]bool{s.Enabled, s.Manual, s.OnEvent}, []bool{false, true, true}},
		"event":      {s.EventWait, 10 * time.Second},
		"lookback":   {s.Lookback, 14 * 24 * time.Hour},
		"max":        {s.MaxRecords, 10},
		"schedule":   {[]any{s.Schedules[0].Name, s.Schedules[0].Cron, s.Schedules[0].Full}, []any{"x", "@every 1m", true}},
		"find":       {[]any{s.Finds[0].Name, s.Finds[0].Missing, s.Finds[0].Descending, len(s.Finds[0].By[0].Keys)}, []any{"f", "empty", true, 2}},
		"match":      {[]any{len(s.Match.By), s.Match.Missing, s.Match.Ambiguous}, []any{2, "create", ""}},
		"order":      {[]string{s.Map[0].Field, s.Map[1].Field, s.Map[2].Field}, []string{"A", "Odd Name", "C"}},
		"write":      {[]string{s.Map[0].Write, s.Map[1].Write, s.Map[2].Write}, []string{"if_empty", "on_create", ""}},
		"map_same":   {[]string{s.MapSame.Prefix, s.MapSame.To, s.MapSame.Except[0].Text, s.MapSame.Write[0].Field}, []string{"x_", "y_{name}", "z", "Z"}},
		"departures": {[]string{s.OnLeave.Kind, s.OnLeave.Set[0].Field, s.OnDelete.Kind}, []string{"set", "Gone", "unlink"}},
		"guard":      {[]any{*g.MaxCreates, g.MaxUpdates == nil, *g.MaxUpdatePercent}, []any{0, true, 2.5}},
		"requires":   {s.Requires[0].Kind + "." + s.Requires[0].Name, "connection.files"},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
		}
	}
}

func TestHash(t *testing.T) {
	parse := func(name, src string) *syntax.File {
		f, _ := syntax.Parse(name, []byte(src))
		return f
	}
	hash := func(files ...*syntax.File) string {
		m, _ := resolve.Modules(files)
		return m.Hash
	}
	a, b := parse("a", "# x\n"), parse("b", "# y\n")
	if hash(a, b) != hash(b, a) {
		t.Error("the order of files matters")
	}
	if hash(a, b) == hash(a) || hash(parse("a", "# z\n")) == hash(a) || hash(parse("c", "# x\n")) == hash(a) {
		t.Error("another project has the same hash")
	}
}

// Files that did not change are resolved again at each reload: what is noted in them must not grow.
func TestLostNamesAreNotedOnce(t *testing.T) {
	file, _ := syntax.Parse("a.sync.hcl", []byte("sync {\n}\nconnection \"crm\" {\n}\n"))
	resolve.Modules([]*syntax.File{file})
	first := len(file.Lost)
	resolve.Modules([]*syntax.File{file})
	if first == 0 || len(file.Lost) != first {
		t.Errorf("%d names are lost, then %d", first, len(file.Lost))
	}
}
