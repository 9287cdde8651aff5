CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('workflow', 'agent', 'command')),
    name TEXT NOT NULL,
    parent TEXT,
    status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'waiting', 'abandoned')),
    verdict TEXT,
    request TEXT NOT NULL,
    result TEXT,
    error TEXT,
    process TEXT,
    started_at TEXT NOT NULL,
    finished_at TEXT
);
CREATE INDEX runs_by_start ON runs (started_at);
CREATE INDEX runs_by_parent ON runs (parent);
CREATE TABLE run_steps (
    run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    step TEXT NOT NULL,
    started_at TEXT NOT NULL,
    seconds REAL,
    PRIMARY KEY (run_id, step)
);
