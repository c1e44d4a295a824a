package world

import (
	"fmt"
	"time"
)

// cockpit makes the calls to action and success plans of a company, and the tasks that were copied from them to Salesforce.
func (w *World) cockpit(r *rng, c *Company) {
	n := 0
	switch {
	case c.Risk == "At Risk":
		n = r.between(1, 2)
	case r.chance(30):
		n = 1
	}
	for k := range n {
		c.CTAs = append(c.CTAs, w.cta(r, c, k))
	}
	if len(c.Accounts) > 0 {
		w.copiedTasks(r, c)
	}
	if c.PlanStatus != "" && c.PlanStatus != "Not Started" {
		p := Plan{
			Gsid: Gsid(GsidPlan, uint64(c.Index)*slots+1), Name: c.Name + " success plan", Type: pick(r, []string{"ROI", "Onboarding", "Adoption"}),
			Status: map[string]string{"On Track": "Active", "At Risk": "Active", "Completed": "Closed"}[c.PlanStatus], Owner: c.CSM,
			Due: w.Today.Add(time.Duration(r.between(-30, 200)) * day), Progress: float64(r.between(0, 20) * 5),
		}
		if c.PlanStatus == "Completed" {
			p.Progress = 100
		}
		p.Created = r.after(c.Created, w.Today)
		p.Modified = r.after(p.Created, w.Today)
		c.Plans = append(c.Plans, p)
	}
}

func (w *World) cta(r *rng, c *Company, k int) CTA {
	t := pick(r, ctaTypes)
	if c.Risk == "At Risk" && k == 0 {
		t = "Risk"
	}
	a := CTA{
		Gsid: Gsid(GsidCTA, uint64(c.Index)*slots+uint64(k)+1), Type: t, Reason: pick(r, ctaReasons[t]), Status: pick(r, []string{"New", "New", "Work In Progress", "Closed Success", "Closed Lost"}),
		Priority: pick(r, []string{"High", "Medium", "Low"}), Owner: c.CSM, Important: r.chance(20), Due: w.Today.Add(time.Duration(r.between(-20, 60)) * day),
	}
	if a.Owner < 0 {
		a.Owner = 1
	}
	a.Name = a.Reason + " - " + c.Name
	if r.chance(60) {
		a.Comments = pick(r, notes)
	}
	a.Created = r.after(c.Created, w.Today)
	a.Modified = r.after(a.Created, w.Today)
	if a.Status == "Closed Success" || a.Status == "Closed Lost" {
		a.Closed = Some(a.Modified)
	}
	for j := range r.n(3) {
		task := CTATask{
			Gsid: Gsid(GsidTask, uint64(c.Index)*slots+uint64(k*4+j)+1), Name: pick(r, ctaTaskDos), Status: pick(r, []string{"Open", "Open", "In Progress", "Completed"}),
			Priority: a.Priority, Owner: a.Owner, Due: a.Due.Add(-time.Duration(j) * day), Created: a.Created,
		}
		task.Modified = r.after(task.Created, w.Today)
		a.Tasks = append(a.Tasks, task)
	}
	return a
}

// copiedTasks puts some calls to action into Salesforce, as an earlier integration did, and some tasks of people's own.
func (w *World) copiedTasks(r *rng, c *Company) {
	a := &c.Accounts[0]
	add := func(t Task) {
		t.ID = SalesforceID(PrefixTask, uint64(c.Index)*slots+uint64(len(a.Tasks))+1)
		t.Created = r.after(a.Created, w.Today)
		t.Modified = r.after(t.Created, w.Today)
		a.Tasks = append(a.Tasks, t)
	}
	for _, cta := range c.CTAs {
		if !r.chance(30) {
			continue
		}
		status := "Not Started"
		if cta.Closed.OK && r.chance(70) { // the others are stale: closed there, open here
			status = "Completed"
		}
		add(Task{Subject: cta.Name, Status: status, Priority: map[string]string{"High": "High", "Medium": "Normal", "Low": "Low"}[cta.Priority],
			Description: cta.Comments, CTA: cta.Gsid, Contact: -1, Due: Some(cta.Due), Owner: cta.Owner})
	}
	if r.chance(40) {
		add(Task{Subject: pick(r, []string{"Call", "Send Letter", "Send Quote", "Other"}), Status: pick(r, []string{"Not Started", "In Progress", "Completed"}),
			Priority: "Normal", Contact: r.n(len(a.Contacts)), Due: maybe(r, 70, w.Today.Add(time.Duration(r.between(-30, 30))*day)), Owner: a.Owner})
	}
}

// people makes the contacts as Gainsight knows them: mostly those of the account, some only there.
func (w *World) people(r *rng, c *Company) {
	add := func(p CompanyContact) {
		n := uint64(c.Index)*slots + uint64(len(c.CompanyContacts)) + 1
		p.PersonGsid, p.LinkGsid = Gsid(GsidPerson, n), Gsid(GsidCompanyPerson, n)
		p.Created = r.after(c.Created, w.Today)
		p.Modified = r.after(p.Created, w.Today)
		p.Primary, p.Role = len(c.CompanyContacts) == 0, pick(r, roles)
		c.CompanyContacts = append(c.CompanyContacts, p)
	}
	if len(c.Accounts) > 0 {
		seen := map[string]bool{}
		for _, k := range c.Accounts[0].Contacts {
			// Gainsight knows people by their email.
			if k.Email == "" || seen[k.Email] || r.chance(10) {
				continue
			}
			seen[k.Email] = true
			p := CompanyContact{First: k.First, Last: k.Last, Email: k.Email, Title: k.Title}
			if r.chance(5) {
				p.Email = address(k.First, k.Last, "old-"+domain(w.baseName(c.Index)))
			}
			add(p)
		}
	}
	if len(c.CompanyContacts) == 0 || r.chance(15) {
		first, last := pick(r, firstNames), pick(r, lastNames)
		add(CompanyContact{First: first, Last: last, Email: address(first, last+"2", domain(w.baseName(c.Index))), Title: pick(r, titles)})
	}
}

// history makes timeline, surveys and usage.
func (w *World) history(r *rng, c *Company) {
	for k := range r.n(3) {
		a := Activity{
			Gsid: Gsid(GsidActivity, uint64(c.Index)*slots+uint64(k)+1), Subject: pick(r, []string{"Weekly call", "Business review", "Escalation", "Email with sponsor"}),
			Notes: pick(r, notes), Type: pick(r, []string{"Call", "Meeting", "Email", "Update"}), Author: max(c.CSM, 1),
			ExternalID: fmt.Sprintf("tl-%d-%d", c.Index+1, k+1), At: r.before(w.Today, 120),
		}
		a.Created = a.At.Add(time.Duration(r.between(1, 86400)) * time.Second)
		if a.Created.After(w.Today) {
			a.Created = w.Today
		}
		a.Modified = r.after(a.Created, w.Today)
		c.Activities = append(c.Activities, a)
	}
	for k := range r.n(3) {
		s := Survey{Gsid: Gsid(GsidSurvey, uint64(c.Index)*slots+uint64(k)+1), Comment: pick(r, comments), Score: maybe(r, 92, r.between(0, 10)), At: r.before(w.Today, 200)}
		s.Email = c.CompanyContacts[r.n(len(c.CompanyContacts))].Email
		c.Surveys = append(c.Surveys, s)
	}
	if !c.WAU.OK {
		return
	}
	first := time.Date(w.Today.Year(), w.Today.Month(), 1, 0, 0, 0, 0, time.UTC)
	for k := range 3 {
		u := Usage{Gsid: Gsid(GsidUsage, uint64(c.Index)*slots+uint64(k)+1), Month: first.AddDate(0, -k, 0), DAU: c.DAU.V, WAU: c.WAU.V, MAU: c.WAU.V + r.n(200),
			Logins: r.between(0, 4000), Minutes: r.between(0, 90000), Seats: r.between(c.WAU.V, c.WAU.V*2+10), Features: maybe(r, 90, r.decimal(0, 1, 4))}
		if k > 0 {
			u.WAU = u.WAU * r.between(60, 140) / 100
			u.DAU = u.WAU * r.between(5, 70) / 100
		}
		c.UsageByMonth = append(c.UsageByMonth, u)
	}
}
