package sqlite

import (
	"context"
	"database/sql"
)

// migrations bring a state file from version i to i+1. They are never edited once released, only added to.
var migrations = []string{
	`
CREATE TABLE rule (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

CREATE TABLE record (
	rule INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
	keys BLOB, hash INTEGER NOT NULL, shadow BLOB, fields BLOB, seen INTEGER NOT NULL,
	PRIMARY KEY (rule, source)
) WITHOUT ROWID;
CREATE INDEX record_target ON record (rule, target) WHERE target <> '';

CREATE TABLE checkpoint (
	rule TEXT NOT NULL, schedule TEXT NOT NULL,
	cursor TEXT NOT NULL, deleted TEXT NOT NULL, meaning TEXT NOT NULL,
	pass INTEGER NOT NULL, full_done INTEGER NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (rule, schedule)
) WITHOUT ROWID;

CREATE TABLE claim (
	key TEXT PRIMARY KEY, rule TEXT NOT NULL, source TEXT NOT NULL, object TEXT NOT NULL,
	lookup BLOB, run TEXT NOT NULL, at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX claim_rule ON claim (rule);

CREATE TABLE stage (seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, source TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX stage_run ON stage (run, seq);

CREATE TABLE run (
	id TEXT PRIMARY KEY, rule TEXT NOT NULL, status TEXT NOT NULL, started INTEGER NOT NULL, data TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX run_started ON run (started);
CREATE INDEX run_rule ON run (rule, started);

CREATE TABLE ledger (
	id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, rule TEXT NOT NULL, at INTEGER NOT NULL,
	target TEXT NOT NULL, source TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX ledger_target ON ledger (target) WHERE target <> '';
CREATE INDEX ledger_source ON ledger (source);
CREATE INDEX ledger_run ON ledger (run);

CREATE TABLE dead (
	id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, source TEXT NOT NULL, status TEXT NOT NULL,
	at INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE INDEX dead_rule ON dead (rule, source, status);
CREATE INDEX dead_status ON dead (status);
`,
	`
CREATE TABLE tick (rule TEXT NOT NULL, schedule TEXT NOT NULL, done INTEGER NOT NULL, PRIMARY KEY (rule, schedule)) WITHOUT ROWID;
CREATE TABLE hold (rule TEXT PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot (name TEXT PRIMARY KEY, at INTEGER NOT NULL, data BLOB NOT NULL);
`,
	`
CREATE TABLE approval (run TEXT PRIMARY KEY, rule TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX run_status ON run (rule, status, started);
`,
	`
CREATE TABLE edge (
	rule INTEGER NOT NULL, source TEXT NOT NULL, flags INTEGER NOT NULL, meaning INTEGER NOT NULL,
	fired_at INTEGER NOT NULL, since INTEGER NOT NULL, look INTEGER NOT NULL, hash INTEGER NOT NULL, fields BLOB,
	PRIMARY KEY (rule, source)
) WITHOUT ROWID;
CREATE INDEX edge_look ON edge (rule, source, look) WHERE look <> 0;

CREATE TABLE watch (
	rule TEXT NOT NULL, schedule TEXT NOT NULL, cursor TEXT NOT NULL, meaning TEXT NOT NULL, population TEXT NOT NULL,
	complete INTEGER NOT NULL, begun INTEGER NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (rule, schedule)
) WITHOUT ROWID;

CREATE TABLE firing (
	seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, rule TEXT NOT NULL, source TEXT NOT NULL, run TEXT NOT NULL,
	kind TEXT NOT NULL, status TEXT NOT NULL, at INTEGER NOT NULL, of TEXT NOT NULL, why TEXT NOT NULL, data BLOB, progress BLOB
);
CREATE INDEX firing_status ON firing (rule, status, seq);
CREATE INDEX firing_source ON firing (source, seq);

CREATE TABLE series (
	rule INTEGER NOT NULL, source TEXT NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (rule, source)
) WITHOUT ROWID;
`,
	`
CREATE TABLE digest (seq INTEGER PRIMARY KEY AUTOINCREMENT, rule INTEGER NOT NULL, base INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX digest_rule ON digest (rule, seq);
`,
	`
CREATE TABLE wake (
	rule TEXT NOT NULL, record TEXT NOT NULL, seq INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, looks INTEGER NOT NULL,
	PRIMARY KEY (rule, record)
) WITHOUT ROWID;
CREATE TABLE heard (connection TEXT NOT NULL, delivery TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (connection, delivery)) WITHOUT ROWID;
CREATE INDEX heard_at ON heard (at);
`,
	`
CREATE TABLE phrase (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
`,
	`
CREATE TABLE past (
	id INTEGER PRIMARY KEY AUTOINCREMENT, rule INTEGER NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL, flags INTEGER NOT NULL, fields BLOB
);
CREATE INDEX past_source ON past (rule, source);
CREATE TABLE recorded (rule INTEGER NOT NULL, field TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (rule, field)) WITHOUT ROWID;
`,
	// Records lie in the order in which they came, so that a first load appends, and are found by hashes of their ids, so
	// that what a new one changes elsewhere is small. place.go says how id and keys are made; moveRecords fills the table.
	`
ALTER TABLE record RENAME TO record_by_name;
DROP INDEX record_target;
CREATE TABLE record (
	id INTEGER PRIMARY KEY, source_key INTEGER NOT NULL, target_key INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
	keys BLOB, hash INTEGER NOT NULL, shadow BLOB, fields BLOB, seen INTEGER NOT NULL
);
CREATE INDEX record_source ON record (source_key);
CREATE INDEX record_target ON record (target_key) WHERE target_key <> 0;
`,
	// Where both sides have the same ids, the index by target finds a record's entries already.
	`
DROP INDEX ledger_source;
CREATE INDEX ledger_source ON ledger (source) WHERE source <> target;
`,
	// Each firing that is stuck has a letter of its own; before, those of a record shared one.
	`
ALTER TABLE dead ADD COLUMN firing TEXT NOT NULL DEFAULT '';
INSERT INTO dead (rule, source, status, at, data, firing)
	SELECT d.rule, d.source, d.status, d.at, json_set(d.data, '$.firing', f.id), f.id
	FROM dead d JOIN firing f ON f.source = d.source AND f.rule = d.rule AND f.status = 'stuck'
	WHERE d.status IN ('open', 'retry') AND d.firing = '' ORDER BY f.seq;
DELETE FROM dead WHERE firing = '' AND status IN ('open', 'retry') AND EXISTS (
	SELECT 1 FROM firing f WHERE f.source = dead.source AND f.rule = dead.rule AND f.status = 'stuck');
`,
	// ledgerindex.go says how the entries of a record are found; indexLedger fills the table.
	`
DROP INDEX ledger_target;
DROP INDEX ledger_source;
CREATE TABLE ledger_at (part INTEGER NOT NULL, key INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (part, key, id)) WITHOUT ROWID;
`,
	// renewed.go says what it is for.
	`
CREATE TABLE renewed (
	id INTEGER PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL,
	keys BLOB, hash INTEGER NOT NULL, shadow BLOB, fields BLOB, seen INTEGER NOT NULL
);
`,
	// recordindex.go says how records are found; indexRecords fills the first table.
	`
DROP INDEX record_source;
DROP INDEX record_target;
CREATE TABLE record_at (key INTEGER NOT NULL, id INTEGER NOT NULL, side INTEGER NOT NULL, PRIMARY KEY (key, id)) WITHOUT ROWID;
CREATE TABLE record_new (key INTEGER NOT NULL, id INTEGER NOT NULL, side INTEGER NOT NULL, PRIMARY KEY (key, id)) WITHOUT ROWID;
`,
}

// moves do by version what SQL alone cannot, after the migration that brings the file to it.
var moves = map[int]func(context.Context, *sql.Tx) error{9: moveRecords, 12: indexLedger, 14: indexRecords}

// tables lists what an export holds and a repair carries over, in order. Digests, record_at, record_new and ledger_at are not
// among them: they are made of the records and of the ledger again.
var tables = []string{"rule", "record", "renewed", "checkpoint", "claim", "stage", "run", "phrase", "ledger", "dead", "tick", "hold", "snapshot", "edge", "watch", "firing", "series", "past", "recorded", "approval", "wake", "heard"}
