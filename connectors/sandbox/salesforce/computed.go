package salesforce

import (
	"fmt"
	"math"
	"time"
)

// stage is what follows from an opportunity's stage.
type stage struct {
	closed, won bool
	probability float64
	forecast    string
	forecastAs  string // the name of the forecast category
}

var stages = map[string]stage{
	"Prospecting":          {false, false, 10, "Pipeline", "Pipeline"},
	"Qualification":        {false, false, 10, "Pipeline", "Pipeline"},
	"Needs Analysis":       {false, false, 20, "Pipeline", "Pipeline"},
	"Value Proposition":    {false, false, 50, "Pipeline", "Pipeline"},
	"Id. Decision Makers":  {false, false, 60, "Pipeline", "Pipeline"},
	"Perception Analysis":  {false, false, 70, "Pipeline", "Pipeline"},
	"Proposal/Price Quote": {false, false, 75, "Pipeline", "Pipeline"},
	"Negotiation/Review":   {false, false, 90, "BestCase", "Best Case"},
	"At Risk":              {false, false, 25, "Pipeline", "Pipeline"},
	"Renewal Expected":     {false, false, 80, "Forecast", "Commit"},
	"Closed Won":           {true, true, 100, "Closed", "Closed"},
	"Closed Lost":          {true, false, 0, "Omitted", "Omitted"},
}

// stageOf knows also stages that are in no picklist: those are open, with nothing to expect.
func stageOf(name string) stage {
	if s, ok := stages[name]; ok {
		return s
	}
	return stage{forecast: "Pipeline", forecastAs: "Pipeline"}
}

// computedField tells how a field gets its value: from the row, or by what function.
func computedField(object string, f *field) (system, func(*table, *row) cell) {
	if f.system != stored && f.system != computed {
		return f.system, nil
	}
	if f.typ == "address" {
		return computed, func(*table, *row) cell { return cell{} } // written by the answer, see address
	}
	if fn := formulas[object+"."+f.name]; fn != nil {
		return computed, fn
	}
	if f.name == "PhotoUrl" {
		return computed, func(t *table, r *row) cell { return textCell("/services/images/photo/" + t.id(r.num)) }
	}
	return stored, nil
}

// formulas are the fields that are worked out when they are read.
var formulas = map[string]func(*table, *row) cell{
	"Account.Legacy_Score__c": func(t *table, r *row) cell {
		return numCell(round(at(t, r, "Health_Score__c").num/10, 1))
	},
	"Contact.Name": personName,
	"User.Name":    personName,
	"Opportunity.IsClosed": func(t *table, r *row) cell {
		return boolCell(stageOf(at(t, r, "StageName").text).closed)
	},
	"Opportunity.IsWon": func(t *table, r *row) cell {
		return boolCell(stageOf(at(t, r, "StageName").text).won)
	},
	"Opportunity.ForecastCategory": func(t *table, r *row) cell {
		return textCell(stageOf(at(t, r, "StageName").text).forecast)
	},
	"Opportunity.ExpectedRevenue": func(t *table, r *row) cell {
		amount := at(t, r, "Amount")
		if amount.kind == isNull {
			return amount
		}
		return numCell(round(amount.num*at(t, r, "Probability").num/100, 2))
	},
	"Opportunity.FiscalYear": func(t *table, r *row) cell { return numCell(float64(closeDate(t, r).Year())) },
	"Opportunity.FiscalQuarter": func(t *table, r *row) cell {
		return numCell(float64((closeDate(t, r).Month()-1)/3 + 1))
	},
	"Opportunity.Fiscal": func(t *table, r *row) cell {
		d := closeDate(t, r)
		return textCell(fmt.Sprintf("%d %d", d.Year(), (d.Month()-1)/3+1))
	},
	"Task.IsClosed":       func(t *table, r *row) cell { return boolCell(at(t, r, "Status").text == "Completed") },
	"Task.IsHighPriority": func(t *table, r *row) cell { return boolCell(at(t, r, "Priority").text == "High") },
	"Task.AccountId":      activityAccount,
	"Event.AccountId":     activityAccount,
	"Case.IsClosed":       func(t *table, r *row) cell { return boolCell(at(t, r, "Status").text == "Closed") },
	"Case.ContactEmail":   contactField("Email"),
	"Case.ContactPhone":   contactField("Phone"),
	"Case.ContactMobile":  contactField("MobilePhone"),
	"Case.ContactFax":     contactField("Fax"),
}

// at is the value of a field by its name.
func at(t *table, r *row, name string) cell {
	f := t.field(name)
	if f == nil {
		return cell{}
	}
	return t.value(f, r)
}

func personName(t *table, r *row) cell {
	first, last := at(t, r, "FirstName").text, at(t, r, "LastName").text
	if first != "" {
		last = first + " " + last
	}
	return textCell(last)
}

func closeDate(t *table, r *row) time.Time {
	return time.Unix(at(t, r, "CloseDate").int*86400, 0).UTC()
}

// activityAccount is the account that a task or event belongs to by way of what it is about, or of whom.
func activityAccount(t *table, r *row) cell {
	for _, ref := range []string{"WhatId", "WhoId"} {
		other, rec := t.org.record(at(t, r, ref).text)
		if rec == nil {
			continue
		}
		if other.name == "Account" {
			return textCell(other.id(rec.num))
		}
		if c := at(other, rec, "AccountId"); c.kind == isText {
			return c
		}
	}
	return cell{}
}

func contactField(name string) func(*table, *row) cell {
	return func(t *table, r *row) cell {
		other, rec := t.org.record(at(t, r, "ContactId").text)
		if rec == nil {
			return cell{}
		}
		return at(other, rec, name)
	}
}

// round rounds half away from zero, as Salesforce does.
func round(f float64, digits int) float64 {
	scale := math.Pow10(digits)
	// The detour over the shortest text makes 1.005 what a person takes it for.
	if x := f * scale; math.Abs(x) < 1e15 {
		return math.Round(x+math.Copysign(1e-9, x)) / scale
	}
	return f
}
