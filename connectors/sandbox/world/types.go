package world

import "time"

// Opt is a value that may be missing.
type Opt[T any] struct {
	V  T
	OK bool
}

// Some is a value that is there.
func Some[T any](v T) Opt[T] { return Opt[T]{v, true} }

// Any gives the value, nil when it is missing.
func (o Opt[T]) Any() any {
	if !o.OK {
		return nil
	}
	return o.V
}

// User is a person of our own firm, known to both systems.
type User struct {
	SalesforceID, Gsid  string
	First, Last, Email  string
	Active              bool
	Manager             int // index of the manager in Users, -1: none
	Created, Modified   time.Time
	Title, SalesforceUN string
}

// Name is the user's full name.
func (u *User) Name() string { return u.First + " " + u.Last }

// Company is one customer, as each system knows it.
type Company struct {
	Index int
	// Gainsight's side.
	Gsid            string
	Name            string
	SfdcAccountID   string // "" , 15 or 18 characters; may be of an account that is gone
	Stage           string
	Status          string
	ARR             Opt[float64]
	Renewal         Opt[time.Time] // a day
	CSM             int            // index in Users, -1: none
	Industry        string
	Employees       Opt[int]
	Health          Opt[float64] // 0–100, up to two digits after the point
	Risk            string       // Healthy, Watch, At Risk, "" unknown
	Usage           Opt[float64]
	Support         Opt[float64]
	NPS             Opt[float64]
	DAU, WAU        Opt[int]
	PlanStatus      string // Not Started, On Track, At Risk, Completed, ""
	Created         time.Time
	Modified        time.Time
	CTAs            []CTA
	Plans           []Plan
	Activities      []Activity
	Surveys         []Survey
	UsageByMonth    []Usage
	CompanyContacts []CompanyContact
	// Salesforce's side: usually one account; none for 3%; two for duplicates.
	Accounts []Account
}

// Account is a Salesforce account with what hangs on it.
type Account struct {
	ID, Name, Industry, Type, Phone, Website string
	Street, City, State, PostalCode, Country string
	AccountNumber                            string
	Employees                                Opt[int]
	Revenue                                  Opt[float64]
	Owner                                    int
	Rating                                   string
	Description                              string
	Locked                                   string // Locked__c
	// What earlier copies from Gainsight left behind, often stale.
	Health        Opt[float64]
	RiskTier      string
	PlanStatus    string
	Engagement    Opt[float64]
	NPS           Opt[float64]
	GSID          string
	HealthUpdated Opt[time.Time]
	HealthSummary string
	Created       time.Time
	Modified      time.Time
	Contacts      []Contact
	Opportunities []Opportunity
	Cases         []Case
	Tasks         []Task
}

// Contact is a person at a customer, in Salesforce.
type Contact struct {
	ID, First, Last, Email, Title, Phone string
	NPSScore                             Opt[float64]
	Created, Modified                    time.Time
}

// CompanyContact is a person at a customer, in Gainsight.
type CompanyContact struct {
	PersonGsid, LinkGsid, First, Last, Email, Title, Role string
	Primary                                               bool
	Created, Modified                                     time.Time
}

// Opportunity is a deal on an account.
type Opportunity struct {
	ID, Name, Stage, Type, CTAType string
	Amount, RenewalARR             Opt[float64]
	Close                          time.Time
	Owner                          int
	Created, Modified              time.Time
}

// Case is a support case.
type Case struct {
	ID, Number, Subject, Status, Priority, Origin string
	Contact                                       int // index in the account's Contacts, -1: none
	Created, Modified                             time.Time
}

// Task is a to-do in Salesforce.
type Task struct {
	ID, Subject, Status, Priority, Description string
	CTA                                        string // Gsid of the call to action that it was copied from, ""
	Contact                                    int    // index in the account's Contacts, -1: none
	Due                                        Opt[time.Time]
	Owner                                      int
	Created, Modified                          time.Time
}

// CTA is a call to action in Gainsight.
type CTA struct {
	Gsid, Name, Type, Reason, Status, Priority, Comments string
	Owner                                                int
	Due                                                  time.Time
	Closed                                               Opt[time.Time]
	Important                                            bool
	Created, Modified                                    time.Time
	Tasks                                                []CTATask
}

// CTATask is a task of a call to action.
type CTATask struct {
	Gsid, Name, Status, Priority string
	Owner                        int
	Due                          time.Time
	Created, Modified            time.Time
}

// Plan is a success plan (a cta_group).
type Plan struct {
	Gsid, Name, Type, Status string
	Owner                    int
	Due                      time.Time
	Progress                 float64 // percent
	Created, Modified        time.Time
}

// Activity is an entry of the timeline.
type Activity struct {
	Gsid, Subject, Notes, Type, ExternalID string
	Author                                 int
	At, Created, Modified                  time.Time
}

// Survey is an answer to a survey.
type Survey struct {
	Gsid, Email, Comment string
	Score                Opt[int] // 0–10
	At                   time.Time
}

// Usage is the use of the product in one month.
type Usage struct {
	Gsid                   string
	Month                  time.Time // its first day
	DAU, WAU, MAU          int
	Logins, Minutes, Seats int
	Features               Opt[float64] // share of the features in use, 0–1
}
