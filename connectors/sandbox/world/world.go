package world

import (
	"fmt"
	"iter"
	"strings"
	"time"
)

// World is the data of one seed.
type World struct {
	// Companies is how many companies Gainsight has.
	Companies int
	// Today is the day, at midnight UTC, that all dates stand in relation to. Nothing is younger than it.
	Today time.Time
	// Users are the people of our own firm.
	Users []User
	// Integration is the index in Users of the user that Syncline works as.
	Integration int

	seed int64
}

// Streams keep the random numbers of different things apart.
const (
	streamUsers uint64 = iota + 1
	streamCompany
	streamOrphan
)

// slots is how many records of one kind a company may have: record k of company i has the number i*slots+k.
const slots = 16

// New makes the world of a seed as it is on the day of now.
func New(seed int64, companies int, now time.Time) *World {
	w := &World{Companies: companies, Today: now.UTC().Truncate(24 * time.Hour), seed: seed}
	w.Users = w.makeUsers(8 + companies/2000)
	return w
}

func (w *World) makeUsers(n int) []User {
	r := newRng(w.seed, streamUsers, 0)
	users := make([]User, n)
	for i := range users {
		first, last := firstNames[(i*7)%len(firstNames)], lastNames[(i*11+i/len(lastNames))%len(lastNames)]
		email := address(first, last, "syncline-demo.example")
		if i >= len(lastNames) {
			email = address(first, fmt.Sprintf("%s%d", last, i), "syncline-demo.example")
		}
		u := User{
			SalesforceID: SalesforceID(PrefixUser, uint64(i+1)), Gsid: Gsid(GsidUser, uint64(i+1)),
			First: first, Last: last, Email: email, SalesforceUN: email + ".sandbox",
			Active: true, Manager: -1, Title: "Customer Success Manager",
		}
		u.Created = r.before(w.Today, 1200).Add(-365 * 24 * time.Hour)
		u.Modified = r.after(u.Created, w.Today)
		if i > 2 {
			u.Manager = 1 + r.n(2)
		}
		users[i] = u
	}
	users[0].First, users[0].Last, users[0].Title = "Syncline", "Integration", "Integration User"
	users[0].Email, users[0].SalesforceUN = "integration@syncline-demo.example", "integration@syncline-demo.example"
	users[1].Title, users[2].Title = "Director, Customer Success", "Director, Customer Success"
	users[3].Active = false // left the firm, still owns accounts
	return users
}

// All gives the companies one after the other. Each is valid for as long as it is held.
func (w *World) All() iter.Seq[*Company] {
	return func(yield func(*Company) bool) {
		for i := range w.Companies {
			if !yield(w.Company(i)) {
				return
			}
		}
	}
}

// Orphans gives the accounts that no company of Gainsight belongs to: one for twenty companies.
func (w *World) Orphans() iter.Seq[*Account] {
	return func(yield func(*Account) bool) {
		for i := range w.Companies / 20 {
			r := newRng(w.seed, streamOrphan, uint64(i))
			n := w.Companies + i
			a := w.account(r, n, 0, w.baseName(n)+" "+suffixes[r.n(len(suffixes))][0])
			if !yield(&a) {
				return
			}
		}
	}
}

// baseName is the name of company i without its suffix; no two companies share it.
func (w *World) baseName(i int) string {
	stem := stems[i%len(stems)]
	rest := i / len(stems)
	field := fields[(rest+i)%len(fields)]
	rest /= len(fields)
	place := places[rest%len(places)]
	rest /= len(places)
	name := strings.TrimSpace(stem + " " + field)
	if place != "" {
		name += " " + place
	}
	if rest > 0 {
		name += fmt.Sprintf(" %d", rest+1)
	}
	return name
}

// address makes an email address of a person.
func address(first, last, domain string) string {
	return ascii(strings.ToLower(first+"."+last)) + "@" + domain
}

// domain makes the host name of a company.
func domain(name string) string {
	s := strings.Trim(ascii(strings.ToLower(name)), "-")
	return s + ".example"
}

var accents = strings.NewReplacer("ü", "u", "ö", "o", "ø", "o", "é", "e", "è", "e", "ñ", "n", "ż", "z", "ã", "a", "ó", "o", "ë", "e", "í", "i",
	"Ż", "Z", "É", "E", "á", "a", "'", "", " & ", "-", " ", "-", "ß", "ss")

// ascii drops accents and what does not belong in an address.
func ascii(s string) string { return accents.Replace(s) }
