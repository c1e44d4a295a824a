package world

import (
	"fmt"
	"strings"
	"time"
)

const day = 24 * time.Hour

// raw tells whether the dice made company i the second of a pair.
func (w *World) raw(i int) bool {
	return i > 3 && newRng(w.seed, streamCompany+100, uint64(i)).n(100) == 0
}

// twin tells whether company i is a second entry for the account of the company before it.
func (w *World) twin(i int) bool { return w.raw(i) && !w.raw(i-1) }

// Company makes company i; the same for the same seed, day and i.
func (w *World) Company(i int) *Company {
	r := newRng(w.seed, streamCompany, uint64(i))
	suffix := 0
	if i > 0 {
		suffix = r.n(len(suffixes))
	}
	c := &Company{
		Index: i, Gsid: Gsid(GsidCompany, uint64(i+1)), Name: w.baseName(i) + " " + suffixes[suffix][0], CSM: 1 + r.n(len(w.Users)-1),
		Industry: pick(r, industries), Stage: w.stage(r), Status: "Active",
	}
	c.Created = r.before(w.Today.Add(-40*day), 1400)
	c.Modified = r.after(c.Created, w.Today)
	w.measures(r, c)
	w.accounts(r, c, suffix)
	w.cockpit(r, c)
	w.people(r, c)
	w.history(r, c)
	return c
}

func (w *World) stage(r *rng) string {
	switch n := r.n(100); {
	case n < 12:
		return "Onboarding"
	case n < 60:
		return "Adoption"
	case n < 80:
		return "Renewal"
	case n < 93:
		return "Expansion"
	}
	return "Churned"
}

// measures sets the numbers of a company and what follows from them, each missing now and then.
func (w *World) measures(r *rng, c *Company) {
	if c.Stage == "Churned" {
		c.Status = "Churn"
	} else if r.chance(3) {
		c.Status = "Inactive"
	}
	if !r.chance(3) {
		c.ARR = Some(r.decimal(4000, 400000, 2))
	}
	if !r.chance(6) {
		// A few dates are stale: the renewal has passed and nobody moved it.
		c.Renewal = Some(w.Today.Add(time.Duration(r.between(-60, 420)) * day))
	}
	if r.chance(4) {
		c.CSM = -1
	}
	if !r.chance(8) {
		c.Employees = Some(r.between(5, 20000))
	}
	health := r.decimal(5, 100, 2)
	if c.Stage == "Churned" {
		health = r.decimal(0, 35, 2)
	}
	if r.chance(50) {
		health = float64(int(health))
	}
	if !r.chance(4) {
		c.Health = Some(health)
		c.Risk = riskOf(health)
	}
	if r.chance(4) {
		c.Risk = pick(r, []string{"Healthy", "Watch", "At Risk", ""})
	}
	c.Usage = maybe(r, 90, r.decimal(0, 100, 2))
	c.Support = maybe(r, 85, r.decimal(0, 100, 2))
	c.NPS = maybe(r, 70, float64(r.between(-100, 100)))
	if !r.chance(5) {
		wau := r.between(0, 900)
		c.DAU, c.WAU = Some(wau*r.between(5, 70)/100), Some(wau)
	}
	if r.chance(2) {
		c.WAU = Some(0) // the tracker was broken
	}
	if r.chance(80) {
		c.PlanStatus = pick(r, []string{"Not Started", "On Track", "On Track", "At Risk", "Completed"})
	}
}

func riskOf(health float64) string {
	switch {
	case health >= 75:
		return "Healthy"
	case health >= 50:
		return "Watch"
	}
	return "At Risk"
}

func maybe[T any](r *rng, percent int, v T) Opt[T] {
	if r.chance(percent) {
		return Some(v)
	}
	return Opt[T]{}
}

// accounts gives the company its side in Salesforce and the id that points there.
func (w *World) accounts(r *rng, c *Company, suffix int) {
	if w.twin(c.Index) {
		c.Name = w.baseName(c.Index-1) + " (" + pick(r, []string{"old", "duplicate", "EMEA"}) + ")"
		c.SfdcAccountID = SalesforceID(PrefixAccount, accountNumber(c.Index-1, 0))
		return
	}
	if c.Index > 1 && r.chance(3) {
		// Never sold through Salesforce, or the account is gone while the id stayed.
		if r.chance(33) {
			c.SfdcAccountID = SalesforceID(PrefixAccount, accountNumber(c.Index, slots-1))
		}
		return
	}
	c.Accounts = append(c.Accounts, w.account(r, c.Index, 0, w.spelling(r, c, suffix)))
	if c.Index > 1 && r.chance(2) {
		c.Accounts = append(c.Accounts, w.account(r, c.Index, 1, strings.ToUpper(c.Name)))
	}
	a := &c.Accounts[0]
	switch n := r.n(100); {
	case c.Index < 2 || n >= 11:
		c.SfdcAccountID = a.ID
	case n >= 5:
		c.SfdcAccountID = a.ID[:15]
	}
	w.copies(r, c, a)
}

func accountNumber(company, k int) uint64 { return uint64(company)*slots + uint64(k) + 1 }

// spelling is the company's name as somebody else typed it.
func (w *World) spelling(r *rng, c *Company, suffix int) string {
	if c.Index == 0 {
		return "Acme Corporation"
	}
	switch n := r.n(100); {
	case n < 22:
		return w.baseName(c.Index) + " " + suffixes[suffix][1+r.n(2)]
	case n < 26:
		return w.baseName(c.Index)
	case n < 30:
		return strings.ToUpper(c.Name)
	case n < 34:
		return strings.NewReplacer("ü", "u", "ö", "o", "é", "e", "è", "e", "ø", "o", "ñ", "n", "Ż", "Z").Replace(c.Name)
	}
	return c.Name
}

// copies sets what an earlier integration left on the account: right, stale or missing.
func (w *World) copies(r *rng, c *Company, a *Account) {
	if r.chance(60) {
		a.GSID = c.Gsid
	}
	if !r.chance(70) {
		return
	}
	health := c.Health
	if r.chance(60) {
		health = Some(r.decimal(0, 100, 2))
	}
	if health.OK {
		a.Health = Some(float64(int64(health.V*100)) / 100)
		a.RiskTier = map[string]string{"Healthy": "Green", "Watch": "Yellow", "At Risk": "Red"}[riskOf(health.V)]
		a.HealthSummary = fmt.Sprintf("Health %d, %s", int(health.V), a.RiskTier)
	}
	a.HealthUpdated = Some(r.before(w.Today, 300))
	a.PlanStatus = c.PlanStatus
	if r.chance(10) {
		a.PlanStatus = pick(r, []string{"On Track", "Done", ""}) // Done is in no picklist
	}
	if c.WAU.OK && c.WAU.V > 0 {
		a.Engagement = Some(float64(c.DAU.V*10000/c.WAU.V) / 10000)
	}
	a.NPS = c.NPS
}

// account makes account k of company i with its contacts, opportunities, cases and tasks.
func (w *World) account(r *rng, i, k int, name string) Account {
	city := pick(r, cities)
	a := Account{
		ID: SalesforceID(PrefixAccount, accountNumber(i, k)), Name: name, Industry: pick(r, industries), Type: "Customer - Direct",
		Phone: fmt.Sprintf("+1 555 %03d %04d", r.n(1000), r.n(10000)), Website: "https://www." + domain(w.baseName(i)),
		Street: pick(r, streets), City: city[0], State: city[1], PostalCode: city[2], Country: city[3],
		AccountNumber: fmt.Sprintf("C-%06d", i*2+k+1), Owner: 1 + r.n(len(w.Users)-1), Rating: pick(r, []string{"Hot", "Warm", "Cold", ""}),
		Employees: maybe(r, 80, r.between(5, 20000)), Revenue: maybe(r, 70, float64(r.between(1, 900)*100000)),
	}
	if r.chance(6) {
		a.Industry = pick(r, strayIndustries)
	} else if r.chance(5) {
		a.Industry = ""
	}
	if r.chance(10) {
		a.Locked = pick(r, []string{"Billing hold", "Legal review", "Do not contact"})
	}
	if r.chance(15) {
		a.Description = "Imported from the old CRM.\r\n" + pick(r, notes)
	}
	a.Created = r.before(w.Today.Add(-30*day), 1500)
	a.Modified = r.after(a.Created, w.Today)
	w.contacts(r, &a, i, k)
	w.deals(r, &a, i, k)
	w.cases(r, &a, i, k)
	return a
}

func (w *World) contacts(r *rng, a *Account, i, k int) {
	for j := range r.between(1, 3) {
		first, last := pick(r, firstNames), pick(r, lastNames)
		c := Contact{
			ID: SalesforceID(PrefixContact, accountNumber(i, k*8+j)), First: first, Last: last, Email: address(first, last, domain(w.baseName(i))),
			Title: pick(r, titles), Phone: fmt.Sprintf("(555) %03d-%04d", r.n(1000), r.n(10000)), NPSScore: maybe(r, 30, float64(r.between(0, 10))),
		}
		switch n := r.n(100); {
		case n < 6:
			c.Email = ""
		case n < 9:
			c.Email = strings.ToUpper(c.Email)
		case n < 12 && j > 0: // the same person twice
			c.First, c.Last, c.Email = a.Contacts[0].First, a.Contacts[0].Last, a.Contacts[0].Email
		}
		c.Created = r.after(a.Created, w.Today)
		c.Modified = r.after(c.Created, w.Today)
		a.Contacts = append(a.Contacts, c)
	}
}

func (w *World) deals(r *rng, a *Account, i, k int) {
	for j := range r.n(3) {
		o := Opportunity{
			ID: SalesforceID(PrefixOpportunity, accountNumber(i, k*8+j)), Owner: a.Owner,
			Type: pick(r, []string{"New Customer", "Renewal", "Expansion", ""}), Amount: maybe(r, 90, r.decimal(1000, 300000, 2)),
			Close: w.Today.Add(time.Duration(r.between(-300, 240)) * day),
		}
		o.Name = a.Name + " - " + pick(r, []string{"New Business", "Renewal", "Add-On"})
		open := []string{"Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review", "Renewal Expected", "At Risk"}
		if o.Stage = pick(r, open); o.Close.Before(w.Today) && !r.chance(10) { // one in ten open deals is overdue
			o.Stage = pick(r, []string{"Closed Won", "Closed Won", "Closed Lost"})
		}
		if o.Type == "Renewal" || o.Type == "Expansion" {
			o.CTAType = o.Type
			o.RenewalARR = o.Amount
		}
		o.Created = r.after(a.Created, w.Today)
		o.Modified = r.after(o.Created, w.Today)
		a.Opportunities = append(a.Opportunities, o)
	}
}

func (w *World) cases(r *rng, a *Account, i, k int) {
	if !r.chance(35) {
		return
	}
	for j := range r.between(1, 2) {
		c := Case{
			ID: SalesforceID(PrefixCase, accountNumber(i, k*8+j)), Number: fmt.Sprintf("%08d", accountNumber(i, k*8+j)),
			Subject: pick(r, []string{"Export fails", "Cannot sign in", "Slow dashboard", "Question on invoice"}),
			Status:  pick(r, []string{"New", "Working", "Escalated", "Closed"}), Priority: pick(r, []string{"High", "Medium", "Low"}),
			Origin: pick(r, []string{"Email", "Phone", "Web"}), Contact: r.n(len(a.Contacts)),
		}
		c.Created = r.after(a.Created, w.Today)
		c.Modified = r.after(c.Created, w.Today)
		a.Cases = append(a.Cases, c)
	}
}
