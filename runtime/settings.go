package runtime

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/value"
)

// Environment looks up an environment variable; os.LookupEnv outside tests.
type Environment func(name string) (string, bool)

// MissingSettings says which environment variables a connection needs and lacks.
type MissingSettings struct {
	Connection string
	Names      []string // of environment variables
	Secrets    []string // those of Names that are secrets
}

func (m *MissingSettings) Error() string {
	noun := "variable"
	if len(m.Names) > 1 {
		noun = "variables"
	}
	s := fmt.Sprintf("connection %s needs the environment %s %s", m.Connection, noun, listed(m.Names))
	if len(m.Secrets) > 0 {
		s += fmt.Sprintf("; a secret may also be in a file that %s_FILE names", m.Secrets[0])
	}
	return s
}

// listed is "A", "A and B", "A, B and C".
func listed(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// configure reads the environment for a connection of a system. All that is missing is reported at once.
func configure(c *plan.Connection, system schema.System, env Environment) (connectors.Config, error) {
	missing := &MissingSettings{Connection: c.Name}
	config := connectors.Config{
		Name: c.Name, CallsPerDay: c.Limits.CallsPerDay, CallsPerMinute: c.Limits.CallsPerMinute, Concurrent: c.Limits.Concurrent,
	}
	r := &resolver{env: env, missing: missing}
	var err error
	if config.Settings, err = r.settings(c.Settings, system.Settings); err != nil {
		return config, fmt.Errorf("connection %s: %w", c.Name, err)
	}
	for _, o := range c.Objects {
		settings, err := r.settings(o.Settings, system.Objects)
		if err != nil {
			return config, fmt.Errorf("connection %s, object %s: %w", c.Name, o.Name, err)
		}
		object := connectors.Object{Name: o.Name, Settings: settings}
		for _, col := range o.Columns {
			object.Columns = append(object.Columns, connectors.Column(col))
		}
		config.Objects = append(config.Objects, object)
	}
	if len(missing.Names) > 0 {
		slices.Sort(missing.Names)
		missing.Names = slices.Compact(missing.Names)
		return config, missing
	}
	config.Secrets = r.secrets
	return config, nil
}

// resolver reads settings from the environment. All that is missing is gathered, and what must not be seen.
type resolver struct {
	env     Environment
	missing *MissingSettings
	secrets []string
}

// settings resolves the settings of a connection or object; entries of a map become settings named NAME.KEY.
func (r *resolver) settings(settings map[string]plan.Setting, known []schema.Setting) (connectors.Settings, error) {
	out := connectors.Settings{}
	for name, s := range settings {
		var err error
		switch {
		case s.Map != nil:
			for key, entry := range s.Map {
				if out[name+"."+key], err = r.setting(name+"."+key, entry, nil); err != nil {
					return nil, err
				}
			}
		case s.List != nil:
			items := make([]value.Value, len(s.List))
			for i, item := range s.List {
				if items[i], err = r.setting(name, item, nil); err != nil {
					return nil, err
				}
			}
			out[name] = value.List(items)
		default:
			if out[name], err = r.setting(name, s, known); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// setting resolves one value: null when its variable is missing.
func (r *resolver) setting(name string, s plan.Setting, known []schema.Setting) (value.Value, error) {
	if s.Env == "" {
		return s.Value, nil
	}
	text, found, err := lookup(s, r.env)
	if err != nil {
		return value.Null, fmt.Errorf("%s: %w", name, err)
	}
	if !found {
		r.missing.Names = append(r.missing.Names, s.Env)
		if s.Secret {
			r.missing.Secrets = append(r.missing.Secrets, s.Env)
		}
		return value.Null, nil
	}
	if s.Secret {
		r.secrets = append(r.secrets, text)
	}
	v, err := typed(text, name, known)
	if err != nil {
		return value.Null, fmt.Errorf("%s, from the environment variable %s: %w", name, s.Env, err)
	}
	return v, nil
}

// typed reads the text of an environment variable as the kind that the setting has. It never repeats the text: it may be a secret.
func typed(text, name string, known []schema.Setting) (value.Value, error) {
	i := slices.IndexFunc(known, func(s schema.Setting) bool { return s.Name == name })
	if i < 0 {
		return value.Text(text), nil
	}
	switch known[i].Kind {
	case schema.SettingNumber:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return value.Int(n), nil
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return value.Null, errors.New("its value is not a number")
		}
		return value.Float(f), nil
	case schema.SettingBool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return value.Null, errors.New("its value is not true or false")
		}
		return value.Bool(b), nil
	case schema.SettingList:
		var items []value.Value
		for item := range strings.SplitSeq(text, ",") {
			items = append(items, value.Text(strings.TrimSpace(item)))
		}
		return value.List(items), nil
	}
	return value.Text(text), nil
}

// lookup reads a setting from the environment; an empty variable is as good as none.
// A secret may stand in a file instead, as container platforms mount them.
func lookup(s plan.Setting, env Environment) (string, bool, error) {
	if text, ok := env(s.Env); ok && text != "" {
		return text, true, nil
	}
	if !s.Secret {
		return "", false, nil
	}
	path, ok := env(s.Env + "_FILE")
	if !ok || path == "" {
		return "", false, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", false, fmt.Errorf("the file that %s_FILE names cannot be read: %w", s.Env, err)
	}
	return strings.TrimRight(string(b), "\r\n"), true, nil
}
