// Package company makes the data of the benchmark's workloads, their right answers, and the check of an output
// against them. Everything is a function of (seed, index): the same on every machine, at any number of rows.
//
// A snapshot is the state of all companies at one time: Previous, and Current, in which 3 % have changed and the
// order is another one, so that a join has to go by key.
package company

import "strings"

// Snapshot is one of the two states of the data.
type Snapshot int

const (
	Previous Snapshot = iota
	Current
)

// Company is one record. Numbers are fixed-point, so that the generator is exact: Score in thousandths, ARR in
// ten-thousandths. None lies on a tie of the workloads' roundings: every way to round halves agrees.
type Company struct {
	GSID      string
	Name      string
	AccountID string
	Score     Maybe // thousandths
	Risk      byte  // R, Y or G
	ARR       int64 // ten-thousandths
	Renewal   int64 // days since 1970-01-01
	Email     string
	DAU, WAU  Maybe
	NPS       Maybe
	Stage     int   // in Stages
	Updated   int64 // seconds since 1970
	Tags      string
	Changed   bool // between the snapshots
}

// Maybe is a whole number that can be missing.
type Maybe struct {
	N     int64
	Empty bool
}

// Stages are the stages of a company's life.
var Stages = [...]string{"onboarding", "adoption", "growth", "renewal", "at_risk", "churned"}

// Today is the day that the workloads count from: 2026-01-15, in days since 1970.
const Today = 20468

const (
	firstRenewal = 20088      // 2024-12-31
	lastYear     = 1748736000 // 2025-06-01T00:00:00Z
	changeDay    = 1768348800 // 2026-01-14T00:00:00Z
)

// stream is splitmix64.
type stream uint64

func (s *stream) next() uint64 {
	*s += 0x9E3779B97F4A7C15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (s *stream) below(n int64) int64         { return int64(s.next() % uint64(n)) }
func (s *stream) percent(p uint64) bool       { return s.next()%100 < p }
func (s *stream) oneOf(words []string) string { return words[s.next()%uint64(len(words))] }
func (s *stream) char(alphabet string) byte   { return alphabet[s.next()%uint64(len(alphabet))] }
func place(b []byte, n uint64, alphabet string) {
	for k := len(b) - 1; k >= 0; k-- {
		b[k] = alphabet[n%uint64(len(alphabet))]
		n /= uint64(len(alphabet))
	}
}

// Make makes one company of a snapshot. What is drawn, and in which order, is the definition of the data.
func Make(seed uint64, index int, at Snapshot) Company {
	s := stream(seed*0xD1342543DE82EF95 + uint64(index)*0xA0761D6478BD642F + 1)
	s.next()
	c := Company{GSID: gsid(index, &s), AccountID: accountID(index, &s)}
	c.Name = name(&s)
	c.Score.Empty = s.percent(5)
	c.Score.N = offTies(s.below(100_001))
	c.Risk = risk(s.below(100))
	magnitude := int64(10_000) << (8 + s.below(12))
	if c.ARR = magnitude + s.below(magnitude); c.ARR%100 == 50 {
		c.ARR++ // a tie at two digits
	}
	c.Renewal = firstRenewal + s.below(1000)
	c.Email = s.oneOf(given) + "." + s.oneOf(family) + "@" + s.oneOf(domains)
	usage(&c, &s)
	c.NPS.Empty = s.percent(30)
	c.NPS.N = s.below(11)
	c.Stage = int(s.below(int64(len(Stages))))
	c.Updated = lastYear + s.below(214*86400)
	c.Tags = tags(&s)
	c.Changed = s.below(10_000) < 300
	drop, when := 5000+s.below(35_001), changeDay+s.below(86400)
	if at == Current && c.Changed {
		c.Updated = when
		if !c.Score.Empty {
			c.Score.N = offTies(max(c.Score.N-drop, 0))
		}
	}
	return c
}

// offTies moves a score in thousandths off the ties at one digit and at none.
func offTies(score int64) int64 {
	if score%100 == 50 {
		score++
	}
	if score%1000 == 500 {
		score++
	}
	return score
}

func risk(percent int64) byte {
	switch {
	case percent < 20:
		return 'R'
	case percent < 50:
		return 'Y'
	}
	return 'G'
}

func usage(c *Company, s *stream) {
	c.WAU.Empty, c.DAU.Empty = s.percent(2), s.percent(2)
	if s.percent(3) {
		return
	}
	c.WAU.N = 1 + s.below(5000)
	c.DAU.N = s.below(c.WAU.N + 1)
	if q := c.DAU.N * 20_000; q%c.WAU.N == 0 && q/c.WAU.N%2 == 1 {
		c.DAU.N = 0 // a tie of dau / wau at four digits
	}
}

func tags(s *stream) string {
	if s.percent(10) {
		return ""
	}
	words := make([]string, 1+s.below(4))
	for i := range words {
		words[i] = s.oneOf(labels)
	}
	return strings.Join(words, ";")
}

// name sometimes has what CSV or JSON must escape.
func name(s *stream) string {
	n := s.oneOf(firsts) + " " + s.oneOf(trades) + " " + s.oneOf(forms)
	switch k := s.below(1000); {
	case k < 15:
		return n + ", Inc."
	case k < 20:
		return n + ` "West"`
	case k < 22:
		return n + ` \ Lab`
	}
	return n
}

const (
	base36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// gsid is a Gainsight id; its digits 12 to 19 carry the index, so that it is unique.
func gsid(index int, s *stream) string {
	b := []byte("1P02AAAAAAAA000000000000000000000000")
	for k := 4; k < 12; k++ {
		b[k] = s.char(base36)
	}
	place(b[12:20], uint64(index), base36)
	for k := 20; k < 36; k++ {
		b[k] = s.char(base36)
	}
	return string(b)
}

// accountID is a Salesforce id of 18 characters; the last three say which of the others are capitals.
func accountID(index int, s *stream) string {
	b := make([]byte, 18)
	copy(b, "001")
	for k := 3; k < 9; k++ {
		b[k] = s.char(base62)
	}
	place(b[9:15], uint64(index), base62)
	for group := range 3 {
		capitals := 0
		for k, c := range b[group*5 : group*5+5] {
			if c >= 'A' && c <= 'Z' {
				capitals |= 1 << k
			}
		}
		b[15+group] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[capitals]
	}
	return string(b)
}

// At gives the index of the company that stands at a position of a snapshot with so many rows.
func At(position, rows int, at Snapshot) int {
	if at == Previous {
		return position
	}
	step := 1_000_003
	for gcd(step, rows) != 1 {
		step += 2
	}
	return int((int64(position)*int64(step%rows) + int64(rows/3)) % int64(rows))
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// The words that names, addresses and tags are made of.
var (
	firsts = []string{"Acme", "Blue River", "Cobalt", "Delta", "Evergreen", "Fjord", "Granite", "Harbor", "Iron Gate", "Juniper", "Kestrel",
		"Lumen", "Meridian", "North Star", "Orchid", "Pioneer", "Quarry", "Redwood", "Summit", "Tidewater", "Umbra", "Vantage", "Willow", "Xenon",
		"Yarrow", "Zephyr", "Müller", "Société Générique", "Żubr", "東京"}
	trades = []string{"Analytics", "Biotech", "Cloud", "Data", "Energy", "Foods", "Freight", "Health", "Insurance", "Logistics", "Media", "Networks",
		"Payments", "Retail", "Robotics", "Security", "Software", "Systems", "Telecom", "Travel"}
	forms   = []string{"Inc", "LLC", "GmbH", "Ltd", "Group", "Holdings", "Partners", "& Sons", "Corp", "SA"}
	given   = []string{"ana", "ben", "Carla", "dev", "eli", "fatima", "george", "hana", "ivan", "Julia", "kim", "liam", "maya", "noor", "otto", "priya"}
	family  = []string{"adams", "brown", "chen", "Diaz", "evans", "fischer", "garcia", "haddad", "ito", "jones", "khan", "lopez", "meyer", "nguyen", "okafor", "patel"}
	domains = []string{"cs.example.com", "success.example.com", "Accounts.Example.com", "emea.example.org", "apac.example.org", "us.example.net", "partners.example.net", "example.io"}
	labels  = []string{"enterprise", "smb", "emea", "apac", "beta", "strategic", "legacy", "pilot", "multi-product", "reference", "at-risk-watch", "q1", "q2", "vip"}
)
