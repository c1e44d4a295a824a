-- A state of the fourth version, as it was released.
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
CREATE TABLE tick (rule TEXT NOT NULL, schedule TEXT NOT NULL, done INTEGER NOT NULL, PRIMARY KEY (rule, schedule)) WITHOUT ROWID;
CREATE TABLE hold (rule TEXT PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot (name TEXT PRIMARY KEY, at INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE approval (run TEXT PRIMARY KEY, rule TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX run_status ON run (rule, status, started);
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
