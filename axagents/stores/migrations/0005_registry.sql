CREATE TABLE registry_events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('registered', 'stage', 'withdrawn')),
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    before TEXT,
    after TEXT,
    why TEXT NOT NULL,
    details TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
);
CREATE INDEX registry_events_by_model ON registry_events (model, version, position);
CREATE INDEX registry_events_by_content ON registry_events (sha256);
CREATE TRIGGER registry_events_unchanged BEFORE UPDATE ON registry_events
BEGIN
    SELECT RAISE(ABORT, 'the event log of the registry is append-only');
END;
CREATE TRIGGER registry_events_kept BEFORE DELETE ON registry_events
BEGIN
    SELECT RAISE(ABORT, 'the event log of the registry is append-only');
END;
CREATE TABLE model_evaluations (
    evaluation_id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('GO', 'NO_GO', 'INSUFFICIENT')),
    dataset TEXT NOT NULL,
    fingerprint TEXT,
    metrics TEXT NOT NULL,
    predictions TEXT,
    run_id TEXT
);
CREATE INDEX model_evaluations_by_content ON model_evaluations (sha256, at);
