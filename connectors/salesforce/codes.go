package salesforce

import (
	"time"

	"github.com/syncline/syncline/connectors"
)

// code is what an error code of Salesforce means to us.
type code struct {
	class connectors.Class
	hint  string
	wait  time.Duration
}

const (
	schemaHint  = "the schema has changed, or the user of the connection may not see this; run syncline schema diff"
	storageHint = "the organisation is full; an administrator must make room"
)

// codes are the error codes that we know. Others are of class Permanent for a call, and as their status says.
var codes = map[string]code{
	// The same again may succeed.
	"UNABLE_TO_LOCK_ROW":                    {class: connectors.Retry},
	"SERVER_UNAVAILABLE":                    {class: connectors.Retry},
	"REQUEST_RUNNING_TOO_LONG":              {class: connectors.Retry},
	"QUERY_TIMEOUT":                         {class: connectors.Retry, hint: "filter by a field that has an index, such as an external id or SystemModstamp"},
	"TOO_MANY_APEX_REQUESTS":                {class: connectors.Retry},
	"ALL_OR_NONE_OPERATION_ROLLED_BACK":     {class: connectors.Retry},
	"PROCESSING_HALTED":                     {class: connectors.Retry},
	"BATCH_PROCESSING_HALTED":               {class: connectors.Retry},
	"UNKNOWN_EXCEPTION":                     {class: connectors.Retry},
	"INVALID_QUERY_LOCATOR":                 {class: connectors.Permanent, hint: "the read took longer than Salesforce keeps a query"},
	"FUNCTIONALITY_TEMPORARILY_UNAVAILABLE": {class: connectors.Retry, wait: time.Minute},
	"PLATFORM_EVENT_PUBLISHING_UNAVAILABLE": {class: connectors.Retry, wait: time.Minute},
	"ORG_LOCKED":                            {class: connectors.Retry, wait: time.Minute, hint: "the organisation is locked, as during a release"},

	// Quotas.
	"REQUEST_LIMIT_EXCEEDED": {class: connectors.Limit, wait: time.Hour, hint: "the organisation's API calls of the last 24 hours are used up"},
	"STORAGE_LIMIT_EXCEEDED": {class: connectors.Limit, wait: time.Hour, hint: storageHint},
	"EXCEEDED_QUOTA":         {class: connectors.Limit, wait: time.Hour},

	// Who we are.
	"INVALID_SESSION_ID":     {class: connectors.Auth, hint: "the session was refused right after a new login"},
	"INVALID_LOGIN":          {class: connectors.Auth},
	"API_DISABLED_FOR_ORG":   {class: connectors.Auth, hint: "give the user of the connection the permission API Enabled; some editions have no API"},
	"API_CURRENTLY_DISABLED": {class: connectors.Auth, hint: "give the user of the connection the permission API Enabled"},
	"FORBIDDEN":              {class: connectors.Permanent, hint: "the app lacks an OAuth scope; it needs api"},

	// The call is wrong: no record of it can succeed.
	"INVALID_FIELD":                   {class: connectors.Permanent, hint: schemaHint},
	"INVALID_TYPE":                    {class: connectors.Permanent, hint: schemaHint},
	"INVALID_FIELD_FOR_INSERT_UPDATE": {class: connectors.Permanent, hint: "the user of the connection may not write this field"},
	"MALFORMED_QUERY":                 {class: connectors.Permanent},
	"UNSUPPORTED_API_VERSION":         {class: connectors.Permanent, hint: "set api_version in the connection to one that the organisation has"},
	"METHOD_NOT_ALLOWED":              {class: connectors.Permanent},
	"INSUFFICIENT_ACCESS":             {class: connectors.Permanent, hint: "the user of the connection may not do this"},

	// The record that is meant is not there.
	"ENTITY_IS_DELETED": {class: connectors.Gone},
	"NOT_FOUND":         {class: connectors.Gone},

	// The record is wrong for the target.
	"REQUIRED_FIELD_MISSING":                        reject("map the missing fields, or give them a default"),
	"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST":       reject("map the value to one of the picklist's"),
	"STRING_TOO_LONG":                               reject("shorten it: truncate(x, n)"),
	"FIELD_CUSTOM_VALIDATION_EXCEPTION":             reject("a validation rule of the organisation refuses this"),
	"FIELD_INTEGRITY_EXCEPTION":                     reject(""),
	"FIELD_FILTER_VALIDATION_EXCEPTION":             reject("a lookup filter of the organisation refuses this"),
	"INVALID_EMAIL_ADDRESS":                         reject(""),
	"NUMBER_OUTSIDE_VALID_RANGE":                    reject(""),
	"DUPLICATE_VALUE":                               reject("another record has this value, which must be unique"),
	"DUPLICATE_EXTERNAL_ID":                         reject("merge or correct the records that share this key; make the field unique in Setup so that it cannot happen again"),
	"DUPLICATES_DETECTED":                           reject("a duplicate rule of the organisation stops this; where it only warns, allow_duplicates = true in the connection saves the record"),
	"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY":          reject("a trigger or flow of the organisation failed"),
	"CANNOT_EXECUTE_FLOW_TRIGGER":                   reject("a flow of the organisation failed"),
	"CANNOT_UPDATE_CONVERTED_LEAD":                  reject("the lead was converted; match its contact or account"),
	"ENTITY_IS_LOCKED":                              reject("the record is locked, as by an approval"),
	"INVALID_CROSS_REFERENCE_KEY":                   reject("a reference points to a record that is not there or of another object"),
	"MALFORMED_ID":                                  reject("this is not the id of such a record"),
	"INVALID_ID_FIELD":                              reject("this is not the id of such a record"),
	"JSON_PARSER_ERROR":                             reject("a value does not fit its field's type"),
	"MISSING_ARGUMENT":                              reject(""),
	"INVALID_STATUS":                                reject(""),
	"INVALID_TYPE_ON_FIELD_IN_RECORD":               reject("a value does not fit its field's type"),
	"TRANSFER_REQUIRES_READ":                        reject("the new owner may not read this object"),
	"INACTIVE_OWNER_OR_USER":                        reject("the user is inactive"),
	"OP_WITH_INVALID_USER_TYPE_EXCEPTION":           reject("the user is inactive or of a type that cannot own this"),
	"DELETE_FAILED":                                 reject("other records depend on it"),
	"DEPENDENCY_EXISTS":                             reject("other records depend on it"),
	"SELF_REFERENCE_FROM_TRIGGER":                   reject("a trigger of the organisation writes the same record"),
	"INSUFFICIENT_ACCESS_OR_READONLY":               reject("the user of the connection may not change this record"),
	"INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": reject("the user of the connection may not see or change a record that this one refers to"),
}

func reject(hint string) code { return code{class: connectors.Reject, hint: hint} }
