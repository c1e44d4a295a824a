package salesforce

import (
	"time"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// filler puts records of the world into a table, field by name.
type filler struct {
	t     *table
	cells []cell
}

func (o *org) filler(name string) *filler {
	t := o.table(name)
	return &filler{t, make([]cell, len(t.fields))}
}

func (f *filler) set(name string, c cell) {
	if at := f.t.field(name); at != nil {
		f.cells[at.slot] = c
	}
}

func (f *filler) text(name, v string)          { f.set(name, textCell(v)) }
func (f *filler) bool(name string, v bool)     { f.set(name, boolCell(v)) }
func (f *filler) num(name string, v float64)   { f.set(name, numCell(v)) }
func (f *filler) day(name string, v time.Time) { f.set(name, dayCell(v.Unix()/86400)) }
func (f *filler) opt(name string, v world.Opt[float64]) {
	if v.OK {
		f.num(name, v.V)
	}
}
func (f *filler) optInt(name string, v world.Opt[int]) {
	if v.OK {
		f.num(name, float64(v.V))
	}
}

// end adds the record.
func (f *filler) end(id string, created, changed time.Time) {
	_, num, _ := world.SalesforceNumber(id)
	f.text("CreatedById", f.t.org.user)
	f.text("LastModifiedById", f.t.org.user)
	f.t.rows = append(f.t.rows, &row{num: num, created: created.Unix(), changed: changed.Unix(), data: pack(f.cells)})
	clear(f.cells)
}

// fill puts the world into the tables.
func (o *org) fill() {
	o.fillUsers()
	a := o.accountFiller()
	for c := range o.world.All() {
		for i := range c.Accounts {
			a.account(&c.Accounts[i])
		}
	}
	for acc := range o.world.Orphans() {
		a.account(acc)
	}
}

func (o *org) fillUsers() {
	f := o.filler("User")
	for i := range o.world.Users {
		u := &o.world.Users[i]
		f.text("Username", u.SalesforceUN)
		f.text("FirstName", u.First)
		f.text("LastName", u.Last)
		f.text("Email", u.Email)
		f.text("Title", u.Title)
		f.text("Alias", u.Last[:min(len(u.Last), 5)])
		f.bool("IsActive", u.Active)
		f.text("UserType", "Standard")
		f.text("TimeZoneSidKey", "GMT")
		f.text("LocaleSidKey", "en_US")
		f.text("LanguageLocaleKey", "en_US")
		if u.Manager >= 0 {
			f.text("ManagerId", o.world.Users[u.Manager].SalesforceID)
		}
		f.end(u.SalesforceID, u.Created, u.Modified)
	}
}

// accountFiller fills accounts and what hangs on them.
type accountFiller struct {
	o                                *org
	accounts, contact, opp, cs, task *filler
}

func (o *org) accountFiller() *accountFiller {
	return &accountFiller{o, o.filler("Account"), o.filler("Contact"), o.filler("Opportunity"), o.filler("Case"), o.filler("Task")}
}

func (x *accountFiller) owner(i int) string { return x.o.world.Users[i].SalesforceID }

func (x *accountFiller) account(a *world.Account) {
	f := x.accounts
	f.text("Name", a.Name)
	f.text("Type", a.Type)
	f.text("Industry", a.Industry)
	f.text("Phone", a.Phone)
	f.text("Website", a.Website)
	f.text("AccountNumber", a.AccountNumber)
	f.text("Rating", a.Rating)
	f.text("Description", a.Description)
	f.text("BillingStreet", a.Street)
	f.text("BillingCity", a.City)
	f.text("BillingState", a.State)
	f.text("BillingPostalCode", a.PostalCode)
	f.text("BillingCountry", a.Country)
	f.text("OwnerId", x.owner(a.Owner))
	f.optInt("NumberOfEmployees", a.Employees)
	f.opt("AnnualRevenue", a.Revenue)
	f.text("Locked__c", a.Locked)
	f.opt("Health_Score__c", a.Health)
	f.text("Risk_Tier__c", a.RiskTier)
	f.text("Success_Plan_Status__c", a.PlanStatus)
	f.opt("Product_Engagement__c", a.Engagement)
	f.opt("NPS__c", a.NPS)
	f.text("Gainsight_GSID__c", a.GSID)
	f.text("Health_Summary__c", a.HealthSummary)
	if a.HealthUpdated.OK {
		f.set("Health_Updated_At__c", timeCell(a.HealthUpdated.V.Unix()))
	}
	f.end(a.ID, a.Created, a.Modified)
	x.contacts(a)
	x.opportunities(a)
	x.cases(a)
	x.tasks(a)
}

func (x *accountFiller) contacts(a *world.Account) {
	f := x.contact
	for i := range a.Contacts {
		c := &a.Contacts[i]
		f.text("AccountId", a.ID)
		f.text("FirstName", c.First)
		f.text("LastName", c.Last)
		f.text("Email", c.Email)
		f.text("Title", c.Title)
		f.text("Phone", c.Phone)
		f.text("OwnerId", x.owner(a.Owner))
		f.opt("NPS_Score__c", c.NPSScore)
		f.end(c.ID, c.Created, c.Modified)
	}
}

func (x *accountFiller) opportunities(a *world.Account) {
	f := x.opp
	for i := range a.Opportunities {
		p := &a.Opportunities[i]
		f.text("AccountId", a.ID)
		f.text("Name", p.Name)
		f.text("StageName", p.Stage)
		f.num("Probability", stageOf(p.Stage).probability)
		f.text("ForecastCategoryName", stageOf(p.Stage).forecastAs)
		f.text("Type", p.Type)
		f.text("CTA_Type__c", p.CTAType)
		f.opt("Amount", p.Amount)
		f.opt("Expected_Renewal_ARR__c", p.RenewalARR)
		f.day("CloseDate", p.Close)
		f.text("OwnerId", x.owner(p.Owner))
		f.end(p.ID, p.Created, p.Modified)
	}
}

func (x *accountFiller) cases(a *world.Account) {
	f := x.cs
	for i := range a.Cases {
		c := &a.Cases[i]
		f.text("AccountId", a.ID)
		f.text("CaseNumber", c.Number)
		f.text("Subject", c.Subject)
		f.text("Status", c.Status)
		f.text("Priority", c.Priority)
		f.text("Origin", c.Origin)
		f.text("OwnerId", x.owner(a.Owner))
		if c.Contact >= 0 {
			f.text("ContactId", a.Contacts[c.Contact].ID)
		}
		if c.Status == "Closed" {
			f.set("ClosedDate", timeCell(c.Modified.Unix()))
		}
		f.end(c.ID, c.Created, c.Modified)
	}
}

func (x *accountFiller) tasks(a *world.Account) {
	f := x.task
	for i := range a.Tasks {
		t := &a.Tasks[i]
		f.text("WhatId", a.ID)
		f.text("Subject", t.Subject)
		f.text("Status", t.Status)
		f.text("Priority", t.Priority)
		f.text("Description", t.Description)
		f.text("Gainsight_CTA__c", t.CTA)
		f.text("TaskSubtype", "Task")
		f.text("OwnerId", x.owner(t.Owner))
		if t.Contact >= 0 {
			f.text("WhoId", a.Contacts[t.Contact].ID)
		}
		if t.Due.OK {
			f.day("ActivityDate", t.Due.V)
		}
		f.end(t.ID, t.Created, t.Modified)
	}
}
