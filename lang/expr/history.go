package expr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"

	"github.com/syncline/syncline/lang/schema"
	"github.com/syncline/syncline/lang/span"
	"github.com/syncline/syncline/lang/value"
)

// Track is a value whose samples expressions read: history.NAME.avg(days(90)).
type Track struct {
	Name string
	// Type is that of the samples.
	Type Type
	// Days is how long samples are kept.
	Days  int
	Range span.Range
}

// Each is the entry of for_each that a rule or action is made of.
type Each struct {
	Key   string
	Value value.Value
}

// historyRoot is the name of the root whose fields are aggregates over samples.
const historyRoot = "history"

// aggregates of samples, in the order of plan.Aggregate.
var aggregates = []string{"avg", "min", "max", "sum", "count", "last"}

// HistoryPath is the path under which an aggregate is read from the record of history; days 0: all that is kept.
func HistoryPath(track, aggregate string, days int) string {
	return track + "." + aggregate + "(" + strconv.Itoa(days) + ")"
}

// ParseHistory is the inverse of HistoryPath; aggregate is the index in avg, min, max, sum, count, last.
func ParseHistory(path string) (track string, aggregate, days int, ok bool) {
	track, rest, ok := strings.Cut(path, ".")
	name, window, ok2 := strings.Cut(strings.TrimSuffix(rest, ")"), "(")
	days, err := strconv.Atoi(window)
	aggregate = slices.Index(aggregates, name)
	return track, aggregate, days, ok && ok2 && err == nil && aggregate >= 0
}

// isHistory tells whether an expression begins with history, as no variable of a loop.
func (c *checker) isHistory(e ast.Expr) ([]step, bool) {
	if e.Kind() != ast.SelectKind && e.Kind() != ast.IdentKind && e.Kind() != ast.CallKind {
		return nil, false
	}
	steps, ok := c.chain(e)
	if !ok || steps[0].name != historyRoot {
		return nil, false
	}
	if _, local := c.localNamed(historyRoot); local || c.env.bare != nil {
		return nil, false
	}
	return steps, true
}

// historyCall checks history.NAME.avg(days(90)).
func (c *checker) historyCall(e ast.Expr, steps []step, name string, args []ast.Expr) *Node {
	root, has := c.env.roots[historyRoot]
	switch {
	case !has:
		c.report(errNoHistory(c.whole(e), c.scope))
		return c.wrong()
	case len(steps) != 2:
		c.report(errHistoryForm(c.whole(e)))
		return c.wrong()
	}
	i := slices.IndexFunc(c.scope.Tracks, func(t Track) bool { return t.Name == steps[1].name })
	if i < 0 {
		c.report(errUnknownTrack(steps[1], c.scope.Tracks))
		return c.wrong()
	}
	t := &c.scope.Tracks[i]
	if !slices.Contains(aggregates, name) {
		c.report(errUnknownAggregate(c.functionPlace(e, name), name))
		return c.wrong()
	}
	days, ok := c.window(e, t, args)
	if !ok {
		return c.wrong()
	}
	typ, ok := aggregateType(name, t.Type)
	if !ok {
		c.report(errAggregateType(c.whole(e), name, t))
		return c.wrong()
	}
	path := HistoryPath(t.Name, name, days)
	c.reads = append(c.reads, Read{Root: root, Path: path, Range: c.whole(e)})
	return &Node{Op: OpField, Root: root, Path: path, Type: typ}
}

// window is the number of days that an aggregate looks back; none: all that is kept.
func (c *checker) window(e ast.Expr, t *Track, args []ast.Expr) (int, bool) {
	if len(args) == 0 {
		return 0, true
	}
	n := c.value(args[0])
	if reported(n) {
		return 0, false
	}
	if len(args) > 1 || !n.IsConst() || n.Value.Kind() != value.KindDays || n.Value.AsDays() <= 0 {
		c.report(errWindow(c.whole(args[0])))
		return 0, false
	}
	days := int(n.Value.AsDays())
	if t.Days > 0 && days > t.Days {
		c.report(errWindowLong(c.whole(args[0]), t, days))
		return 0, false
	}
	return days, true
}

// aggregateType is the type of an aggregate, false when the samples have none such.
func aggregateType(name string, sample Type) (Type, bool) {
	if name == "count" {
		t := kindType(value.KindInt)
		t.Scale = 0
		return t, true
	}
	t := sample
	t.Nullable, t.Const, t.Copy = true, nil, nil
	if sample.Dynamic || sample.Kind == value.KindNull {
		return dynamicType(), true
	}
	switch name {
	case "last":
		t.Unknown = t.Kind == value.KindBool
		return t, true
	case "avg":
		t = kindType(value.KindFloat)
		t.Nullable = true
		return t, sample.IsNumber()
	case "sum":
		return t, sample.IsNumber()
	}
	return t, sample.IsNumber() || sample.Kind == value.KindDate || sample.Kind == value.KindTime || sample.Kind == value.KindText
}

// eachName checks each.key and each.value, which are constants.
func (c *checker) eachName(steps []step, all span.Range) *Node {
	if c.scope.Each == nil {
		c.report(errNoEach(all))
		return c.wrong()
	}
	if len(steps) == 2 && steps[1].name == "key" {
		return constant(value.Text(c.scope.Each.Key))
	}
	if len(steps) == 2 && steps[1].name == "value" {
		return constant(c.scope.Each.Value)
	}
	c.report(errEachForm(all))
	return c.wrong()
}

// FieldType is the type of a value read from a field, for those who make scopes.
func FieldType(f *schema.Field) Type {
	if f == nil {
		return dynamicType()
	}
	return fieldType(f, true)
}

// DynamicType is the type of what is known only at run time.
func DynamicType() Type { return dynamicType() }

func trackNames(tracks []Track) []string {
	out := make([]string, len(tracks))
	for i := range tracks {
		out[i] = tracks[i].Name
	}
	return out
}

func daysText(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
