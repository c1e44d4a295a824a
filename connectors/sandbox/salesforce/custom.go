package salesforce

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// props are keys of a field's describe.
type props = map[string]any

// newField makes a field's describe with all 57 keys, as a nullable writable field of its type, and then sets what is given.
func newField(name, label, typ string, set props) map[string]any {
	f := map[string]any{
		"aggregatable": true, "aiPredictionField": false, "autoNumber": false, "byteLength": 0, "calculated": false, "calculatedFormula": nil,
		"cascadeDelete": false, "caseSensitive": false, "compoundFieldName": nil, "controllerName": nil, "createable": true,
		"custom": strings.HasSuffix(name, "__c"), "defaultValue": nil, "defaultValueFormula": nil, "defaultedOnCreate": false, "dependentPicklist": false,
		"deprecatedAndHidden": false, "digits": 0, "displayLocationInDecimal": false, "encrypted": false, "externalId": false, "extraTypeInfo": nil,
		"filterable": true, "filteredLookupInfo": nil, "formulaTreatNullNumberAsZero": false, "groupable": true, "highScaleNumber": false,
		"htmlFormatted": false, "idLookup": false, "inlineHelpText": nil, "label": label, "length": 0, "mask": nil, "maskType": nil, "name": name,
		"nameField": false, "namePointing": false, "nillable": true, "permissionable": true, "picklistValues": []any{}, "polymorphicForeignKey": false,
		"precision": 0, "queryByDistance": false, "referenceTargetField": nil, "referenceTo": []any{}, "relationshipName": nil, "relationshipOrder": nil,
		"restrictedDelete": false, "restrictedPicklist": false, "scale": 0, "searchPrefilterable": false, "soapType": soapTypes[typ], "sortable": true,
		"type": typ, "unique": false, "updateable": true, "writeRequiresMasterRead": false,
	}
	switch typ {
	case "boolean":
		set = merge(props{"nillable": false, "defaultedOnCreate": true, "defaultValue": false, "aggregatable": false}, set)
	case "double", "currency", "percent", "datetime":
		set = merge(props{"groupable": false}, set)
	case "picklist":
		set = merge(props{"length": 255}, set)
	case "reference":
		set = merge(props{"length": 18, "byteLength": 18}, set)
	}
	maps.Copy(f, set)
	// JSON numbers: what is read back from a file must look the same.
	for k, v := range f {
		if n, ok := v.(int); ok {
			f[k] = float64(n)
		}
	}
	if n := f["length"].(float64); f["byteLength"] == 0.0 {
		f["byteLength"] = n * 3
	}
	return f
}

func merge(a, b props) props {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

var soapTypes = map[string]string{"id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
	"currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime", "string": "xsd:string", "picklist": "xsd:string",
	"combobox": "xsd:string", "textarea": "xsd:string", "email": "xsd:string", "phone": "xsd:string", "url": "xsd:string"}

func readOnly(more props) props { return merge(props{"createable": false, "updateable": false}, more) }

func textField(name, label string, length int, set props) map[string]any {
	return newField(name, label, "string", merge(props{"length": length}, set))
}

// keyField is a text that is an external id and unique.
func keyField(name, label string, length int) map[string]any {
	return textField(name, label, length, props{"externalId": true, "idLookup": true, "unique": true})
}

func numberField(name, label, typ string, precision, scale int) map[string]any {
	return newField(name, label, typ, props{"precision": precision, "scale": scale})
}

func pickField(name, label string, restricted bool, values ...string) map[string]any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = choice(strings.TrimPrefix(v, "*"), strings.HasPrefix(v, "*"))
	}
	return newField(name, label, "picklist", props{"restrictedPicklist": restricted, "picklistValues": list,
		"defaultedOnCreate": slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, "*") })})
}

// refField is a reference; its relationship's name is the field's without Id.
func refField(name, label string, set props, to ...string) map[string]any {
	list := make([]any, len(to))
	for i, t := range to {
		list[i] = t
	}
	return newField(name, label, "reference", merge(props{"referenceTo": list, "relationshipName": strings.TrimSuffix(name, "Id"),
		"polymorphicForeignKey": len(to) > 1, "namePointing": len(to) > 1}, set))
}

// audit are the fields that every object has.
func audit() []map[string]any {
	fixed := props{"createable": false, "updateable": false, "nillable": false, "defaultedOnCreate": true, "permissionable": false}
	return []map[string]any{
		newField("IsDeleted", "Deleted", "boolean", merge(fixed, props{"permissionable": false})),
		newField("CreatedDate", "Created Date", "datetime", fixed),
		refField("CreatedById", "Created By ID", fixed, "User"),
		newField("LastModifiedDate", "Last Modified Date", "datetime", fixed),
		refField("LastModifiedById", "Last Modified By ID", fixed, "User"),
		newField("SystemModstamp", "System Modstamp", "datetime", fixed),
	}
}

func idField(label string) map[string]any {
	return newField("Id", label, "id", props{"createable": false, "updateable": false, "nillable": false, "defaultedOnCreate": true, "permissionable": false,
		"length": 18, "byteLength": 18, "idLookup": true})
}

// orgDescriptions are the objects of the sandbox: recorded standard objects, some written by hand, and the custom
// fields that the examples work with.
func orgDescriptions() ([]description, error) {
	byName := map[string]description{}
	var list []description
	for _, name := range []string{"Account", "Contact", "Opportunity", "Case", "Event"} {
		d, err := recordedObject(name)
		if err != nil {
			return nil, fmt.Errorf("the recorded describe of %s: %w", name, err)
		}
		byName[name] = d
		list = append(list, d)
	}
	customize(byName)
	task := taskFrom(byName["Event"])
	return append(list, task, userObject(), feedItemObject()), nil
}

// customize adds what an admin of this org has added.
func customize(objects map[string]description) {
	objects["Account"].add(
		numberField("Health_Score__c", "Health Score", "double", 5, 2),
		pickField("Risk_Tier__c", "Risk Tier", true, "Red", "Yellow", "Green"),
		pickField("Success_Plan_Status__c", "Success Plan Status", false, "Not Started", "On Track", "At Risk", "Completed"),
		numberField("Product_Engagement__c", "Product Engagement", "double", 6, 4),
		numberField("NPS__c", "NPS", "double", 3, 0),
		keyField("Gainsight_GSID__c", "Gainsight GSID", 36),
		newField("Health_Updated_At__c", "Health Updated At", "datetime", nil),
		textField("Health_Summary__c", "Health Summary", 80, nil),
		newField("Legacy_Score__c", "Legacy Score", "double", readOnly(props{"precision": 18, "scale": 1, "calculated": true,
			"calculatedFormula": "Health_Score__c / 10", "formulaTreatNullNumberAsZero": true})),
		textField("Locked__c", "Locked", 40, readOnly(nil)),
	)
	o := objects["Opportunity"]
	o.addValues("Type", "Renewal", "Expansion")
	o.addValues("StageName", "At Risk", "Renewal Expected")
	o.add(pickField("CTA_Type__c", "CTA Type", false, "Risk", "Renewal", "Expansion"),
		numberField("Expected_Renewal_ARR__c", "Expected Renewal ARR", "currency", 18, 2),
		keyField("Syncline_Key__c", "Syncline Key", 80))
	objects["Case"].add(keyField("Syncline_Key__c", "Syncline Key", 80))
	objects["Contact"].add(numberField("NPS_Score__c", "NPS Score", "double", 2, 0))
}

// taskFrom derives Task from Event, whose activity fields it shares; no response of a real org is at hand.
func taskFrom(event description) description {
	d := description{}
	maps.Copy(d, event)
	maps.Copy(d, props{"name": "Task", "label": "Task", "labelPlural": "Tasks", "keyPrefix": "00T", "childRelationships": []any{}})
	shared := []string{"Id", "WhoId", "WhatId", "Subject", "ActivityDate", "OwnerId", "Description", "IsDeleted", "AccountId", "CreatedDate", "CreatedById",
		"LastModifiedDate", "LastModifiedById", "SystemModstamp", "IsArchived", "ReminderDateTime", "IsReminderSet", "IsRecurrence"}
	var fields []map[string]any
	for _, name := range shared {
		fields = append(fields, maps.Clone(event.field(name)))
	}
	d.setFields(fields)
	d.field("Id")["label"] = "Activity ID"
	d.field("ActivityDate")["label"] = "Due Date Only"
	subjects := pickField("Subject", "Subject", false, "Call", "Send Letter", "Send Quote", "Other")
	subjects["type"], subjects["nameField"] = "combobox", true
	status := pickField("Status", "Status", false, "*Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")
	priority := pickField("Priority", "Priority", false, "High", "*Normal", "Low")
	status["nillable"], priority["nillable"] = false, false
	closed := readOnly(props{"defaultedOnCreate": true})
	d.add(subjects, status, priority,
		newField("IsHighPriority", "High Priority", "boolean", closed),
		newField("IsClosed", "Closed", "boolean", closed),
		newField("CompletedDateTime", "Completed Date", "datetime", readOnly(nil)),
		newField("CallDurationInSeconds", "Call Duration", "int", props{"digits": 8}),
		pickField("CallType", "Call Type", true, "Internal", "Inbound", "Outbound"),
		textField("CallDisposition", "Call Result", 255, nil),
		textField("CallObject", "Call Object Identifier", 255, nil),
		taskSubtype(),
		keyField("Syncline_Key__c", "Syncline Key", 80),
		keyField("Gainsight_CTA__c", "Gainsight CTA", 36))
	return d
}

func taskSubtype() map[string]any {
	f := pickField("TaskSubtype", "Task Subtype", true, "Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn")
	f["updateable"] = false
	return f
}

func userObject() description {
	d := description{"name": "User", "label": "User", "labelPlural": "Users", "keyPrefix": "005", "deletable": false, "undeletable": false, "feedEnabled": true}
	required := props{"nillable": false}
	d.setFields(slices.Concat([]map[string]any{
		idField("User ID"),
		textField("Username", "Username", 80, merge(required, props{"idLookup": true, "unique": true})),
		textField("LastName", "Last Name", 80, merge(required, props{"extraTypeInfo": "personname"})),
		textField("FirstName", "First Name", 40, props{"extraTypeInfo": "personname"}),
		textField("Name", "Full Name", 121, readOnly(props{"nillable": false, "nameField": true})),
		textField("CompanyName", "Company Name", 80, nil), textField("Division", "Division", 80, nil), textField("Department", "Department", 80, nil),
		textField("Title", "Title", 80, nil),
		newField("Email", "Email", "email", props{"length": 128, "nillable": false, "idLookup": true}),
		newField("Phone", "Phone", "phone", props{"length": 40}),
		textField("Alias", "Alias", 8, required),
		newField("IsActive", "Active", "boolean", nil),
		pickField("UserType", "User Type", true, "*Standard", "PowerPartner", "AutomatedProcess"),
		pickField("TimeZoneSidKey", "Time Zone", true, "*GMT", "America/Los_Angeles", "Europe/Berlin"),
		pickField("LocaleSidKey", "Locale", true, "*en_US", "de_DE"), pickField("LanguageLocaleKey", "Language", true, "*en_US", "de"),
		refField("ManagerId", "Manager ID", nil, "User"),
		textField("EmployeeNumber", "Employee Number", 20, nil), textField("FederationIdentifier", "SAML Federation ID", 512, props{"caseSensitive": true}),
		newField("LastLoginDate", "Last Login", "datetime", readOnly(nil)),
	}, slices.DeleteFunc(audit(), func(f map[string]any) bool { return f["name"] == "IsDeleted" })))
	return d
}

func feedItemObject() description {
	d := description{"name": "FeedItem", "label": "Feed Item", "labelPlural": "Feed Items", "keyPrefix": "0D5", "layoutable": false, "undeletable": false}
	kind := pickField("Type", "Feed Item Type", true, "*TextPost", "LinkPost", "ContentPost", "AdvancedTextPost", "TrackedChange")
	kind["updateable"] = false
	d.setFields(slices.Concat([]map[string]any{
		idField("Feed Item ID"),
		refField("ParentId", "Parent ID", props{"nillable": false, "updateable": false}, "Account", "Case", "Contact", "Event", "Opportunity", "Task", "User"),
		kind,
		newField("Body", "Body", "textarea", props{"length": 10000, "filterable": false, "sortable": false, "groupable": false, "extraTypeInfo": "richtextarea"}),
		textField("Title", "Title", 255, props{"updateable": false}),
		newField("LinkUrl", "Link Url", "url", props{"length": 1000, "updateable": false}),
		newField("IsRichText", "Is Rich Text", "boolean", nil),
		newField("CommentCount", "Comment Count", "int", readOnly(props{"digits": 9})),
		newField("LikeCount", "Like Count", "int", readOnly(props{"digits": 9})),
	}, audit()))
	return d
}
