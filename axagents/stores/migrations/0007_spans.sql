-- What was done, when, within what, as OpenTelemetry describes it; times in nanoseconds of the epoch.
CREATE TABLE spans (
    run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    started INTEGER NOT NULL,
    span_id TEXT NOT NULL,
    parent_id TEXT,
    trace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('internal', 'client')),
    ended INTEGER NOT NULL,
    error TEXT,
    attributes TEXT NOT NULL,
    events TEXT,
    PRIMARY KEY (run_id, started, span_id)
) WITHOUT ROWID;
