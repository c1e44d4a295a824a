package syntax

var connectionBlock = &BlockSpec{
	Name:   "connection",
	Labels: []LabelSpec{{Name: "SYSTEM"}, {Name: "NAME"}},
	Doc:    "A configured account on a system. Its settings are those of the system.",
	Free:   attr("", Setting, "A setting of the system."),
	Blocks: []*BlockSpec{limitsBlock, allowBlock, objectBlock, pauseBlock, eventsBlock},
	Hints: map[string]string{
		"webhook":  `How the system tells of changes is written: events { signature = "…" }.`,
		"on_event": `Rules have on_event; how the system tells of its changes is written here: events { signature = "…" }.`,
		"guard":    `Allowed writes of a connection are: allow { write = ["OBJECT.FIELD"] }. A guard stands in a sync.`,
	},
}

var limitsBlock = &BlockSpec{
	Name: "limits", Once: true,
	Doc: "Limits of this project on the connection, below those of the system.",
	Attrs: []*AttrSpec{
		attr("calls_per_day", Whole, "Most API calls in a day."),
		attr("calls_per_minute", Whole, "Most API calls in a minute."),
		attr("concurrent", Whole, "Most API calls at once."),
	},
}

var allowBlock = &BlockSpec{
	Name: "allow", Once: true,
	Doc: "All that this project may ever write here.",
	Attrs: []*AttrSpec{
		required("write", TextList, `Patterns OBJECT.FIELD, where * stands for any letters: "Account.*__c".`),
	},
}

var objectBlock = &BlockSpec{
	Name: "object", Labels: label("NAME"),
	Doc: "A file, table or query that the rules read or write as an object.",
	Attrs: []*AttrSpec{
		attr("columns", ColumnMap, `Columns and their kinds: { Name = "text", Score = "number" }.`),
	},
	Free:   attr("", Setting, "A setting of the object."),
	Blocks: []*BlockSpec{columnBlock},
}

var columnBlock = &BlockSpec{
	Name: "column", Labels: label("NAME"),
	Doc: "One column of an object.",
	Attrs: []*AttrSpec{
		attr("from", PlainText, "The column's own name, where it is another."),
		choice("type", "The kind of its values.", ColumnKinds...),
		attr("length", Whole, "Most characters of a text."),
	},
}

// ColumnKinds are the kinds that a column can be declared as.
var ColumnKinds = []string{"any", "text", "integer", "number", "boolean", "date", "datetime", "time",
	"picklist", "multipicklist", "reference", "id", "email", "url", "phone"}

var pauseBlock = &BlockSpec{
	Name: "pause", Labels: label("NAME"),
	Doc: "A maintenance window: in a connection nothing is sent to it, in a sync the sync does not run.",
	Attrs: []*AttrSpec{
		required("cron", PlainText, "When the window opens."),
		required("for", Duration, "How long it stays open."),
		attr("timezone", PlainText, "The zone of cron, such as \"Europe/Berlin\"; UTC when not written."),
	},
}

var tableBlock = &BlockSpec{
	Name: "table", Labels: label("NAME"),
	Doc: "A value map: table.NAME(key) in expressions.",
	Attrs: []*AttrSpec{
		required("rows", RowMap, `Keys and values: { "At Risk" = "Red" }.`),
		attr("default", Literal, "The value for a key that is not in the rows; without it such a record is rejected."),
		attr("ignore_case", Flag, "Keys are compared without regard to letter case."),
		laterAttr("key", "Several texts as one key."),
	},
}

var variableBlock = &BlockSpec{
	Name: "variable", Labels: label("NAME"),
	Doc: "A value given from outside: vars.NAME in expressions.",
	Attrs: []*AttrSpec{
		choice("type", "The type of the value; told from the default when not written.", "text", "number", "integer", "bool"),
		attr("default", Literal, "The value when none is given."),
		attr("description", PlainText, "What it is for."),
	},
}
