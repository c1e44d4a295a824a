package runtime

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

var settingsSystem = schema.System{Settings: []schema.Setting{
	{Name: "port", Kind: schema.SettingNumber}, {Name: "tls", Kind: schema.SettingBool}, {Name: "hosts", Kind: schema.SettingList}, {Name: "token", Secret: true},
}}

func settingsOf(names ...string) *plan.Connection {
	c := &plan.Connection{Name: "c", Settings: map[string]plan.Setting{}}
	for _, n := range names {
		c.Settings[n] = plan.Setting{Env: strings.ToUpper(n), Secret: n == "token"}
	}
	return c
}

func environment(pairs map[string]string) Environment {
	return func(name string) (string, bool) { text, ok := pairs[name]; return text, ok }
}

func TestSettingsFromTheEnvironmentHaveTheirKind(t *testing.T) {
	config, err := configure(settingsOf("port", "tls", "hosts", "other"), settingsSystem,
		environment(map[string]string{"PORT": "25", "TLS": "true", "HOSTS": "a, b", "OTHER": "x"}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]value.Value{"port": value.Int(25), "tls": value.Bool(true),
		"hosts": value.List([]value.Value{value.Text("a"), value.Text("b")}), "other": value.Text("x")} {
		if got := config.Settings[name]; got.Kind() != want.Kind() || !value.Equal(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestASettingOfTheWrongKindIsNamedWithoutItsValue(t *testing.T) {
	_, err := configure(settingsOf("port"), settingsSystem, environment(map[string]string{"PORT": "hunter2"}))
	if err == nil || !strings.Contains(err.Error(), "PORT") || strings.Contains(err.Error(), "hunter2") {
		t.Fatal(err)
	}
}

func TestAllThatIsMissingIsNamedAtOnce(t *testing.T) {
	_, err := configure(settingsOf("port", "token"), settingsSystem, environment(map[string]string{"PORT": ""}))
	var missing *MissingSettings
	if !errors.As(err, &missing) || len(missing.Names) != 2 || !strings.Contains(err.Error(), "TOKEN_FILE") {
		t.Fatal(err)
	}
}

func TestASecretMayStandInAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := configure(settingsOf("token"), settingsSystem, environment(map[string]string{"TOKEN_FILE": file}))
	if err != nil || config.Settings.Text("token") != "s3cret" {
		t.Fatalf("%v %q", err, config.Settings.Text("token"))
	}
}

func TestTextsOfAMapOrListMayComeFromTheEnvironment(t *testing.T) {
	key, tag := plan.Setting{Env: "KEY", Secret: true}, plan.Setting{Env: "TAG"}
	c := &plan.Connection{Name: "c", Settings: map[string]plan.Setting{
		"headers": {Map: map[string]plan.Setting{"X-Key": key, "X-Team": {Value: value.Text("crm")}}},
		"tags":    {List: []plan.Setting{{Value: value.Text("a")}, tag}},
		"none":    {List: []plan.Setting{}},
	}}
	config, err := configure(c, settingsSystem, environment(map[string]string{"KEY": "s3cret", "TAG": "b,c"}))
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Settings.Map("headers"); len(got) != 2 || got["X-Key"] != "s3cret" || got["X-Team"] != "crm" {
		t.Errorf("headers %q", got)
	}
	if got := config.Settings["tags"].AsList(); len(got) != 2 || got[1].AsText() != "b,c" {
		t.Errorf("tags %v", got)
	}
	if got := config.Settings["none"]; got.Kind() != value.KindList || len(got.AsList()) != 0 {
		t.Errorf("none %v", got)
	}
	if len(config.Secrets) != 1 || config.Secrets[0] != "s3cret" {
		t.Errorf("what must not be seen: %q", config.Secrets)
	}
	before := planKey(c)
	c.Settings["headers"].Map["X-Key"] = plan.Setting{Env: "OTHER", Secret: true}
	if planKey(c) == before {
		t.Error("a connection that reads another variable passes for the same")
	}
	var missing *MissingSettings
	if _, err := configure(c, settingsSystem, environment(nil)); !errors.As(err, &missing) || len(missing.Names) != 2 || len(missing.Secrets) != 1 {
		t.Errorf("missing: %v", err)
	}
}
