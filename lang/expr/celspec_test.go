package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	celpb "cel.dev/expr"
	conformance "cel.dev/expr/conformance/test"
	"google.golang.org/protobuf/encoding/prototext"

	_ "cel.dev/expr/conformance/proto2"
	_ "cel.dev/expr/conformance/proto3"
)

// TestCELSpecification runs the simple conformance tests that the CEL specification publishes. Whatever of them our
// environment offers passes; what it does not offer, or decides otherwise, is listed in celspec_exclusions_test.go with
// the reason, and an exclusion that is needed no more is an error.
func TestCELSpecification(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "cel.dev/expr").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "tests", "simple", "testdata", "*.textproto"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the module cel.dev/expr has no tests: %v", err)
	}
	seen := newExclusions(t)
	passed, excluded := 0, 0
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file conformance.SimpleTestFile
		if err := prototext.Unmarshal(data, &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, section := range file.Section {
			for _, test := range section.Test {
				name := file.Name + "/" + section.Name + "/" + test.Name
				why := specTest(test)
				reason := seen.reason(name, test.Expr, why != nil)
				switch {
				case why == nil:
					passed++
				case reason != "":
					excluded++
				default:
					t.Errorf("%s: %s: %v", name, test.Expr, why)
				}
			}
		}
	}
	seen.report()
	t.Logf("%d pass, %d are excluded", passed, excluded)
	if passed < 1400 {
		t.Errorf("only %d tests pass", passed)
	}
}

// specTest says in what a test fails; nil: it passes.
func specTest(test *conformance.SimpleTest) error {
	vars := map[string]any{}
	for name, v := range test.Bindings {
		x, err := specValue(v.GetValue())
		if err != nil {
			return err
		}
		vars[name] = x
	}
	got, err := Evaluate(test.Expr, vars, EvalOptions{Now: testNow})
	var want *celpb.Value
	switch m := test.ResultMatcher.(type) {
	case *conformance.SimpleTest_EvalError, *conformance.SimpleTest_AnyEvalErrors:
		if err == nil {
			return fmt.Errorf("gives %v, not an error", got)
		}
		return nil
	case *conformance.SimpleTest_Value:
		want = m.Value
	case *conformance.SimpleTest_TypedResult:
		want = m.TypedResult.Result
	case nil:
		want = &celpb.Value{Kind: &celpb.Value_BoolValue{BoolValue: true}}
	default:
		return fmt.Errorf("the result is matched by %T", m)
	}
	if err != nil {
		return err
	}
	if want == nil {
		return nil // only the type is asked for
	}
	x, err := specValue(want)
	if err != nil {
		return err
	}
	if !sameJSON(got, x) {
		return fmt.Errorf("gives %v (%T), not %v (%T)", got, got, x, x)
	}
	return nil
}

// specValue gives a value of the specification in the form of Evaluate.
func specValue(v *celpb.Value) (any, error) {
	switch k := v.GetKind().(type) {
	case *celpb.Value_NullValue:
		return nil, nil
	case *celpb.Value_BoolValue:
		return k.BoolValue, nil
	case *celpb.Value_Int64Value:
		return k.Int64Value, nil
	case *celpb.Value_DoubleValue:
		return k.DoubleValue, nil
	case *celpb.Value_StringValue:
		return k.StringValue, nil
	case *celpb.Value_TypeValue:
		return k.TypeValue, nil
	case *celpb.Value_ListValue:
		out := []any{}
		for _, item := range k.ListValue.Values {
			x, err := specValue(item)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		return out, nil
	case *celpb.Value_MapValue:
		out := map[string]any{}
		for _, e := range k.MapValue.Entries {
			key, err := specValue(e.Key)
			if err != nil {
				return nil, err
			}
			if out[fmt.Sprint(key)], err = specValue(e.Value); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("a value that we do not have: %v", v)
}

// sameJSON compares as JSON does: a whole number is the same as int and as double.
func sameJSON(a, b any) bool {
	if f, ok := a.(float64); ok {
		if g, ok := b.(float64); ok && math.IsNaN(f) && math.IsNaN(g) {
			return true
		}
	}
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	if err != nil || err2 != nil {
		return reflect.DeepEqual(a, b)
	}
	var v, w any
	return json.Unmarshal(x, &v) == nil && json.Unmarshal(y, &w) == nil && reflect.DeepEqual(v, w)
}
