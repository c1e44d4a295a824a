// Package schedule decides when rules run: by cron, after other rules, on events and by hand; one run of a rule at a
// time, not in pause windows, and no more at once than there are workers.
//
// A rule is any unit with an id, schedules and a Run function, so that syncs and triggers are scheduled alike. The
// decisions are made by core, a state machine without clock, goroutines or storage, which tests drive through
// any history; Scheduler lets it run on real time and stores which ticks are done.
//
// The one idea: a tick is an instant of a schedule, and it is done when a run for it has ended and that is stored.
// Until then it is owed, over restarts and reloads.
package schedule
