package syntax

var syncBlock = &BlockSpec{
	Name: "sync", Labels: label("NAME"),
	Doc: "Convergence: for every source record in where that matches, the target's mapped fields equal the map.",
	Attrs: []*AttrSpec{
		attr("title", PlainText, "A name for people."),
		attr("description", PlainText, "What the rule is for."),
		required("from", ObjectRef, "The source object."),
		required("to", ObjectRef, "The target object."),
		attr("timezone", PlainText, "The zone of today(), date() and of schedules without one; UTC when not written."),
		attr("where", Expression, "Only source records for which this is true."),
		attr("lookback", Duration, "How far back the first run reads."),
		attr("max_records", Whole, "Most records that a run reads."),
		onNullAttr,
		choice("on_leave", "What happens to the target when its source leaves where.", departures...),
		choice("on_delete", "What happens to the target when its source is deleted.", departures...),
		attr("on_event", Flag, "Start at once on the source's events."),
		attr("requires", RefList, "Run only when these connections answer and these syncs have succeeded once."),
		attr("after", RefList, "Run when these syncs have run."),
		attr("enabled", Flag, "false: the rule is checked but never runs."),
		attr("manual", Flag, "true: it runs only by hand."),
		attr("tags", TextList, "Words to select rules by."),
		choice("missed_ticks", "What happens to schedule ticks that passed while nothing ran.", "last", "skip", "all"),
		eachAttr,
	},
	Blocks: []*BlockSpec{
		scheduleBlock, onEventBlock, matchBlock, findBlock, mapBlock("map"), mapSameBlock, writeBlock,
		departureBlock("on_leave"), departureBlock("on_delete"), guardBlock, pauseBlock,
		later("group", "Aggregates many source records into one."),
		later("back", "The other direction of a two-way sync."),
		later("conflict", "Who wins when both sides changed."),
		rolloutBlock, sloBlock,
	},
	Hints: map[string]string{
		"cron":       `Schedules are blocks: schedule { cron = "0 3 * * *" }.`,
		"mode":       `There is no mode: match { missing = "skip" } only updates, missing = "create" also creates.`,
		"source":     `The source is written from = CONNECTION.OBJECT.`,
		"target":     `The target is written to = CONNECTION.OBJECT.`,
		"set":        `The fields that a sync writes stand in map { … }.`,
		"limit":      `A cap on the records of a run is written max_records.`,
		"limits":     `Limits stand in a connection; a cap on the records of a run is written max_records.`,
		"when":       `A sync takes where, the source records it is for. when belongs to a trigger.`,
		"on":         `The source is written from = CONNECTION.OBJECT; on belongs to a trigger.`,
		"missing":    `missing stands in match { … }.`,
		"ambiguous":  `ambiguous stands in match { … }.`,
		"by":         `by stands in match { … }.`,
		"depends_on": `The order of rules is written after = [sync.NAME].`,
		"optionals":  `There are no optionals: an empty field is null.`,
	},
}

var (
	departures = []string{"ignore", "delete", "unlink"}
	writeModes = []string{"always", "on_create", "if_empty", "with_changes"}
	onNullAttr = choice("on_null", "What an empty value does to a filled target field.", "clear", "keep")
)

var scheduleBlock = &BlockSpec{
	Name: "schedule", Labels: []LabelSpec{{Name: "NAME", Optional: true}},
	Doc: "When the rule runs. Several schedules are several cohorts and need names.",
	Attrs: []*AttrSpec{
		required("cron", PlainText, `Five fields, or "@every 10m".`),
		attr("timezone", PlainText, "The zone of cron, where it differs from the rule's."),
		attr("where", Expression, "Only records for which this is true, besides the rule's own where."),
		attr("full", Flag, "true: reads all records, not only changed ones."),
	},
}

var onEventBlock = &BlockSpec{
	Name: "on_event", Once: true,
	Doc: "Start at once on the source's events, gathered.",
	Attrs: []*AttrSpec{
		attr("wait", Duration, "How long events are gathered."),
		attr("max", Whole, "How many events are gathered at most."),
	},
}

var matchAttrs = []*AttrSpec{
	attr("by", KeyList, "Fields of the record sought and the values they must equal. Several are tried in order."),
	attr("where", Expression, "Only records for which this is true; `it` is the record sought."),
	attr("order_by", Expression, "Of several, the one with the least value."),
	attr("descending", Flag, "true: the one with the greatest value."),
}

var matchBlock = &BlockSpec{
	Name: "match", Once: true,
	Doc: "How the target record of a source record is found. What matched is remembered as a link.",
	Attrs: append([]*AttrSpec{
		choice("missing", "When none is found.", "skip", "create", "error"),
		choice("ambiguous", "When several are found and nothing decides.", "error", "skip"),
	}, matchAttrs...),
}

var findBlock = &BlockSpec{
	Name: "find", Labels: label("NAME"),
	Doc: "Another record that expressions need, by its name.",
	Attrs: append([]*AttrSpec{
		required("in", ObjectRef, "The object to look in."),
		choice("missing", "When none is found.", "error", "empty"),
		choice("ambiguous", "When several are found and nothing decides.", "error", "skip"),
	}, matchAttrs...),
	Hints: map[string]string{
		"all":      `A sync needs one record; every record is found by a find of a trigger. Use where and order_by to choose one.`,
		"optional": `A find that may come back empty is written missing = "empty".`,
		"from":     `The object to look in is written in = CONNECTION.OBJECT.`,
		"on":       `The object to look in is written in = CONNECTION.OBJECT.`,
	},
}

func mapBlock(name string) *BlockSpec {
	return &BlockSpec{
		Name: name, Once: true,
		Doc:    "Target fields and the expressions that give their values.",
		Free:   attr("", Expression, "A field of the target."),
		Blocks: []*BlockSpec{fieldBlock},
	}
}

var fieldBlock = &BlockSpec{
	Name: "field", Labels: label("FIELD"),
	Doc: "A target field whose name is no plain word, or which has options of its own.",
	Attrs: []*AttrSpec{
		required("value", Expression, "The expression that gives its value."),
		onNullAttr,
		choice("write", "When the field is written.", writeModes...),
	},
}

var mapSameBlock = &BlockSpec{
	Name: "map_same", Once: true,
	Doc: "Every field of the same name and a fitting type.",
	Attrs: []*AttrSpec{
		attr("prefix", PlainText, "Only source fields whose names begin so."),
		attr("to", PlainText, `The target field's name: "Pendo_{name}__c".`),
		attr("except", TextList, "Fields to leave out."),
		mapSameMissing,
	},
}

// mapSameMissing knows "create" too, which is to add the field to the target.
var mapSameMissing = func() *AttrSpec {
	a := choice("missing", "When the target has no such field.", "skip", "error")
	a.LaterOneOf = map[string]string{
		"create": `No field is added to a target. Write "error" to be told which fields it lacks, and add them there.`,
	}
	return a
}()

var writeBlock = &BlockSpec{
	Name: "write", Once: true,
	Doc:  "When mapped fields are written, by field; always when not written.",
	Free: choice("", "When the field is written.", writeModes...),
}

func departureBlock(name string) *BlockSpec {
	return &BlockSpec{
		Name: name, Once: true,
		Doc:    "Fields to set on the target.",
		Blocks: []*BlockSpec{mapBlock("set")},
	}
}

var guardBlock = &BlockSpec{
	Name: "guard", Once: true,
	Doc: "Blast radius: a run beyond a limit writes nothing and waits for a person. 0 means none at all.",
	Attrs: []*AttrSpec{
		attr("max_creates", Whole, "Most records that a run creates."),
		attr("max_updates", Whole, "Most records that a run updates."),
		attr("max_deletes", Whole, "Most records that a run deletes."),
		attr("max_clears", Whole, "Most filled fields that a run empties."),
		attr("max_update_percent", Number, "Most linked records that a run updates, in percent."),
	},
	Hints: map[string]string{
		"max_firings": `Firings are those of a trigger; a sync is limited by max_creates, max_updates and their kin.`,
	},
}
