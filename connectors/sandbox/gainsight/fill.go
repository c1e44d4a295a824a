package gainsight

import (
	"strings"
	"time"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// filler makes rows of one object from the world.
type filler struct {
	s    *System
	def  *objectDef
	rows []*row
}

// values are fields by name; texts for picklists are labels.
type values map[string]any

// add makes a row. Empty texts are null.
func (f *filler) add(id string, created, modified time.Time, v values) {
	r := &row{id: id, modified: ms(modified), cells: make([]any, len(f.def.fields))}
	set := func(name string, x any) {
		field := f.def.byName[strings.ToLower(name)]
		if field == nil {
			return
		}
		if text, ok := x.(string); ok {
			if text == "" {
				return
			}
			if field.picks != nil {
				x = f.s.catalog.item(field.picks, text).id
			}
		}
		r.cells[field.slot] = x
	}
	set("Gsid", id)
	set("CreatedDate", ms(created))
	set("ModifiedDate", ms(modified))
	set("LastModifiedDate", ms(modified))
	owner := f.s.integration()
	set("CreatedBy", owner)
	set("ModifiedBy", owner)
	for name, x := range v {
		set(name, x)
	}
	f.rows = append(f.rows, r)
}

// integration is the Gsid of the user that API calls are made as.
func (s *System) integration() string { return s.world.Users[s.world.Integration].Gsid }

func (s *System) userID(index int) string {
	if index < 0 || index >= len(s.world.Users) {
		return ""
	}
	return s.world.Users[index].Gsid
}

// fill makes a table of an object as it is at the start.
func (s *System) fill(def *objectDef) *table {
	f := &filler{s: s, def: def}
	switch def.name {
	case "gsuser":
		f.users()
	case "da_picklist":
		f.items()
	default:
		if perCompany := fillers[def.name]; perCompany != nil {
			for c := range s.world.All() {
				perCompany(f, c)
			}
		}
	}
	t := newTable(def)
	t.fill(f.rows)
	return t
}

var fillers = map[string]func(*filler, *world.Company){
	"company": (*filler).company, "call_to_action": (*filler).ctas, "cs_task": (*filler).tasks, "cta_group": (*filler).plans,
	"person": (*filler).people, "company_person": (*filler).companyPeople, "activity_timeline": (*filler).activities,
	"survey_response__gc": (*filler).surveys, "product_usage__gc": (*filler).usage,
}

func (f *filler) users() {
	for i := range f.s.world.Users {
		u := &f.s.world.Users[i]
		f.add(u.Gsid, u.Created, u.Modified, values{"Name": u.Name(), "FirstName": u.First, "LastName": u.Last, "Email": u.Email,
			"SFDCUserName": u.SalesforceUN, "IsActiveUser": u.Active, "LicenseType": "Full", "Manager": f.s.userID(u.Manager)})
	}
}

func (f *filler) items() {
	for _, cat := range f.s.catalog.categories {
		for _, o := range cat.items {
			at := f.s.world.Today.AddDate(-3, 0, 0)
			f.add(o.id, at, at, values{"Name": o.label, "CategoryId": cat.id, "CategoryName": cat.name, "Active": o.active})
		}
	}
}

func number[T int | float64](o world.Opt[T]) any {
	if !o.OK {
		return nil
	}
	return float64(o.V)
}

func dayOpt(o world.Opt[time.Time]) any {
	if !o.OK {
		return nil
	}
	return dayOf(o.V)
}

func (f *filler) company(c *world.Company) {
	f.add(c.Gsid, c.Created, c.Modified, values{"Name": c.Name, "SfdcAccountId": c.SfdcAccountID, "Stage": c.Stage, "Status": c.Status, "Arr": number(c.ARR),
		"RenewalDate": dayOpt(c.Renewal), "Csm": f.s.userID(c.CSM), "Industry": c.Industry, "Employees": number(c.Employees), "Health_Score__gc": number(c.Health),
		"Risk_Category__gc": c.Risk, "Usage_Score__gc": number(c.Usage), "Support_Score__gc": number(c.Support), "Nps__gc": number(c.NPS),
		"DAU__gc": number(c.DAU), "WAU__gc": number(c.WAU), "Success_Plan_Status__gc": c.PlanStatus})
}

func (f *filler) ctas(c *world.Company) {
	for i := range c.CTAs {
		a := &c.CTAs[i]
		v := values{"Name": a.Name, "CompanyId": c.Gsid, "OwnerId": f.s.userID(a.Owner), "TypeId": a.Type, "ReasonId": a.Reason, "StatusId": a.Status,
			"PriorityId": a.Priority, "DueDate": dayOf(a.Due), "Comments": a.Comments, "IsClosed": a.Closed.OK, "IsImportant": a.Important, "EntityType": "COMPANY"}
		if a.Closed.OK {
			v["ClosedDate"] = ms(a.Closed.V)
		}
		f.add(a.Gsid, a.Created, a.Modified, v)
	}
}

func (f *filler) tasks(c *world.Company) {
	for i := range c.CTAs {
		for _, t := range c.CTAs[i].Tasks {
			f.add(t.Gsid, t.Created, t.Modified, values{"Name": t.Name, "CtaId": c.CTAs[i].Gsid, "CompanyId": c.Gsid, "OwnerId": f.s.userID(t.Owner),
				"StatusId": t.Status, "PriorityId": t.Priority, "DueDate": dayOf(t.Due), "IsClosed": isClosed(t.Status)})
		}
	}
}

// isClosed tells whether a status of a call to action or task is one of the end.
func isClosed(status string) bool {
	return strings.HasPrefix(status, "Closed") || status == "Completed"
}

func (f *filler) plans(c *world.Company) {
	for _, p := range c.Plans {
		f.add(p.Gsid, p.Created, p.Modified, values{"Name": p.Name, "CompanyId": c.Gsid, "OwnerId": f.s.userID(p.Owner), "TypeId": p.Type, "StatusId": p.Status,
			"DueDate": dayOf(p.Due), "Progress": p.Progress})
	}
}

func (f *filler) people(c *world.Company) {
	for _, p := range c.CompanyContacts {
		f.add(p.PersonGsid, p.Created, p.Modified, values{"Name": p.First + " " + p.Last, "FirstName": p.First, "LastName": p.Last, "Email": p.Email, "EmailOptOut": false})
	}
}

func (f *filler) companyPeople(c *world.Company) {
	for _, p := range c.CompanyContacts {
		f.add(p.LinkGsid, p.Created, p.Modified, values{"Name": p.First + " " + p.Last, "Person_ID": p.PersonGsid, "Company_ID": c.Gsid, "Role": p.Role,
			"Title": p.Title, "IsPrimaryCompany": p.Primary, "Active": true})
	}
}

func (f *filler) activities(c *world.Company) {
	for _, a := range c.Activities {
		f.add(a.Gsid, a.Created, a.Modified, values{"Subject": a.Subject, "Notes": a.Notes, "ActivityDate": ms(a.At), "ContextName": "Company", "TypeName": a.Type,
			"AuthorId": f.s.userID(a.Author), "GsCompanyId": c.Gsid, "ExternalId": a.ExternalID})
	}
}

func (f *filler) surveys(c *world.Company) {
	for _, a := range c.Surveys {
		f.add(a.Gsid, a.At, a.At, values{"Name": "NPS " + a.At.Format(time.DateOnly), "Company__gc": c.Gsid, "Respondent_Email__gc": a.Email, "Score__gc": number(a.Score),
			"Comment__gc": a.Comment, "Responded_On__gc": ms(a.At)})
	}
}

func (f *filler) usage(c *world.Company) {
	for _, u := range c.UsageByMonth {
		at := u.Month.AddDate(0, 1, 0)
		if at.After(f.s.world.Today) {
			at = f.s.world.Today
		}
		f.add(u.Gsid, at, at, values{"Name": c.Name + " " + u.Month.Format("2006-01"), "Company__gc": c.Gsid, "Month__gc": dayOf(u.Month), "DAU__gc": float64(u.DAU),
			"WAU__gc": float64(u.WAU), "MAU__gc": float64(u.MAU), "Logins__gc": float64(u.Logins), "Minutes__gc": float64(u.Minutes), "Seats__gc": float64(u.Seats),
			"Feature_Adoption__gc": percent(u.Features)})
	}
}

func percent(o world.Opt[float64]) any {
	if !o.OK {
		return nil
	}
	return o.V * 100
}
