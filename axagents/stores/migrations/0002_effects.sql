CREATE TABLE effects (
    key TEXT PRIMARY KEY,
    run_id TEXT NOT NULL,
    step TEXT NOT NULL,
    effect TEXT NOT NULL,
    arguments TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('planned', 'started', 'done', 'failed', 'unknown', 'undone')),
    before TEXT,
    after TEXT,
    reason TEXT,
    actor TEXT NOT NULL,
    planned_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX effects_by_run ON effects (run_id, planned_at);
