-- Every version of every record; a version without a value is a tombstone.
CREATE TABLE memory_versions (
    change INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value TEXT,
    stored_at TEXT NOT NULL,
    expires_at TEXT,
    UNIQUE (namespace, key, version)
);
-- The newest version of each key; `change` is where an index goes on.
CREATE TABLE memory_heads (
    record INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    change INTEGER NOT NULL,
    live INTEGER NOT NULL CHECK (live IN (0, 1)),
    expires_at TEXT,
    UNIQUE (namespace, key)
);
CREATE INDEX memory_heads_by_change ON memory_heads (namespace, change);
CREATE INDEX memory_heads_by_expiry ON memory_heads (namespace, expires_at) WHERE expires_at IS NOT NULL;
-- One row an import: the changes that it made, all in one transaction with the row.
CREATE TABLE memory_imports (
    import_id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    first_change INTEGER NOT NULL,
    last_change INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    imported_at TEXT NOT NULL
);
-- The stemmed words of live records for search, derived from the above. `memory_words_state` says how far that has
-- come; the records of a namespace have the row numbers space * 2^40 + record.
CREATE VIRTUAL TABLE memory_words USING fts5 (words, tokenize = "unicode61");
CREATE VIRTUAL TABLE memory_terms USING fts5vocab (memory_words, row);
CREATE TABLE memory_words_state (
    space INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL UNIQUE,
    change INTEGER NOT NULL,
    expired_until TEXT NOT NULL,
    format INTEGER NOT NULL
);
