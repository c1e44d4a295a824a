package syntax

// EventSignatures are the ways in which a system can prove that an event is its own.
var EventSignatures = []string{"hmac-sha256", "token", "standard", "slack", "stripe"}

const pathDoc = " A path in the payload, \"data.id\", or \"header:NAME\"."

var eventsBlock = &BlockSpec{
	Name: "events", Once: true,
	Doc: "How the system tells of changes: it posts them to /hooks/CONNECTION, or /hooks/CONNECTION/OBJECT, of `syncline serve`.",
	Attrs: []*AttrSpec{
		{Name: "signature", Form: Choice, OneOf: EventSignatures, Required: true, Doc: "How an event proves where it comes from."},
		required("secret", Setting, "What it is proved with: secret(…)."),
		attr("old_secret", Setting, "A secret that is accepted too while the secret is being changed; it may be unset."),
		attr("header", PlainText, "The header with the signature or token; of hmac-sha256 X-Signature, of token Authorization when not written."),
		attr("timestamp", PlainText, "Of hmac-sha256: the header that says when it was sent. What is signed is then TIMESTAMP.BODY."),
		attr("window", Duration, "How old an event may be; 5m when not written."),
		attr("items", PlainText, "Where the list of events is, of a payload that holds several; \".\" for the payload itself."),
		attr("object_path", PlainText, "What names the object that changed."+pathDoc),
		attr("record_path", PlainText, "The id of the record that changed."+pathDoc),
		attr("delivery_path", PlainText, "An id that the sender repeats when it sends an event again."+pathDoc),
	},
	Blocks: []*BlockSpec{eventObjectBlock},
}

var eventObjectBlock = &BlockSpec{
	Name: "object", Labels: label("NAME"),
	Doc: "What the events of one object are called.",
	Attrs: []*AttrSpec{
		attr("names", TextList, `What stands at object_path for this object, where * stands for any letters: ["company.*"].`),
		attr("record_path", PlainText, "The id of the record, where these events have it in another place."),
	},
}
