package gainsight_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/gainsight"
	sandbox "github.com/syncline/syncline/connectors/sandbox/gainsight"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	"github.com/syncline/syncline/connectors/sandbox/world"
	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// tenant is a simulated tenant with a connection to it.
type tenant struct {
	*testing.T
	system *sandbox.System
	url    string
	calls  *connectors.Calls
	ctx    context.Context
	conn   connectors.Connection
}

// capable is all that a connection to Gainsight can do.
type capable interface {
	connectors.Connection
	connectors.Reader
	connectors.Writer
	connectors.DeletedReader
	connectors.Checker
}

// newTenant starts a tenant with some companies and opens a connection with the access key and these settings.
func newTenant(t *testing.T, companies int, o sandbox.Options, settings connectors.Settings) *tenant {
	t.Helper()
	x := &tenant{T: t, system: sandbox.New(world.New(1, companies, time.Now()), o), calls: &connectors.Calls{}}
	ln, err := harness.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := harness.Serve(ln, x.system, harness.Options{})
	t.Cleanup(func() { _ = server.Close() })
	x.url = server.URL()
	x.ctx = connectors.WithCalls(t.Context(), x.calls)
	x.conn = x.open(settings)
	return x
}

func (x *tenant) config(settings connectors.Settings) connectors.Config {
	all := connectors.Settings{"url": value.Text(x.url), "access_key": value.Text(sandbox.AccessKey), "requests_per_minute": value.Int(1_000_000),
		"requests_per_day": value.Int(100_000_000)}
	for k, v := range settings {
		all[k] = v
	}
	return connectors.Config{Name: "cs", Settings: all}
}

func (x *tenant) open(settings connectors.Settings) capable {
	x.Helper()
	conn, err := gainsight.Type().Open(x.ctx, x.config(settings))
	if err != nil {
		x.Fatal(err)
	}
	x.Cleanup(func() { _ = conn.Close() })
	return conn.(capable)
}

func (x *tenant) c() capable { return x.conn.(capable) }

// describe gives the schema of one object.
func (x *tenant) describe(name string) *schema.Object {
	x.Helper()
	catalog, err := x.conn.Describe(x.ctx, []string{name}, nil)
	if err != nil {
		x.Fatal(err)
	}
	if catalog.Objects[name] == nil {
		x.Fatalf("no object %s", name)
	}
	return catalog.Objects[name]
}

// read reads to the end: records, the last cursor, and the number of calls that it took.
func (x *tenant) read(q query.Read) ([]value.Record, query.Cursor, int) {
	x.Helper()
	before := x.calls.Count()
	rows, err := x.c().Read(x.ctx, q)
	if err != nil {
		x.Fatal(err)
	}
	defer rows.Close()
	batch := value.NewBatch(q.Layout, 10)
	var out []value.Record
	for {
		err := rows.Next(x.ctx, batch)
		if errors.Is(err, io.EOF) {
			return out, rows.Cursor(), int(x.calls.Count() - before)
		}
		if err != nil {
			x.Fatal(err)
		}
		for i := range batch.Len() {
			out = append(out, batch.Record(i).Clone())
		}
	}
}

// write writes and fails the test when nothing is known.
func (x *tenant) write(w connectors.Write) []connectors.Result {
	x.Helper()
	results, err := x.c().Write(x.ctx, w)
	if err != nil {
		x.Fatal(err)
	}
	if len(results) != len(w.Records) {
		x.Fatalf("%d results for %d records", len(results), len(w.Records))
	}
	return results
}

// put changes or creates records as a user of the tenant does.
func (x *tenant) put(object string, records ...map[string]any) []map[string]any {
	x.Helper()
	// As over HTTP, so that numbers look like they do there.
	data, _ := json.Marshal(records)
	var list []map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&list); err != nil {
		x.Fatal(err)
	}
	out, err := x.system.Put(object, list)
	if err != nil {
		x.Fatal(err)
	}
	return out
}

// stored gives a record as the tenant shows it.
func (x *tenant) stored(object, id string) map[string]any {
	x.Helper()
	records, err := x.system.Records(object)
	if err != nil {
		x.Fatal(err)
	}
	for r := range records {
		if r["Gsid"] == id {
			return r
		}
	}
	return nil
}

func (x *tenant) fault(f string) {
	x.Helper()
	res, err := http.Post(x.url+"/_sandbox/faults", "application/json", bytes.NewReader([]byte(f)))
	if err != nil {
		x.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		x.Fatalf("fault: %d", res.StatusCode)
	}
}

func layout(names ...string) *value.Layout { return value.NewLayout(names...) }

func fields(kv ...any) []connectors.Field {
	var out []connectors.Field
	for i := 0; i < len(kv); i += 2 {
		var v value.Value
		switch x := kv[i+1].(type) {
		case nil:
		case string:
			v = value.Text(x)
		case int:
			v = value.Int(int64(x))
		case float64:
			v = value.Float(x)
		case bool:
			v = value.Bool(x)
		case value.Value:
			v = x
		default:
			panic(fmt.Sprint(x))
		}
		out = append(out, connectors.Field{Name: kv[i].(string), Value: v})
	}
	return out
}
