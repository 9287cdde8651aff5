-- How many results a conversation has had, over all its runs: each result bears a number of its own, for good.
CREATE TABLE agent_receipts (
    session TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) WITHOUT ROWID;
-- Results of before were counted on from what the conversation had had when their run began.
DROP TRIGGER agent_journal_unchanged;
UPDATE agent_journal SET body = json_set(
    body,
    '$.number',
    coalesce((
        SELECT max(json_extract(begun.body, '$.base')) FROM agent_journal AS begun
        WHERE begun.run_id = agent_journal.run_id AND begun.kind = 'message'
    ), 0) + (
        SELECT count(*) FROM agent_journal AS earlier
        WHERE earlier.run_id = agent_journal.run_id AND earlier.position <= agent_journal.position
        AND earlier.kind = 'result' AND json_extract(earlier.body, '$.status') = 'done'
    )
) WHERE kind = 'result' AND json_extract(body, '$.status') = 'done';
CREATE TRIGGER agent_journal_unchanged BEFORE UPDATE ON agent_journal
BEGIN
    SELECT RAISE(ABORT, 'the journal of agents is append-only');
END;
INSERT INTO agent_receipts (session, last)
SELECT coalesce(json_extract(request, '$.session'), run_id) AS session, max(json_extract(body, '$.number')) AS last
FROM agent_journal JOIN runs USING (run_id)
WHERE agent_journal.kind = 'result' GROUP BY 1 HAVING last IS NOT NULL;
