package expr

// Truth is a condition's value. Unknown is neither true nor false: an empty field was compared, or an empty flag read.
type Truth uint8

const (
	False Truth = iota
	True
	Unknown
)

func (t Truth) String() string { return [...]string{"false", "true", "unknown"}[t] }

// Truth evaluates a condition in three values, for those who must tell no from not known: the state of a trigger does
// not move where nothing is known.
func (p *Program) Truth(f *Frame) (Truth, error) {
	f.begin(p)
	t := p.test(f)
	if f.work.err != nil {
		return Unknown, f.work.err
	}
	if f.Cover != nil {
		f.Cover.note(p, t == yes)
	}
	return Truth(t), nil
}
