package check

// The records in sight of a rule's expressions, by their index in scopes and frames. Plans use the same numbers. The
// candidate record of a match or find, `it`, comes after the last find.
const (
	RootSource = 0
	RootTarget = 1
	RootFinds  = 2
)
