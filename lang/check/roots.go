package check

// The records in sight of a rule's expressions, by their index in scopes and frames. Plans use the same numbers. The
// candidate record of a match or find, `it`, comes after the last find.
const (
	RootSource = 0
	RootTarget = 1
	RootFinds  = 2
)

// The records in sight of a trigger's expressions. The results of actions follow the finds, `it` comes last.
const (
	RootNew          = 0
	RootOld          = 1
	RootHistory      = 2
	RootTriggerFinds = 3
)
