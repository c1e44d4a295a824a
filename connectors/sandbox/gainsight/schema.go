package gainsight

import (
	"fmt"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/world"
)

// Data types as describe names them.
const (
	tString   = "STRING"
	tGsid     = "GSID"
	tDateTime = "DATETIME"
	tDate     = "DATE"
	tLookup   = "LOOKUP"
	tPick     = "PICKLIST"
	tMulti    = "MULTISELECTDROPDOWNLIST"
	tNumber   = "NUMBER"
	tCurrency = "CURRENCY"
	tPercent  = "PERCENTAGE"
	tBool     = "BOOLEAN"
	tEmail    = "EMAIL"
	tURL      = "URL"
	tRich     = "RICHTEXTAREA"
	tSfdc     = "SFDCID"
)

// fieldDef is one field of an object.
type fieldDef struct {
	name, label, typ string
	length           int
	decimals         int
	target           string // of a lookup
	link             string // name of the path through a lookup
	picks            *category
	required         bool
	system           bool // set by the platform only
	slot             int
}

// objectDef is one object.
type objectDef struct {
	name, label, typ, prefix string
	fields                   []*fieldDef
	byName                   map[string]*fieldDef // lower case
	modified                 string               // lower case; "" none
	writable                 bool                 // by the object API
}

// field finds a field by its name in any case.
func (o *objectDef) field(name string) *fieldDef { return o.byName[strings.ToLower(name)] }

// category is a picklist.
type category struct {
	id, name string
	items    []*option
	byLabel  map[string]*option // lower case
	byID     map[string]*option
}

// option is an item of a picklist.
type option struct {
	id, label string
	active    bool
}

// catalog is the schema of the tenant.
type catalog struct {
	objects    map[string]*objectDef // lower case
	order      []*objectDef
	categories map[string]*category // by id
	next       uint64               // number of the next picklist item
}

func newCatalog() *catalog {
	c := &catalog{objects: map[string]*objectDef{}, categories: map[string]*category{}}
	c.addStandard()
	c.addCockpit()
	c.addPeople()
	c.addCustom()
	c.addLogs()
	return c
}

// pick makes a picklist; a label that begins with "-" is inactive.
func (c *catalog) pick(name string, labels ...string) *category {
	cat := &category{id: c.itemID(), name: name, byLabel: map[string]*option{}, byID: map[string]*option{}}
	for _, label := range labels {
		c.addItem(cat, strings.TrimPrefix(label, "-"), !strings.HasPrefix(label, "-"))
	}
	c.categories[cat.id] = cat
	return cat
}

func (c *catalog) addItem(cat *category, label string, active bool) *option {
	o := &option{id: c.itemID(), label: label, active: active}
	cat.items = append(cat.items, o)
	cat.byLabel[strings.ToLower(label)] = o
	cat.byID[o.id] = o
	return o
}

func (c *catalog) itemID() string {
	c.next++
	return world.Gsid(world.GsidPicklist, c.next)
}

// object adds an object with its own fields and those that all objects have.
func (c *catalog) object(name, label, typ, prefix string, fields ...*fieldDef) *objectDef {
	o := &objectDef{name: name, label: label, typ: typ, prefix: prefix, byName: map[string]*fieldDef{}, modified: "modifieddate"}
	o.writable = name == "company" || name == "relationship" || typ == "CUSTOM"
	all := append([]*fieldDef{
		{name: "Gsid", label: "GSID", typ: tGsid, length: 220, system: true},
		{name: "Name", label: "Name", typ: tString, length: 255},
	}, fields...)
	all = append(all,
		&fieldDef{name: "CreatedDate", label: "Created Date", typ: tDateTime, system: true},
		lookup("CreatedBy", "Created By", "gsuser").sys(),
		&fieldDef{name: "ModifiedDate", label: "Modified Date", typ: tDateTime, system: true},
		lookup("ModifiedBy", "Modified By", "gsuser").sys(),
	)
	for _, f := range all {
		o.add(f)
	}
	c.objects[name] = o
	c.order = append(c.order, o)
	return o
}

// add adds a field, or changes one of the same name in its place.
func (o *objectDef) add(f *fieldDef) {
	key := strings.ToLower(f.name)
	if old := o.byName[key]; old != nil {
		f.slot = old.slot
		o.fields[f.slot] = f
	} else {
		f.slot = len(o.fields)
		o.fields = append(o.fields, f)
	}
	o.byName[key] = f
}

// drop takes a field out again; the slots after it move.
func (o *objectDef) drop(name string) {
	delete(o.byName, strings.ToLower(name))
	kept := o.fields[:0:0]
	for _, f := range o.fields {
		if f.name != name {
			f.slot = len(kept)
			kept = append(kept, f)
		}
	}
	o.fields = kept
}

func (f *fieldDef) sys() *fieldDef { f.system = true; return f }
func (f *fieldDef) req() *fieldDef { f.required = true; return f }

func str(name, label string, length int) *fieldDef {
	return &fieldDef{name: name, label: label, typ: tString, length: length}
}

func typed(name, label, typ string) *fieldDef {
	length := map[string]int{tEmail: 255, tURL: 1300, tRich: 32000, tSfdc: 18}[typ]
	return &fieldDef{name: name, label: label, typ: typ, length: length}
}

func num(name, label, typ string, decimals int) *fieldDef {
	return &fieldDef{name: name, label: label, typ: typ, decimals: decimals}
}

func lookup(name, label, target string) *fieldDef {
	return &fieldDef{name: name, label: label, typ: tLookup, length: 220, target: target, link: strings.TrimSuffix(name, "__gc") + "__gr"}
}

func picked(name, label string, cat *category) *fieldDef {
	return &fieldDef{name: name, label: label, typ: tPick, length: 255, picks: cat}
}

func (c *catalog) addStandard() {
	c.object("company", "Company", "STANDARD", world.GsidCompany,
		str("Name", "Name", 255).req(), typed("SfdcAccountId", "SFDC Account Id", tSfdc),
		picked("Stage", "Stage", c.pick("Stage", "Onboarding", "Adoption", "Renewal", "Expansion", "Churned", "-Kickoff")),
		picked("Status", "Status", c.pick("Status", "Active", "Inactive", "Churn")),
		num("Arr", "ARR", tCurrency, 2), typed("RenewalDate", "Renewal Date", tDate), lookup("Csm", "CSM", "gsuser"),
		picked("Industry", "Industry", c.pick("Industry", "Technology", "Banking", "Healthcare", "Manufacturing", "Retail", "Energy", "Education",
			"Media", "Insurance", "Transportation", "Telecommunications", "Consulting")),
		num("Employees", "Employees", tNumber, 0), typed("Summary", "Summary", tRich), lookup("ParentCompany", "Parent Company", "company"),
		num("Health_Score__gc", "Health Score", tNumber, 2), picked("Risk_Category__gc", "Risk Category", c.pick("Risk Category", "Healthy", "Watch", "At Risk")),
		num("Usage_Score__gc", "Usage Score", tNumber, 2), num("Support_Score__gc", "Support Score", tNumber, 2), num("Nps__gc", "NPS", tNumber, 0),
		num("DAU__gc", "Daily Active Users", tNumber, 0), num("WAU__gc", "Weekly Active Users", tNumber, 0),
		picked("Success_Plan_Status__gc", "Success Plan Status", c.pick("Success Plan Status", "Not Started", "On Track", "At Risk", "Completed")),
		&fieldDef{name: "Products__gc", label: "Products", typ: tMulti, length: 500, picks: c.pick("Products", "Core", "Analytics", "Mobile", "API; webhooks")},
		typed("Strategic__gc", "Strategic", tBool), typed("Last_QBR__gc", "Last QBR", tDateTime), str("External_Id__gc", "External Id", 80),
		typed("Website__gc", "Website", tURL),
	)
	c.object("relationship", "Relationship", "STANDARD", "1P05C503CKNHR9B14K", str("Name", "Name", 255).req(), lookup("CompanyId", "Company", "company").req(),
		lookup("TypeId", "Type", "da_picklist"))
	users := c.object("gsuser", "User", "STANDARD", world.GsidUser, str("FirstName", "First Name", 80), str("LastName", "Last Name", 80),
		typed("Email", "Email", tEmail), str("SFDCUserName", "SFDC User Name", 255), typed("IsActiveUser", "Is Active User", tBool),
		str("LicenseType", "License Type", 80), lookup("Manager", "Manager", "gsuser"))
	users.field("Manager").link = "Manager__gr"
	c.object("da_picklist", "Picklist", "SYSTEM", world.GsidPicklist, str("CategoryId", "Category Id", 220), str("CategoryName", "Category", 255), typed("Active", "Active", tBool))
}

func (c *catalog) addCockpit() {
	types := c.pick("CTA_TYPE", "Risk", "Renewal", "Expansion", "Lifecycle", "Objective")
	reasons := c.pick("CTA_REASON", "Usage Drop", "Low NPS", "Sponsor Change", "Support Escalation", "Upcoming Renewal", "Contract Change",
		"Seat Limit Reached", "New Use Case", "Onboarding", "Business Review")
	status := c.pick("CTA_STATUS", "New", "Work In Progress", "Closed Success", "Closed Lost", "Closed Invalid")
	priority := c.pick("CTA_PRIORITY", "High", "Medium", "Low")
	ref := func(name, label string, cat *category) *fieldDef {
		f := lookup(name, label, "da_picklist")
		f.picks = cat
		return f
	}
	c.object("call_to_action", "Call To Action", "STANDARD", world.GsidCTA, str("Name", "Name", 255).req(), lookup("CompanyId", "Company", "company").req(),
		lookup("OwnerId", "Owner", "gsuser"), ref("TypeId", "Type Id", types), ref("ReasonId", "Reason Id", reasons), ref("StatusId", "Status Id", status),
		ref("PriorityId", "Priority Id", priority), typed("DueDate", "Due Date", tDate), typed("ClosedDate", "Closed Date", tDateTime), typed("Comments", "Comments", tRich),
		typed("IsClosed", "Is Closed", tBool).sys(), typed("IsImportant", "Is Important", tBool), str("EntityType", "Entity Type", 80).sys(),
		str("Syncline_Key__gc", "Syncline Key", 80), lookup("CtaGroupId", "Success Plan", "cta_group"))
	c.object("cs_task", "CS Task", "STANDARD", world.GsidTask, str("Name", "Name", 255).req(), lookup("CtaId", "CTA", "call_to_action").req(),
		lookup("CompanyId", "Company", "company"), lookup("OwnerId", "Owner", "gsuser"), ref("StatusId", "Status Id", c.pick("TASK_STATUS", "Open", "In Progress", "Completed", "Closed")),
		ref("PriorityId", "Priority Id", priority), typed("DueDate", "Due Date", tDate), typed("IsClosed", "Is Closed", tBool).sys(), typed("Description", "Description", tRich),
		str("Syncline_Key__gc", "Syncline Key", 80))
	c.object("cta_group", "Success Plan", "STANDARD", world.GsidPlan, str("Name", "Name", 255).req(), lookup("CompanyId", "Company", "company").req(),
		lookup("OwnerId", "Owner", "gsuser"), ref("TypeId", "Type Id", c.pick("SUCCESS_PLAN_TYPE", "Onboarding", "Adoption", "Renewal", "Expansion", "ROI")),
		ref("StatusId", "Status Id", c.pick("SUCCESS_PLAN_STATUS", "Draft", "Not Started", "On Track", "At Risk", "Active", "Completed", "Closed")),
		typed("DueDate", "Due Date", tDate), num("Progress", "Progress", tPercent, 2))
}

func (c *catalog) addPeople() {
	c.object("person", "Person", "STANDARD", world.GsidPerson, str("FirstName", "First Name", 80), str("MiddleName", "Middle Name", 80), str("LastName", "Last Name", 80),
		typed("Email", "Email", tEmail), typed("LinkedinUrl", "LinkedIn", tURL), str("Location", "Location", 255), str("Timezone", "Timezone", 80),
		typed("Comments", "Comments", tRich), str("ExternalRecordID__gc", "External Record ID", 120), typed("EmailOptOut", "Email Opt Out", tBool))
	cp := c.object("company_person", "Company Person", "STANDARD", world.GsidCompanyPerson, lookup("Person_ID", "Person", "person"), lookup("Company_ID", "Company", "company"),
		str("Role", "Role", 120), str("Title", "Title", 120), typed("IsPrimaryCompany", "Is Primary Company", tBool), typed("Active", "Active", tBool))
	cp.field("Person_ID").link, cp.field("Company_ID").link = "Person_ID__gr", "Company_ID__gr"
	tl := c.object("activity_timeline", "Timeline Activity", "STANDARD", world.GsidActivity, str("Subject", "Subject", 500), typed("Notes", "Notes", tRich),
		typed("ActivityDate", "Activity Date", tDateTime), str("ContextName", "Context Name", 80), str("TypeName", "Type Name", 80), lookup("AuthorId", "Author", "gsuser"),
		lookup("GsCompanyId", "Company", "company"), str("ExternalId", "External Id", 255), str("ExternalAttendees", "External Attendees", 1000), str("InternalAttendees", "Internal Attendees", 1000))
	// The timeline has its own name for the time of change.
	tl.drop("ModifiedDate")
	tl.drop("Name")
	tl.add(typed("LastModifiedDate", "Last Modified Date", tDateTime).sys())
	tl.modified = "lastmodifieddate"
}

func (c *catalog) addCustom() {
	c.object("survey_response__gc", "Survey Response", "CUSTOM", world.GsidSurvey, lookup("Company__gc", "Company", "company"),
		typed("Respondent_Email__gc", "Respondent Email", tEmail), num("Score__gc", "Score", tNumber, 0), typed("Comment__gc", "Comment", tRich),
		typed("Responded_On__gc", "Responded On", tDateTime), str("External_Id__gc", "External Id", 80))
	c.object("product_usage__gc", "Product Usage", "CUSTOM", world.GsidUsage, lookup("Company__gc", "Company", "company"), typed("Month__gc", "Month", tDate),
		num("DAU__gc", "DAU", tNumber, 0), num("WAU__gc", "WAU", tNumber, 0), num("MAU__gc", "MAU", tNumber, 0), num("Logins__gc", "Logins", tNumber, 0),
		num("Minutes__gc", "Minutes", tNumber, 0), num("Seats__gc", "Seats", tNumber, 0), num("Feature_Adoption__gc", "Feature Adoption", tPercent, 4),
		str("External_Id__gc", "External Id", 80))
}

func (c *catalog) addLogs() {
	log := c.object("record_delete_log", "Record Delete Log", "SYSTEM", "1D01C503CKNHR9B14K", str("RecordId", "Record Id", 220), str("ObjectName", "Object Name", 255),
		typed("DeletedOn", "Deleted On", tDateTime))
	log.drop("Name")
	for _, f := range log.fields {
		f.system = true
	}
}

// item is a picklist's item, made when it is not there yet: the world knows values that the schema does not list.
func (c *catalog) item(cat *category, label string) *option {
	if o := cat.byLabel[strings.ToLower(label)]; o != nil {
		return o
	}
	return c.addItem(cat, label, false)
}

func (f *fieldDef) String() string { return fmt.Sprintf("%s %s", f.name, f.typ) }
