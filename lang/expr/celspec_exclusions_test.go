package expr

import (
	"regexp"
	"strings"
	"testing"
)

// exclusion is a group of the specification's tests that do not hold here: all whose name begins so, or whose
// expression matches, and that fail.
type exclusion struct {
	names  []string
	text   string
	reason string
}

// specExclusions is what our environment does not offer, or decides otherwise; the rules are those of spec/language.md.
var specExclusions = []exclusion{
	{names: []string{"proto2/", "proto3/", "proto2_ext/", "enums/", "dynamic/", "wrappers/", "type_deductions/wrappers/", "type_deductions/field_access/",
		"type_deductions/legacy_nullable_types/", "type_deductions/flexible_type_parameter_assignment/", "parse/struct_field_names/"},
		text:   `TestAllTypes|TestMessage|google\s*\.|NestedEnum|GlobalEnum|^msg\.|[({ ]msg\.|expr *// @`,
		reason: "records come from the systems' schemas, not from protocol buffers"},
	{names: []string{"optionals/"}, text: `optional\.`,
		reason: "no optionals: they would be a second kind of empty"},
	{names: []string{"block_ext/"},
		reason: "cel.block is made by optimizers, nobody writes it"},
	{text: `(^|[^a-zA-Z])([bB][rR]?|[rR][bB])['"]|bytes\(|base64\.decode`,
		reason: "fields hold no bytes; the tests' values cannot be told from text"},
	{text: `[0-9a-fA-F]u\b|uint\(|bound_uint|^x$`, names: []string{"basic/self_eval_nonzeroish/self_eval_uint", "basic/self_eval_zeroish/self_eval_uint"},
		reason: "numbers are whole or real; none is unsigned"},
	{text: `/ ?0\.0|e\+307|double\("(NaN|-?Infinity)"\)`,
		reason: "division by zero, NaN and infinities reject the record; they are never values"},
	{names: []string{"comparisons/lt_literal/", "comparisons/gt_literal/", "comparisons/lte_literal/", "comparisons/gte_literal/", "comparisons/bound/null_"},
		reason: "an ordering over an empty value is unknown, not an error"},
	{names: []string{"comparisons/in_list_literal/", "lists/in/"},
		reason: "a comparison of constants whose answer is known is reported, as one with a picklist that lacks the value is"},
	{names: []string{"logic/AND/short_circuit_type", "logic/OR/short_circuit_type", "logic/conditional/mixed_type",
		"comparisons/eq_literal/not_eq_list_length"},
		reason: "expressions are typed before they run: a condition is a boolean, and both branches have one type"},
	{names: []string{"integer_math/int64_math/int64_min_negate_div"},
		reason: "/ is always real division"},
	{text: `^math\.\w+\(dyn\(1\)\)$`,
		reason: "numbers mix: a whole number is a number to every function"},
	{names: []string{"string_ext/value_errors/indexof_out_of_range", "string_ext/value_errors/lastindexof_out_of_range"},
		reason: "a search that begins behind the end of a text finds nothing"},
	{names: []string{"fields/", "namespace/"},
		reason: "names come from the project, not from containers; maps are no values of records"},
	{names: []string{"conversions/type/", "type_deductions/functions/"},
		reason: "no types as values, no functions of the test's own"},
	{names: []string{"timestamps/timestamp_conversions/toString_timestamp_nanos", "timestamps/timestamp_arithmetic/", "timestamps/timestamp_range/"},
		reason: "datetimes have microseconds, which is the most that the systems have, and the span of all of them fits"},
	{names: []string{"timestamps/duration_conversions/toString_duration", "timestamps/duration_converters/"},
		reason: "a span prints with its largest units"},
}

// exclusions matches tests with the table and notes what of it is needed.
type exclusions struct {
	t      *testing.T
	texts  []*regexp.Regexp
	needed []int
	names  [][]int
}

func newExclusions(t *testing.T) *exclusions {
	e := &exclusions{t: t, needed: make([]int, len(specExclusions)), names: make([][]int, len(specExclusions))}
	for i, x := range specExclusions {
		e.names[i] = make([]int, len(x.names))
		if x.text == "" {
			e.texts = append(e.texts, nil)
			continue
		}
		e.texts = append(e.texts, regexp.MustCompile(x.text))
	}
	return e
}

// reason gives why a test need not pass, "" when it must.
func (e *exclusions) reason(name, text string, failed bool) string {
	if !failed {
		return ""
	}
	for i, x := range specExclusions {
		hit := e.texts[i] != nil && e.texts[i].MatchString(text)
		for n, prefix := range x.names {
			if strings.HasPrefix(name, prefix) {
				hit = true
				e.names[i][n]++
			}
		}
		if hit {
			e.needed[i]++
			return x.reason
		}
	}
	return ""
}

// report refuses exclusions that exclude nothing.
func (e *exclusions) report() {
	for i, x := range specExclusions {
		e.t.Logf("%4d: %s", e.needed[i], x.reason)
		if e.needed[i] == 0 {
			e.t.Errorf("no test is excluded because %s", x.reason)
		}
		for n, name := range x.names {
			if e.names[i][n] == 0 {
				e.t.Errorf("%s passes, or stands elsewhere in the table: exclude it no more", name)
			}
		}
	}
}
