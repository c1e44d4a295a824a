package schema

// The two verbs that an action through a sending system is written with.
const (
	VerbSend = "send" // a message to people
	VerbCall = "call" // a request to a program
)

// Sending is what a send or call through a system takes and gives, as the checker must know it.
type Sending struct {
	// Verb is VerbSend or VerbCall: the action that the system can be the `via` of.
	Verb string
	// Arguments are the attributes of the action, beside `via` and `if`.
	Arguments []Argument
	// Exclusive are groups of arguments of which an action writes one at most.
	Exclusive [][]string
	// Results are what later actions can refer to as ACTION.NAME; "Id" is the message's own id.
	Results []*Field
	// OpenResults: further results depend on what the system answers; they are of kind Any.
	OpenResults bool
}

// Argument finds an argument by name, nil when the action takes none such.
func (s *Sending) Argument(name string) *Argument {
	for i := range s.Arguments {
		if s.Arguments[i].Name == name {
			return &s.Arguments[i]
		}
	}
	return nil
}

// Result finds a result by name, nil when there is none such. Of open results every name is one.
func (s *Sending) Result(name string) *Field {
	for _, f := range s.Results {
		if f.Name == name {
			return f
		}
	}
	if s.OpenResults {
		return &Field{Name: name, Kind: Any, Nullable: true}
	}
	return nil
}

// ArgumentForm is how many values an argument holds.
type ArgumentForm uint8

const (
	OneValue ArgumentForm = iota
	// SomeValues: one value, or a list of them.
	SomeValues
	// NamedValues: an object whose values are expressions. A nested object is flattened: its names are joined by dots.
	NamedValues
)

func (f ArgumentForm) String() string { return [...]string{"value", "values", "named values"}[f] }

// Argument is one attribute of a send or call. Its values are expressions, unless it is Plain.
type Argument struct {
	Name string
	// Kind is that of each value: Text takes every value in its text form.
	Kind Kind
	Form ArgumentForm
	// Required: the action must write it, and an empty value fails the message.
	Required bool
	// Plain: a constant, written as a quoted text, no expression.
	Plain bool
	// OneOf are the values allowed; nil: any.
	OneOf []string
	// Length is the most characters of a text; 0: no limit known.
	Length int
	Doc    string
}
