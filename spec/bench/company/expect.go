package company

import (
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"strconv"
	"strings"
)

// Sum is the checksum of a set of records that does not depend on their order: the sum, modulo 2^64, of FNV-1a over
// each record's fields in order, each followed by a unit separator. A null is a zero byte, a number its shortest
// decimal, a boolean true or false.
type Sum struct {
	Rows int
	Hash uint64
}

func (s Sum) String() string { return fmt.Sprintf("%d %016x", s.Rows, s.Hash) }

// Add adds a record: nil, string, bool or float64.
func (s *Sum) Add(fields []any) {
	h := fnv.New64a()
	for _, f := range fields {
		switch f := f.(type) {
		case nil:
			h.Write([]byte{0})
		case string:
			io.WriteString(h, f)
		case bool:
			io.WriteString(h, strconv.FormatBool(f))
		case float64:
			io.WriteString(h, strconv.FormatFloat(f, 'f', -1, 64))
		default:
			panic(fmt.Sprintf("a %T in a record", f))
		}
		h.Write([]byte{0x1f})
	}
	s.Rows++
	s.Hash += h.Sum64()
}

// Expected are the right answers for one number of rows.
type Expected struct {
	Rows    [2]Sum // of each snapshot, all fields
	W1      [2]Sum
	W2      Sum
	Changed int // rows that W3 has to write
}

// Expect computes the right answers from the definition of the data, by plain code that shares nothing with the
// systems that are measured.
func Expect(rows int, seed uint64) Expected {
	var e Expected
	for i := range rows {
		old, now := Make(seed, i, Previous), Make(seed, i, Current)
		for at, c := range []*Company{&old, &now} {
			e.Rows[at].Add(c.fields())
			if mapped, kept := c.w1(); kept {
				e.W1[at].Add(mapped)
			}
		}
		if !old.Score.Empty && !now.Score.Empty && old.Score.N >= 60_000 && now.Score.N < 60_000 {
			e.W2.Add([]any{now.GSID, now.Name, old.score(), now.score()})
		}
		e.Changed += boolInt(old.Changed)
	}
	return e
}

func (c *Company) score() any { return c.Score.over(1000) }

func (m Maybe) over(unit float64) any {
	if m.Empty {
		return nil
	}
	return float64(m.N) / unit
}

func (c *Company) fields() []any {
	return []any{c.GSID, c.Name, c.AccountID, c.score(), string(c.Risk), float64(c.ARR) / 10_000, day(c.Renewal), c.Email,
		c.DAU.over(1), c.WAU.over(1), c.NPS.over(1), Stages[c.Stage], instant(c.Updated), c.Tags}
}

var stageLabels = [...]string{"Onboarding & Setup", "Adoption & Enablement", "Growth & Expansion", "Renewal Window", "At Risk Watch", "Churned Account"}

// W1Fields are the fields that W1 maps to.
var W1Fields = []string{"account_id", "score", "tier", "engagement", "days_to_renewal", "stage_label", "subject", "csm_domain", "at_risk",
	"primary_tag", "nps_bucket", "arr"}

// W2Fields are the fields of W2's output.
var W2Fields = []string{"gsid", "name", "old_score", "new_score"}

// w1 is the filter and the twelve fields of W1.
func (c *Company) w1() (mapped []any, kept bool) {
	arr := float64(c.ARR) / 10_000
	if c.Stage < 1 || c.Stage > 3 || arr <= 10_000 {
		return nil, false
	}
	_, domain, _ := strings.Cut(c.Email, "@")
	return []any{c.AccountID, c.roundedScore(), c.tier(), c.engagement(), float64(c.Renewal - Today), strings.ToUpper(stageLabels[c.Stage]),
		"Health review: " + c.Name + " (" + c.outOfHundred() + ")", strings.ToLower(domain),
		c.Risk == 'R' || !c.Score.Empty && c.Score.N < 60_000, c.firstTag(), c.npsBucket(), round(arr, 2)}, true
}

func round(x float64, digits int) float64 {
	unit := math.Pow10(digits)
	return math.Round(x*unit) / unit
}

func (c *Company) roundedScore() any {
	if c.Score.Empty {
		return nil
	}
	return round(float64(c.Score.N)/1000, 1)
}

func (c *Company) outOfHundred() string {
	if c.Score.Empty {
		return "no score"
	}
	return strconv.FormatFloat(math.Round(float64(c.Score.N)/1000), 'f', 0, 64) + "/100"
}

func (c *Company) tier() string {
	level := map[byte]int64{'R': 0, 'Y': 50_000, 'G': 75_000}[c.Risk]
	if !c.Score.Empty {
		level = c.Score.N
	}
	switch {
	case level < 50_000:
		return "Red"
	case level < 75_000:
		return "Yellow"
	}
	return "Green"
}

func (c *Company) engagement() any {
	if c.DAU.Empty || c.WAU.Empty || c.WAU.N == 0 {
		return nil
	}
	return round(float64(c.DAU.N)/float64(c.WAU.N), 4)
}

func (c *Company) firstTag() any {
	if c.Tags == "" {
		return nil
	}
	first, _, _ := strings.Cut(c.Tags, ";")
	return first
}

func (c *Company) npsBucket() string {
	switch {
	case c.NPS.Empty:
		return "unknown"
	case c.NPS.N >= 9:
		return "promoter"
	case c.NPS.N >= 7:
		return "passive"
	}
	return "detractor"
}
