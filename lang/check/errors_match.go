package check

import (
	"github.com/syncline/syncline/lang/diag"
	"github.com/syncline/syncline/lang/expr"
	"github.com/syncline/syncline/lang/resolve"
	"github.com/syncline/syncline/lang/span"
)

// How records are found.

func errNotFilterable(at span.Range, field string, in End) *diag.Diagnostic {
	return failure("SYN417", "Field cannot be searched", at, "",
		"%s cannot search %s by %s. Match by another field, such as the id or an external id.", in.connection(), in.Ref.Name, field)
}

func errNotUnique(a Alternative, s *Sync) *diag.Diagnostic {
	sev, why := warning, "several records can share its value"
	if s.Creates() {
		sev = failure
	}
	key := a.Keys[0].Decl
	return sev("SYN418", "Match may find several records", key.FieldRange, "",
		`The schema of %s does not say that %s is unique: %s. Say what is right then: write ambiguous = "error" (the record goes to the dead letters) or ambiguous = "skip" in match, or choose with order_by.`,
		s.To.name(), key.Field, why)
}

func errNoMatch(s *Sync) *diag.Diagnostic {
	return failure("SYN419", "How is the target found?", s.Decl.HeaderRange, "",
		"The rule does not say which record of %s belongs to a source record. Write match { by = { FIELD = source.FIELD } }.", s.To.name())
}

func errMatchOfReplaced(s *Sync) *diag.Diagnostic {
	return failure("SYN419", "How is the target found?", s.Decl.Match.Range, "",
		"%s is written whole at each run, so there are no records to match. Remove the match block.", s.To.name())
}

func errMatchWithoutKey(s *Sync) *diag.Diagnostic {
	return failure("SYN419", "How is the target found?", s.Decl.Match.Range, "",
		"match names no key: every source record would match every record of %s. Write by = { FIELD = source.FIELD }.", s.To.name())
}

func errKeyAlwaysEmpty(k *resolve.Key) *diag.Diagnostic {
	return failure("SYN419", "How is the target found?", k.Value.Place(), "", "This key is always empty, and an empty key finds nothing.")
}

func errCreateKey(k Key, s *Sync) *diag.Diagnostic {
	return failure("SYN431", "Create cannot set the key", k.Decl.FieldRange, "",
		"A record that this rule creates must be found again by %s, and a create cannot set that field. End the list of by with a field that can be set, such as an external id.", k.Field.Name)
}

func errNoKey(s *Sync) *diag.Diagnostic {
	return failure("SYN419", "How is the target found?", s.Decl.To.Range, "",
		"%s has no field that identifies a record, such as a primary key, so a record that was found could not be written. Give it one, and run `syncline schema pull`.", s.To.name())
}

func errKeyNotAllowed(k Key, s *Sync) *diag.Diagnostic {
	pattern := s.To.Ref.Name + "." + k.Field.Name
	d := failure("SYN405", "Not an allowed write", k.Decl.FieldRange, "",
		"A create sets %s, so that the record is found again, and the allow block of connection %q does not let this project write it. Add %q to it.", k.Field.Name, s.To.connection(), pattern)
	return related(d, s.To.Ref.Connection.AllowRange, "what may be written")
}

func errTargetUnknownYet(at span.Range) *diag.Diagnostic {
	return failure("SYN420", "Not known yet", at, "",
		"The target is what match looks for, so its key cannot depend on it. Inside match { where = … } the record sought is called `it`.")
}

func errOnlySource(at span.Range, name string) *diag.Diagnostic {
	fix := "A condition on the target goes into match { where = … }, where the record sought is called `it`."
	if name != "target" {
		fix = "Use it in the map instead, as in \"" + name + " == null ? … : …\"."
	}
	return failure("SYN420", "Not known yet", at, "",
		"This condition chooses source records, before %s is looked up. %s", name, fix)
}

func errFindUnknownYet(at span.Range, name string) *diag.Diagnostic {
	return failure("SYN420", "Not known yet", at, "",
		"%s is found after the match, because it reads the target; the match cannot depend on it.", name)
}

func errFindReadsItself(at span.Range, name string) *diag.Diagnostic {
	return failure("SYN421", "Finds depend on each other", at, "it",
		"%s is what this find looks for. Inside where and order_by the record sought is called `it`.", name)
}

func errFindRing(at span.Range, name, other string) *diag.Diagnostic {
	return failure("SYN421", "Finds depend on each other", at, "",
		"%s reads %s, which reads %s in turn: neither can be looked up first. Take one of the two out of the other's condition.", name, other, name)
}

func errFindWithoutKey(at span.Range, name string) *diag.Diagnostic {
	return failure("SYN422", "Find without a key", at, "",
		"%s has no key, so it is one query a run, the same for all records; it cannot depend on this. Give it a key: by = { FIELD = … }, or a condition it.FIELD == ….", name)
}

func errFindEverything(at span.Range, name string) *diag.Diagnostic {
	return failure("SYN422", "Find without a key", at, "",
		"%s says neither by nor where, so any record would do. Write by = { FIELD = source.FIELD }, or where.", name)
}

func errOrderBy(at span.Range, t expr.Type) *diag.Diagnostic {
	return failure("SYN430", "Cannot be ordered", at, "", "order_by takes a value with an order, such as a date or a number; this is %s.", kindName(t))
}

func warnLeaving(s *Sync) *diag.Diagnostic {
	d := warning("SYN432", "What when a record leaves?", s.Decl.Where.Place(), "",
		`This rule creates records, and one whose source no longer satisfies where stays as it is for ever. Say that this is meant, on_leave = "ignore", or what to do: on_leave = "delete", or on_leave { set { … } }.`)
	return d
}
