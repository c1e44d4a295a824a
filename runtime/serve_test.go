package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/memory"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
	"github.com/syncline/syncline/runtime/reload"
	"github.com/syncline/syncline/runtime/server"
	"github.com/syncline/syncline/runtime/state"
	"github.com/syncline/syncline/runtime/state/sqlite"
)

// gated is a system in memory whose calls tests can hold up or refuse.
type gated struct {
	*memory.System
	mu       sync.Mutex
	describe func(ctx context.Context, names []string) error
	fault    atomic.Bool // the next look at the limits, which each run begins with, panics
	asked    atomic.Int64
	closed   atomic.Int64
}

func (g *gated) Describe(ctx context.Context, names []string, prev *schema.Catalog) (*schema.Catalog, error) {
	g.asked.Add(1)
	g.mu.Lock()
	hook := g.describe
	g.mu.Unlock()
	if hook != nil {
		if err := hook(ctx, names); err != nil {
			return nil, err
		}
	}
	return g.System.Describe(ctx, names, prev)
}

func (g *gated) Limits() connectors.Limits {
	if g.fault.CompareAndSwap(true, false) {
		panic("a fault of the program")
	}
	return g.System.Limits()
}

func (g *gated) Close() error {
	g.closed.Add(1)
	return nil
}

func (g *gated) onDescribe(f func(context.Context, []string) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.describe = f
}

func object(name string, fields int) *schema.Object {
	o := &schema.Object{Name: name, Key: "Id", Modified: "Changed", Createable: true, Updateable: true, Deletable: true}
	add := func(f *schema.Field) { o.Fields = append(o.Fields, f) }
	add(&schema.Field{Name: "Id", Kind: schema.ID, Filterable: true, Unique: true, Length: 20})
	add(&schema.Field{Name: "Changed", Kind: schema.DateTime, Filterable: true})
	for i := range fields {
		add(&schema.Field{Name: fmt.Sprintf("F%d", i), Kind: schema.Text, Length: 80, Nullable: true, Filterable: true, Createable: true, Updateable: true})
	}
	return o
}

// plant is a project with its systems and its folder, to be served.
type plant struct {
	t       testing.TB
	dir     string
	cs, crm *gated
	opened  atomic.Int64
	env     sync.Map
	store   *sqlite.Store
	server  *Server // the one that serves now
	// options edits what a runtime is made with; it may be nil.
	options func(*Options)
}

func newPlant(t testing.TB, objects, fields int) *plant {
	p := &plant{t: t, dir: t.TempDir()}
	var from, to []*schema.Object
	for i := range objects {
		from, to = append(from, object(fmt.Sprintf("From%d", i), fields)), append(to, object(fmt.Sprintf("To%d", i), fields))
	}
	p.cs, p.crm = &gated{System: memory.New(from...)}, &gated{System: memory.New(to...)}
	p.write("connections.sync.hcl", "connection \"memory\" \"cs\" {\n}\nconnection \"memory\" \"crm\" {\n  account = env(\"ACCOUNT\")\n}\n")
	p.env.Store("ACCOUNT", "first")
	p.openStore()
	return p
}

func (p *plant) openStore() {
	p.t.Helper()
	var err error
	if p.store, err = sqlite.Open(context.Background(), filepath.Join(p.dir, ".syncline", "state.db"), sqlite.Options{Holder: "test"}); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { p.store.Close() })
}

func (p *plant) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// rule is a sync from From{i} to To{i} with these lines beside its map.
func ruleText(name string, i int, mapping string, more ...string) string {
	return fmt.Sprintf("sync %q {\n  from = cs.From%d\n  to   = crm.To%d\n  %s\n  match {\n    by = [{ F1 = source.F1 }]\n    missing = \"create\"\n    ambiguous = \"skip\"\n  }\n  map {\n    F1 = source.F1\n    %s\n  }\n}\n",
		name, i, i, strings.Join(more, "\n  "), mapping)
}

const manual = "manual = true"

func (p *plant) runtime() *Runtime {
	open := func(g *gated) func(context.Context, connectors.Config) (connectors.Connection, error) {
		return func(context.Context, connectors.Config) (connectors.Connection, error) {
			p.opened.Add(1)
			return g, nil
		}
	}
	typ := connectors.Type{System: schema.System{Name: "memory", Settings: []schema.Setting{{Name: "account", Kind: schema.SettingText}}},
		Open: func(ctx context.Context, c connectors.Config) (connectors.Connection, error) {
			if c.Name == "cs" {
				return open(p.cs)(ctx, c)
			}
			return open(p.crm)(ctx, c)
		}}
	o := Options{Dir: p.dir, Registry: connectors.NewRegistry(typ), Env: func(name string) (string, bool) {
		v, ok := p.env.Load(name)
		text, _ := v.(string)
		return text, ok
	}}
	if p.options != nil {
		p.options(&o)
	}
	return New(o)
}

// serve runs a server until the test ends or stop is called.
func (p *plant) serve(edit ...func(*ServeOptions)) (*Server, func()) {
	p.t.Helper()
	o := ServeOptions{Store: p.store, Grace: 2 * time.Second, Deadline: 500 * time.Millisecond,
		Watch: reload.Watch{Settle: 10 * time.Millisecond, Poll: 100 * time.Millisecond}}
	for _, e := range edit {
		e(&o)
	}
	r := p.runtime()
	s, err := NewServer(context.Background(), r, o)
	if err != nil {
		p.t.Fatal(err)
	}
	p.server = s
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	stop := sync.OnceFunc(func() { cancel(); <-done; r.Close() })
	p.t.Cleanup(stop)
	return s, stop
}

func (p *plant) eventually(what string, ok func() bool) {
	p.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	if p.server != nil {
		st := p.server.Status(context.Background())
		for _, r := range st.Rules {
			p.t.Logf("%s is %s %q, last %+v", r.Rule, r.State, r.Why, r.Last)
		}
		p.t.Fatalf("never: %s; reload %+v", what, st.Reload)
	}
	p.t.Fatalf("never: %s", what)
}

func find(st server.Status, rule string) server.Rule {
	for _, r := range st.Rules {
		if r.Rule == rule {
			return r
		}
	}
	return server.Rule{}
}

func runsOf(s *Server, rule string) (string, state.RunStatus) {
	r := find(s.Status(context.Background()), rule)
	if r.Last == nil {
		return "", ""
	}
	return r.Last.ID, r.Last.Status
}

func (p *plant) runs(s *Server, rule string) {
	p.t.Helper()
	before, _ := runsOf(s, rule)
	if err := s.Start(rule, false); err != nil {
		p.t.Fatal(err)
	}
	p.eventually(rule+" ends well", func() bool {
		id, status := runsOf(s, rule)
		return id != before && status == state.Succeeded
	})
}

func TestARunInProgressFinishesOnItsPlan(t *testing.T) {
	p := newPlant(t, 1, 4)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = text(\"old\")", manual))
	p.cs.Put("From0", memory.Map{"Id": value.Text("1"), "F1": value.Text("k1")})
	began, gate := make(chan struct{}, 10), make(chan struct{})
	p.cs.SetHooks(memory.Hooks{BeforeRead: func(string) error {
		began <- struct{}{}
		<-gate
		return nil
	}})
	s, _ := p.serve()
	first := s.Status(t.Context()).Revision
	if err := s.Start("a", false); err != nil {
		t.Fatal(err)
	}
	<-began
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = text(\"new\")", manual))
	p.eventually("the new set is in force", func() bool { return s.Status(t.Context()).Revision != first })
	if got := find(s.Status(t.Context()), "sync.a").State; got != "running" {
		t.Fatalf("the run is %s", got)
	}
	close(gate)
	p.eventually("the run ends", func() bool { _, status := runsOf(s, "sync.a"); return status == state.Succeeded })
	last := find(s.Status(t.Context()), "sync.a").Last
	ids := p.crm.IDs("To0")
	if len(ids) != 1 || p.crm.Get("To0", ids[0])["F2"].AsText() != "old" || last.Revision != first {
		t.Fatalf("the run did not finish on its plan: %v, revision %s", p.crm.Get("To0", ids[0]), last.Revision)
	}
	p.runs(s, "sync.a")
	if got := p.crm.Get("To0", ids[0])["F2"].AsText(); got != "new" {
		t.Fatalf("the next run wrote %q", got)
	}
}

func TestOnlyRulesThatChangedAreTouched(t *testing.T) {
	p := newPlant(t, 2, 4)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", manual))
	p.write("b.sync.hcl", ruleText("b", 1, "F2 = source.F2", manual))
	s, _ := p.serve()
	prints := func() map[string]string {
		s.mu.Lock()
		set := s.set
		s.mu.Unlock()
		rules, err := s.rules(set)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, r := range rules {
			out[r.ID] = r.Fingerprint
		}
		return out
	}
	before, revision, asked := prints(), s.Status(t.Context()).Revision, p.crm.asked.Load()
	p.write("a.sync.hcl", "# a comment\n\n"+ruleText("a", 0, "F2 = source.F3", manual))
	p.eventually("the edit is in force", func() bool { return s.Status(t.Context()).Revision != revision })
	after := prints()
	if after["sync.a"] == before["sync.a"] || after["sync.b"] != before["sync.b"] {
		t.Fatalf("%v\n%v", before, after)
	}
	if n := p.crm.asked.Load(); n != asked {
		t.Fatalf("the edit asked the systems for schemas %d times", n-asked)
	}
	revision = s.Status(t.Context()).Revision
	p.write("connections.sync.hcl", "connection \"memory\" \"cs\" {\n}\nconnection \"memory\" \"crm\" {\n  account = env(\"ACCOUNT\")\n  limits {\n    concurrent = 2\n  }\n}\n")
	p.eventually("the connection is in force", func() bool { return s.Status(t.Context()).Revision != revision })
	if third := prints(); third["sync.b"] == after["sync.b"] {
		t.Fatal("a rule whose connection changed counts as untouched")
	}
}

func TestAHangingSystemDoesNotHoldUpAReload(t *testing.T) {
	p := newPlant(t, 2, 4)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", manual))
	s, _ := p.serve()
	p.cs.onDescribe(func(ctx context.Context, _ []string) error {
		<-ctx.Done()
		time.Sleep(50 * time.Millisecond)
		return ctx.Err()
	})
	p.write("b.sync.hcl", ruleText("b", 1, "F2 = source.F2", manual))
	p.eventually("the reload is given up", func() bool { return s.Status(t.Context()).Reload.Error != "" })
	p.cs.Put("From0", memory.Map{"Id": value.Text("1"), "F1": value.Text("k1")})
	p.runs(s, "sync.a") // what was in force goes on
	// An edit that needs no new schema goes through meanwhile.
	if err := os.Remove(filepath.Join(p.dir, "b.sync.hcl")); err != nil {
		t.Fatal(err)
	}
	p.eventually("an edit that needs no schema is taken", func() bool { return s.Status(t.Context()).Reload.OK })
	p.write("b.sync.hcl", ruleText("b", 1, "F2 = source.F2", manual))
	p.eventually("the reload is given up again", func() bool { return !s.Status(t.Context()).Reload.OK })
	p.cs.onDescribe(nil)
	p.eventually("it is tried again when the system answers", func() bool { return len(s.Status(t.Context()).Rules) == 2 })
}

func TestAStartWhileASystemIsDown(t *testing.T) {
	p := newPlant(t, 1, 4)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", manual))
	_, stop := p.serve()
	stop()
	down := func(context.Context, []string) error { return errors.New("no route to host") }
	p.cs.onDescribe(down)
	s, stop := p.serve()
	st := s.Status(t.Context())
	if len(st.Rules) != 1 || !st.Reload.OK || len(st.Reload.Diagnostics) == 0 {
		t.Fatalf("the schemas of the last time do not stand in: %+v", st)
	}
	p.cs.onDescribe(nil)
	s.Reload()
	p.eventually("the system is asked again", func() bool { return len(s.Status(t.Context()).Reload.Diagnostics) == 0 })
	stop()
	// Without a memory of it, a start has to say why it cannot be.
	q := newPlant(t, 1, 4)
	q.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", manual))
	q.cs.onDescribe(down)
	var unreachable *Unreachable
	if _, err := NewServer(t.Context(), q.runtime(), ServeOptions{Store: q.store}); !errors.As(err, &unreachable) {
		t.Fatalf("%v", err)
	}
}

func TestASchemaThatChangesIsTakenOver(t *testing.T) {
	p := newPlant(t, 1, 4)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", manual))
	s, _ := p.serve()
	for _, f := range p.crm.Catalog().Objects["To0"].Fields {
		if f.Name == "F2" {
			f.Updateable, f.Createable = false, false
		}
	}
	s.Reload()
	p.eventually("the lost permission is told", func() bool { return !s.Status(t.Context()).Reload.OK })
	if st := s.Status(t.Context()); len(st.Rules) != 1 {
		t.Fatalf("what was in force does not go on: %+v", st)
	}
}

func TestARotatedSecretOpensAnotherConnection(t *testing.T) {
	p := newPlant(t, 1, 4)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", manual))
	s, _ := p.serve()
	p.runs(s, "sync.a")
	opened, closed := p.opened.Load(), p.crm.closed.Load()
	p.runs(s, "sync.a")
	if p.opened.Load() != opened {
		t.Fatal("a connection was opened though nothing changed")
	}
	p.env.Store("ACCOUNT", "second")
	p.runs(s, "sync.a")
	if p.opened.Load() != opened+1 || p.crm.closed.Load() != closed+1 {
		t.Fatalf("opened %d, closed %d", p.opened.Load()-opened, p.crm.closed.Load()-closed)
	}
	p.env.Delete("ACCOUNT")
	if err := s.Start("a", false); err != nil {
		t.Fatal(err)
	}
	p.eventually("the rule waits and says for what", func() bool {
		r := find(s.Status(t.Context()), "sync.a")
		return r.State == "waiting" && strings.Contains(r.Why, "ACCOUNT")
	})
}

func TestASystemThatIsDownIsShownAsWaitedFor(t *testing.T) {
	p := newPlant(t, 1, 4)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", manual))
	p.cs.SetHooks(memory.Hooks{BeforeRead: func(string) error {
		return &connectors.Error{Class: connectors.Limit, Message: "the daily limit is used up", RetryAfter: time.Hour}
	}})
	s, _ := p.serve()
	if err := s.Start("", false); err != nil {
		t.Fatal(err)
	}
	if err := s.Start("a", false); err != nil {
		t.Fatal(err)
	}
	p.eventually("it waits", func() bool {
		r := find(s.Status(t.Context()), "sync.a")
		return r.State == "waiting" && strings.Contains(r.Why, "daily limit") && r.Next != nil && r.Last.Status == state.Waiting
	})
}

func TestStoppingFinishesWhatIsInHand(t *testing.T) {
	p := newPlant(t, 1, 4)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", "schedule {\n    cron = \"@every 1s\"\n  }", "on_null = \"keep\"\n  guard {\n    max_clears = 1000000\n  }"))
	for i := range 2000 {
		p.cs.Put("From0", memory.Map{"Id": value.Text(fmt.Sprintf("%04d", i)), "F1": value.Text(fmt.Sprint("k", i)), "F2": value.Text("x")})
	}
	for range 4 {
		_, stop := p.serve()
		time.Sleep(time.Second)
		stop()
		p.store.Close()
		p.openStore()
	}
	s, _ := p.serve()
	p.eventually("all is brought over", func() bool {
		_, status := runsOf(s, "sync.a")
		return status == state.Succeeded && len(p.crm.IDs("To0")) >= 2000
	})
	if n := len(p.crm.IDs("To0")); n != 2000 {
		t.Fatalf("%d targets for 2000 sources", n)
	}
}

// bigPlant is a project of 500 rules over 40 objects of 70 fields.
func bigPlant(b testing.TB) *plant {
	p := newPlant(b, 20, 70)
	for i := range 500 {
		var lines []string
		for j := range 12 {
			lines = append(lines, fmt.Sprintf("F%d = \"source.F%d != null ? source.F%d + ' %d' : null\"", 2+(i/20+j*5)%68, (i+j)%70, (i+j)%70, i))
		}
		p.write(fmt.Sprintf("rule_%d.sync.hcl", i), ruleText(fmt.Sprintf("rule_%d", i), i%20, strings.Join(lines, "\n    "),
			fmt.Sprintf("where = \"source.F0 == '%d'\"", i), fmt.Sprintf("schedule {\n    cron = \"%d %d * * *\"\n  }", i%60, i%24)))
	}
	return p
}

// BenchmarkReload is from reading the folder to the new set in force: 500 rules, one changed. The goal is under 150 ms.
func BenchmarkReload(b *testing.B) {
	p := bigPlant(b)
	r := p.runtime()
	defer r.Close()
	s, err := NewServer(context.Background(), r, ServeOptions{Store: p.store, Deadline: time.Minute})
	if err != nil {
		var broken *Broken
		if errors.As(err, &broken) {
			b.Fatal(broken.Diagnostics[0])
		}
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		b.StopTimer()
		n++
		p.write("rule_7.sync.hcl", ruleText("rule_7", 7, fmt.Sprintf("F2 = text(\"edit %d\")", n), "where = \"source.F0 == '7'\"", manual))
		b.StartTimer()
		project, err := r.ReadProject()
		if err != nil {
			b.Fatal(err)
		}
		c, diags, err := s.compile(context.Background(), project)
		if err != nil || diags.HasErrors() {
			b.Fatal(err, diags)
		}
		s.swap(context.Background(), project, c)
	}
	if got := len(s.Status(context.Background()).Rules); got != 500 {
		b.Fatal(got)
	}
}

// BenchmarkStart is a start with a million links in the state, up to the rules in force. The goal is under a second.
func BenchmarkStart(b *testing.B) {
	p := newPlant(b, 1, 4)
	p.write("a.sync.hcl", ruleText("a", 0, "F2 = source.F2", manual))
	const links = 1_000_000
	for i := 0; i < links; i += 10_000 {
		var records []state.Record
		for j := i; j < i+10_000; j++ {
			records = append(records, state.Record{Source: fmt.Sprintf("s%09d", j), Target: fmt.Sprintf("t%09d", j), Hash: uint64(j), Shadow: make([]byte, 40)})
		}
		if err := p.store.Commit(context.Background(), state.Outcome{Rule: "sync.a", Records: records}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := p.store.Close(); err != nil {
			b.Fatal(err)
		}
		p.openStore()
		r := p.runtime()
		s, err := NewServer(context.Background(), r, ServeOptions{Store: p.store, Deadline: time.Minute})
		if err != nil {
			b.Fatal(err)
		}
		if s.Status(context.Background()).Revision == "" {
			b.Fatal("no rules are in force")
		}
		r.Close()
	}
}

var _ io.Closer = (*gated)(nil)
