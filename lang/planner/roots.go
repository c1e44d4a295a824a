package planner

import (
	"github.com/syncline/syncline/lang/check"
	"github.com/syncline/syncline/lang/plan"
)

// Expressions are compiled with the checker's numbers of records and run on the plan's: this does not compile when
// they differ.
var (
	_ = [1]int{}[(check.RootSource-plan.RootSource)|(check.RootTarget-plan.RootTarget)|(check.RootFinds-plan.RootFinds)]
	_ = [1]int{}[(check.RootNew-plan.RootNew)|(check.RootOld-plan.RootOld)|(check.RootHistory-plan.RootHistory)|
		(check.RootTriggerFinds-plan.RootTriggerFinds)]
)
