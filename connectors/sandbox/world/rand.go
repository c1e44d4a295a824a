package world

import "time"

// rng is a small, fast and stable source of random numbers: math/rand may change its streams, this may not.
type rng struct{ state uint64 }

func newRng(seed int64, stream, n uint64) *rng {
	return &rng{mix(uint64(seed)*0x9e3779b97f4a7c15+stream) ^ mix(n+stream*0xbf58476d1ce4e5b9+1)}
}

func (r *rng) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	return mix(r.state)
}

// n is a number from 0 to n-1.
func (r *rng) n(n int) int { return int(r.next() >> 33 % uint64(n)) }

// between is a number from lo to hi.
func (r *rng) between(lo, hi int) int { return lo + r.n(hi-lo+1) }

// chance is true in that many of 100 cases.
func (r *rng) chance(percent int) bool { return r.n(100) < percent }

// decimal is a number from lo to hi with that many digits after the point.
func (r *rng) decimal(lo, hi float64, digits int) float64 {
	scale := 1.0
	for range digits {
		scale *= 10
	}
	return float64(int64((lo+(hi-lo)*float64(r.next()>>11)/(1<<53))*scale)) / scale
}

func pick[T any](r *rng, list []T) T { return list[r.n(len(list))] }

// before is a moment up to so many days before t, on a whole second.
func (r *rng) before(t time.Time, days int) time.Time {
	return t.Add(-time.Duration(1+r.n(days*86400)) * time.Second)
}

// after is a moment between t and end, on a whole second; t when end is not after it.
func (r *rng) after(t, end time.Time) time.Time {
	span := int(end.Sub(t) / time.Second)
	if span <= 0 {
		return t
	}
	return t.Add(time.Duration(r.n(span)) * time.Second)
}
