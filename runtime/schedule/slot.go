package schedule

import (
	"hash/fnv"
	"time"
)

// slot is one thing that can start a rule: a schedule, the rules it runs after, events, a person.
type slot struct {
	cause Cause
	sched Schedule // ByTick

	// Of schedules: done is the last instant whose run has ended, seen how far ticks were taken up, next the first tick
	// after seen. Ticks up to gap passed while the rule could not run.
	done, seen, next, gap time.Time

	// owed is the instant that a run is to be made for, since when; zero: none.
	owed, since time.Time
	full        bool
	resumed     bool
	events      int

	// retry is when an owed run may be tried again, after so many tries.
	retry time.Time
	tries int
	why   string

	// slice is how long a run of this slot may go on before it yields.
	slice time.Duration
}

// firstSlice is the least time between two yields of a run. It doubles with each, so that a run gets somewhere
// however slow its source is.
const firstSlice = 30 * time.Second

func (s *slot) owe(at, now time.Time) {
	if s.owed.IsZero() {
		s.since = now
	}
	if at.After(s.owed) {
		s.owed = at
	}
}

// stand puts a schedule at an instant: ticks after it are to come.
func (s *slot) stand(at time.Time) {
	s.seen = at
	s.next = s.sched.Cron.Next(at)
}

// take takes up ticks that are due. It reports whether ticks were skipped for good, which has to be stored.
func (s *slot) take(now time.Time, missed Missed, running bool) (skipped bool) {
	for !s.next.IsZero() && !s.next.After(now) {
		inGap := !s.next.After(s.gap)
		switch {
		case inGap && missed == Skip:
			t := latest(s.sched.Cron, s.seen, earlier(s.gap, now))
			s.done, skipped = t, true
			s.stand(t)
		case inGap && missed == All:
			if !s.owed.IsZero() || running {
				return skipped // one after the other
			}
			s.owe(s.next, now)
			s.stand(s.next)
			return skipped
		default:
			if missed == All && !s.owed.IsZero() && !s.owed.After(s.gap) {
				return skipped // what was missed comes first
			}
			t := latest(s.sched.Cron, s.seen, now)
			s.owe(t, now)
			s.stand(t)
		}
	}
	return skipped
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// ready is when an owed run may begin as far as the slot knows.
func (s *slot) ready(jitter time.Duration) time.Time {
	at := s.since
	if s.cause == ByTick {
		at = at.Add(jitter)
	}
	if s.retry.After(at) {
		return s.retry
	}
	return at
}

// spread gives a schedule its share of the jitter: always the same, so that it moves the run and not the interval,
// and never more than a tenth of the interval.
func (s *slot) spread(rule string, jitter time.Duration) time.Duration {
	if jitter <= 0 || s.cause != ByTick || s.next.IsZero() {
		return 0
	}
	most := min(jitter, s.sched.Cron.Next(s.next).Sub(s.next)/10)
	if most <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(rule))
	h.Write([]byte{0})
	h.Write([]byte(s.sched.Name))
	return time.Duration(h.Sum64() % uint64(most))
}

// backoff is the wait before another try: half a minute, doubled up to ten.
func backoff(tries int) time.Duration {
	d := 30 * time.Second
	for i := 1; i < tries && d < 10*time.Minute; i++ {
		d *= 2
	}
	return min(d, 10*time.Minute)
}
