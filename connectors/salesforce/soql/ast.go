package soql

import "github.com/alecthomas/participle/v2/lexer"

// Position is a place in the text; Line and Column count from 1, Column in characters.
type Position = lexer.Position

// Query is a statement, or a query inside one.
type Query struct {
	Pos     Position
	Select  []*Item      `parser:"'SELECT' @@ (',' @@)*"`
	From    *From        `parser:"'FROM' @@"`
	Scope   string       `parser:"('USING' 'SCOPE' @Name)?"`
	Where   *Condition   `parser:"('WHERE' @@)?"`
	With    string       `parser:"('WITH' @('SECURITY_ENFORCED' | 'USER_MODE' | 'SYSTEM_MODE'))?"`
	GroupBy []*GroupItem `parser:"('GROUP' 'BY' @@ (',' @@)*)?"`
	Having  *Condition   `parser:"('HAVING' @@)?"`
	OrderBy []*Order     `parser:"('ORDER' 'BY' @@ (',' @@)*)?"`
	Limit   *Count       `parser:"('LIMIT' @@)?"`
	Offset  *Count       `parser:"('OFFSET' @@)?"`
	For     []string     `parser:"('FOR' @('VIEW' | 'REFERENCE' | 'UPDATE') (',' @('VIEW' | 'REFERENCE' | 'UPDATE'))*)?"`
}

// Item is one thing that is selected: Sub, Typeof, Call or Field.
type Item struct {
	Pos    Position
	Sub    *Query  `parser:"( '(' @@ ')'"`
	Typeof *Typeof `parser:"| @@"`
	Call   *Call   `parser:"| ( @@"`
	Field  string  `parser:"| (?! 'FROM') @Name )"`
	Alias  string  `parser:"( (?! 'FROM') @Name )? )"`
}

// From is the object, or in a query inside another the relationship, that is read.
type From struct {
	Pos   Position
	Name  string `parser:"@Name"`
	Alias string `parser:"( 'AS'? (?! 'USING' | 'WHERE' | 'WITH' | 'GROUP' | 'HAVING' | 'ORDER' | 'LIMIT' | 'OFFSET' | 'FOR' | 'AS') @Name )?"`
}

// Call is a function of a field, such as COUNT(Id), toLabel(Status) or FIELDS(ALL).
type Call struct {
	Pos  Position
	Name string `parser:"@Name '('"`
	Arg  *Arg   `parser:"@@? ')'"`
}

// Arg is the argument of a call: a field, or another call.
type Arg struct {
	Pos   Position
	Call  *Call  `parser:"  @@"`
	Field string `parser:"| @Name"`
}

// Typeof selects fields by the type of a reference's target.
type Typeof struct {
	Pos   Position
	Field string  `parser:"'TYPEOF' @Name"`
	When  []*When `parser:"@@+"`
	Else  *Fields `parser:"('ELSE' @@)? 'END'"`
}

// When is one branch of a Typeof.
type When struct {
	Pos    Position
	Type   string  `parser:"'WHEN' @Name 'THEN'"`
	Fields *Fields `parser:"@@"`
}

// Fields is a list of field names.
type Fields struct {
	Names []string `parser:"(?! 'END' | 'ELSE' | 'WHEN') @Name (',' @Name)*"`
}

// GroupItem is one field, or function of a field, that records are grouped by.
type GroupItem struct {
	Pos   Position
	Call  *Call  `parser:"  @@"`
	Field string `parser:"| @Name"`
}

// Order is one field that records are ordered by. Without Nulls, nulls come first.
type Order struct {
	Pos   Position
	Call  *Call  `parser:"( @@"`
	Field string `parser:"| @Name )"`
	Dir   string `parser:"@('ASC' | 'DESC')?"`
	Nulls string `parser:"('NULLS' @('FIRST' | 'LAST'))?"`
}

// Descending tells whether the order is downwards.
func (o *Order) Descending() bool { return fold(o.Dir, "DESC") }

// NullsLast tells whether nulls come after all else.
func (o *Order) NullsLast() bool { return fold(o.Nulls, "LAST") }

// Count is a LIMIT or OFFSET.
type Count struct {
	Pos  Position
	Text string `parser:"@Number"`
	N    int
}

// Condition is a term, or several joined by AND, or several joined by OR: never both.
type Condition struct {
	Pos   Position
	First *Term     `parser:"@@"`
	Rest  []*Joined `parser:"@@*"`
}

// IsOr tells whether the terms are joined by OR.
func (c *Condition) IsOr() bool { return len(c.Rest) > 0 && fold(c.Rest[0].Op, "OR") }

// Terms are the terms that are joined.
func (c *Condition) Terms() []*Term {
	out := make([]*Term, 0, 1+len(c.Rest))
	out = append(out, c.First)
	for _, j := range c.Rest {
		out = append(out, j.Term)
	}
	return out
}

// Joined is a further term of a condition.
type Joined struct {
	Pos  Position
	Op   string `parser:"@('AND' | 'OR')"`
	Term *Term  `parser:"@@"`
}

// Term is Not, Group or Compare.
type Term struct {
	Pos     Position
	Not     *Term       `parser:"  'NOT' @@"`
	Group   *Condition  `parser:"| '(' @@ ')'"`
	Compare *Comparison `parser:"| @@"`
}

// Comparison compares a field, or a function of one, with something: Value, or with IN, NOT IN, INCLUDES and EXCLUDES
// a List or (not the latter two) a Sub.
type Comparison struct {
	Pos   Position
	Call  *Call  `parser:"( @@"`
	Field string `parser:"| @Name )"`
	Tail  *Tail  `parser:"@@"`
}

// Tail is the operator of a comparison and what stands to its right.
type Tail struct {
	Pos   Position
	Set   *Set   `parser:"  @@"`
	Op    string `parser:"| @(Operator | 'LIKE')"`
	Value *Value `parser:"  @@"`
}

// Set is membership in a list, or in the result of a query.
type Set struct {
	Pos  Position
	Not  bool     `parser:"@'NOT'?"`
	Op   string   `parser:"@('IN' | 'INCLUDES' | 'EXCLUDES') '('"`
	Sub  *Query   `parser:"( @@"`
	List []*Value `parser:"| @@ (',' @@)* ) ')'"`
}

// Value is a literal. Exactly one of the fields is set by the grammar.
type Value struct {
	Pos    Position
	Raw    string `parser:"  @String"`
	Time   string `parser:"| @DateTime"`
	Date   string `parser:"| @Date"`
	Number string `parser:"| @Number"`
	Word   string `parser:"| @Name"` // TRUE, FALSE, NULL or a date literal
	N      string `parser:"  (':' @Number)?"`

	// Kind and Text are set after parsing: Text is the string without quotes and escapes, or the number, date
	// or upper-case word as written.
	Kind ValueKind
	Text string
	// Pattern is Text of a string with the wildcards of LIKE still told from escaped ones: \% and \_.
	Pattern string
	// Days is the number of a date literal, as 30 in LAST_N_DAYS:30.
	Days int
}

// ValueKind is what a Value is.
type ValueKind uint8

// The kinds of values.
const (
	NullValue ValueKind = iota
	BoolValue
	StringValue
	NumberValue
	DateValue
	TimeValue
	DateLiteral
)
