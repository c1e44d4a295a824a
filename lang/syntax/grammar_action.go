package syntax

// actionsBlock describes together, then and recovered, which hold actions.
func actionsBlock(name, doc string) *BlockSpec {
	return &BlockSpec{
		Name: name, Once: true, Doc: doc,
		Blocks: []*BlockSpec{updateAction, createAction, upsertAction, deleteAction, sendAction, callAction},
		Hints: map[string]string{
			"insert": `A new record is written create "NAME" { … }.`,
			"notify": `A message is written send "NAME" { … }.`,
			"post":   `A message is written send "NAME" { … }; an HTTP request, call "NAME" { … }.`,
			"http":   `An HTTP request is written call "NAME" { … }.`,
			"find":   `Finds stand in the trigger itself, before its actions.`,
			"set":    `Fields stand in the set block of an action: update "FIND" { set { … } }.`,
		},
	}
}

var ifAttr = attr("if", Expression, "Only when this is true; unknown is not.")

var updateAction = &BlockSpec{
	Name: "update", Labels: label("FIND"), Repeats: true,
	Doc: "Changes the record of a find, of an earlier create, or `new` itself.",
	Attrs: []*AttrSpec{
		ifAttr,
		attr("apply", RuleRef, "A sync whose map is written now, with this group."),
		eachAttr,
	},
	Blocks: []*BlockSpec{mapBlock("set")},
	Hints: map[string]string{
		"in":    `An update names the record by its label: the name of a find, of an earlier create, or new.`,
		"by":    `The record is looked up in a find block, whose name is the label of the update.`,
		"map":   `Fields stand in set { … }.`,
		"where": `A condition on the action is written if.`,
	},
}

var createAction = &BlockSpec{
	Name: "create", Labels: label("NAME"),
	Doc: "Creates a record. Later actions use its id as NAME.Id, whatever the key of the object is called.",
	Attrs: []*AttrSpec{
		required("in", ObjectRef, "The object of which a record is created."),
		attr("key", KeyField, `The field that makes the create safe to repeat: a name, for a generated value, or { FIELD = EXPRESSION }.`),
		ifAttr,
		eachAttr,
	},
	Blocks: []*BlockSpec{mapBlock("set")},
	Hints: map[string]string{
		"map":   `Fields stand in set { … }.`,
		"where": `A condition on the action is written if.`,
		"to":    `The object is written in = CONNECTION.OBJECT.`,
	},
}

var upsertAction = &BlockSpec{
	Name: "upsert", Labels: label("NAME"),
	Doc: "Changes the record that has the key, or creates it.",
	Attrs: []*AttrSpec{
		required("in", ObjectRef, "The object of which a record is written."),
		required("key", KeyField, "The field that says which record it is: { FIELD = EXPRESSION }."),
		ifAttr,
		eachAttr,
	},
	Blocks: []*BlockSpec{mapBlock("set"), writeBlock},
	Hints:  createAction.Hints,
}

var deleteAction = &BlockSpec{
	Name: "delete", Labels: label("FIND"),
	Doc:   "Deletes the record of a find, or `new` itself.",
	Attrs: []*AttrSpec{ifAttr},
	Hints: updateAction.Hints,
}

var sendAction = &BlockSpec{
	Name: "send", Labels: label("NAME"),
	Doc: "Sends a message. Its arguments are those of the system that sends.",
	Attrs: []*AttrSpec{
		required("via", ConnectionRef, "The connection that sends."),
		ifAttr,
		eachAttr,
	},
	Free:  attr("", Argument, "An argument of the system, such as channel, to or text."),
	Hints: map[string]string{"message": `The arguments are those of the system; most call it text.`},
}

var callAction = &BlockSpec{
	Name: "call", Labels: label("NAME"),
	Doc: "Sends an HTTP request.",
	Attrs: []*AttrSpec{
		required("via", ConnectionRef, "The connection whose address and credentials are used."),
		ifAttr,
		eachAttr,
	},
	Free: attr("", Argument, "An argument of the system, such as method, path or body."),
	Hints: map[string]string{
		"url": `The address is that of the connection; what follows it is written path.`,
	},
}
