-- What was said and done in the runs of agents, in order; graph state holds no more than the position in here.
CREATE TABLE agent_journal (
    run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('message', 'call', 'result', 'approval', 'answer')),
    body TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (run_id, position)
) WITHOUT ROWID;
CREATE TRIGGER agent_journal_unchanged BEFORE UPDATE ON agent_journal
BEGIN
    SELECT RAISE(ABORT, 'the journal of agents is append-only');
END;
-- Effects that agents asked for, each as the plan that was shown, by its hash.
CREATE TABLE approvals (
    approval_id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    call_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    plan TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'approved', 'denied')),
    asked_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    decided_at TEXT,
    decided_by TEXT,
    how TEXT
);
CREATE INDEX approvals_by_run ON approvals (run_id, asked_at);
