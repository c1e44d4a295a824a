package syntax

var triggerBlock = &BlockSpec{
	Name: "trigger", Labels: label("NAME"),
	Doc: "Reaction: when the condition becomes true for a record, the actions are done, once.",
	Attrs: []*AttrSpec{
		attr("title", PlainText, "A name for people."),
		attr("description", PlainText, "What the rule is for."),
		required("on", ObjectRef, "The object whose records are observed."),
		required("when", Expression, "Fires when this becomes true for a record; `new` is the record, `old` as it was last seen."),
		attr("rearm", Expression, "After it fired, it can fire again only when this was true; when not written, when `when` is false."),
		attr("where", Expression, "Only records for which this is true."),
		attr("cooldown", Duration, "The least time between two firings for a record."),
		attr("for", Duration, "How long when must have held."),
		choice("baseline", "What the first scan does with records that satisfy when.", "hold", "fire"),
		choice("first_seen", "What is done with records that appear later and satisfy when at once.", "fire", "hold"),
		attr("timezone", PlainText, "The zone of today(), date() and of schedules without one; UTC when not written."),
		attr("on_event", Flag, "true: each event is an observation, at once."),
		attr("requires", RefList, "Run only when these connections answer and these rules have succeeded once."),
		attr("after", RefList, "Run when these rules have run."),
		attr("enabled", Flag, "false: the rule is checked but never runs."),
		attr("manual", Flag, "true: it runs only by hand."),
		attr("tags", TextList, "Words to select rules by."),
		choice("missed_ticks", "What happens to schedule ticks that passed while nothing ran.", "last", "skip", "all"),
		eachAttr,
	},
	Blocks: []*BlockSpec{
		scheduleBlock, onEventBlock, triggerFindBlock,
		actionsBlock("together", "Actions that are done all or not at all, where the system can."),
		actionsBlock("then", "Actions that follow when the group is written."),
		actionsBlock("recovered", "Actions that are done when the record is armed again."),
		triggerGuardBlock, pauseBlock, sloBlock,
	},
	Hints: map[string]string{
		"from":       `The object that is observed is written on = CONNECTION.OBJECT.`,
		"source":     `The object that is observed is written on = CONNECTION.OBJECT.`,
		"to":         `What is written stands in the actions: update, create, upsert in together { … }.`,
		"target":     `What is written stands in the actions: update, create, upsert in together { … }.`,
		"map":        `A trigger writes by actions: together { update "FIND" { set { … } } }.`,
		"set":        `Fields stand in the set block of an action: together { update "FIND" { set { … } } }.`,
		"cron":       `Schedules are blocks: schedule { cron = "* * * * *" }.`,
		"match":      `Records are found with find "NAME" { in = …, by = … }, and named by the actions.`,
		"if":         `What makes the trigger fire is written when; an action has an if of its own.`,
		"condition":  `The condition is written when.`,
		"reset":      `The condition that arms the trigger again is written rearm.`,
		"hysteresis": `The condition that arms the trigger again is written rearm.`,
		"debounce":   `How long the condition must have held is written for = "10m".`,
		"rollout":    `A trigger has no rollout: its where says which records it is for.`,
		"action":     `Actions stand in together { … }: update, create, upsert, delete, send, call.`,
		"update":     `Actions stand in together { … }, in then { … } or in recovered { … }.`,
		"create":     `Actions stand in together { … }, in then { … } or in recovered { … }.`,
		"upsert":     `Actions stand in together { … }, in then { … } or in recovered { … }.`,
		"delete":     `Actions stand in together { … }, in then { … } or in recovered { … }.`,
		"send":       `Actions stand in together { … }, in then { … } or in recovered { … }.`,
		"call":       `Actions stand in together { … }, in then { … } or in recovered { … }.`,
		"field":      `A trigger writes by actions: together { update "FIND" { set { … } } }.`,
	},
}

var eachAttr = attr("for_each", EachMap, `One for each entry of { KEY = VALUE } or ["KEY"]: each.key and each.value in expressions.`)

// triggerFindBlock is a find that can also give every record.
var triggerFindBlock = &BlockSpec{
	Name: "find", Labels: label("NAME"),
	Doc: "A record that the actions need, by its name.",
	Attrs: append([]*AttrSpec{
		required("in", ObjectRef, "The object to look in."),
		choice("missing", "When none is found: error sends the firing to the dead letters.", "error", "empty"),
		choice("ambiguous", "When several are found and nothing decides.", "error", "skip"),
		attr("all", Flag, "true: every record is found, and an action on the find acts on each."),
	}, matchAttrs...),
	Hints: findBlock.Hints,
}

var triggerGuardBlock = &BlockSpec{
	Name: "guard", Once: true,
	Doc: "Blast radius: a run beyond the limit does nothing and waits for a person.",
	Attrs: []*AttrSpec{
		attr("max_firings", Whole, "Most firings of a run. 0 means none at all."),
	},
	Hints: map[string]string{
		"max_creates": `A trigger's run is limited by its firings: max_firings.`,
		"max_updates": `A trigger's run is limited by its firings: max_firings.`,
		"max_deletes": `A trigger's run is limited by its firings: max_firings.`,
		"max_clears":  `A trigger's run is limited by its firings: max_firings.`,
	},
}

var sloBlock = &BlockSpec{
	Name: "slo", Once: true,
	Doc: "What the rule promises. It is measured, shown and alerted on.",
	Attrs: []*AttrSpec{
		required("latency", Duration, "Most time from a change in the source to its write."),
	},
}

var rolloutBlock = &BlockSpec{
	Name: "rollout", Once: true,
	Doc: "A pilot cohort: only these source records are synced. Several conditions must all hold.",
	Attrs: []*AttrSpec{
		attr("where", Expression, "Only source records for which this is true."),
		attr("percent", Number, "This share of the records, always the same ones; a larger share only adds some."),
		attr("limit", Whole, "So many records; who is in stays in."),
		attr("by", Expression, "What the share is drawn by, where related records belong together; the record's id when not written."),
	},
}

var trackBlock = &BlockSpec{
	Name: "track", Labels: label("NAME"),
	Doc: "Keeps one sample of a value for each record and day: history.NAME.avg(days(90)) in triggers.",
	Attrs: []*AttrSpec{
		attr("title", PlainText, "A name for people."),
		attr("description", PlainText, "What the samples are for."),
		required("on", ObjectRef, "The object whose records are sampled."),
		required("value", Expression, "The value that is kept; `source` is the record."),
		required("keep", Duration, "How long samples are kept."),
		attr("min_samples", Whole, "Of fewer samples in its window an aggregate is empty; 7 when not written."),
		attr("where", Expression, "Only records for which this is true."),
		attr("timezone", PlainText, "The zone whose days count; UTC when not written."),
		attr("enabled", Flag, "false: the track is checked and takes no samples."),
		laterAttr("backfill", "An object whose records are past samples."),
	},
	Blocks: []*BlockSpec{scheduleBlock},
	Hints: map[string]string{
		"from":   `The object whose records are sampled is written on = CONNECTION.OBJECT.`,
		"source": `The object whose records are sampled is written on = CONNECTION.OBJECT.`,
		"cron":   `Schedules are blocks: schedule { cron = "0 23 * * *" }.`,
	},
}

// AlertEvents are the kinds of trouble that an alert can be about.
var AlertEvents = []string{"failed", "dead", "stale", "slo", "waiting", "reload"}

var alertBlock = &BlockSpec{
	Name: "alert", Labels: label("NAME"),
	Doc: "Who hears about trouble: it is told once when it begins, again as repeat says, and when it is over.",
	Attrs: []*AttrSpec{
		{Name: "events", Form: ChoiceList, OneOf: AlertEvents, Required: true, Doc: "The kinds of trouble."},
		attr("rules", RefList, "Only these rules; all when not written."),
		required("via", ConnectionRef, "The connection that sends."),
		attr("stale", Duration, "How long a rule may be without a successful run; three times its longest gap when not written."),
		attr("repeat", Duration, "How long to wait before trouble that lasts is told again; once only when not written."),
	},
	Free:  attr("", Argument, "An argument of the system that sends, such as channel or to."),
	Hints: map[string]string{"text": `The text of an alert says what is wrong and is written by Syncline.`},
}
