-- What is due, codes apart from notices, so that neither is looked for among the others: docs/decisions/0192.

CREATE INDEX IF NOT EXISTS outbox_codes_due ON outbox (due_time, message_id)
    WHERE settle_time IS NULL AND challenge_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS outbox_notices_due ON outbox (due_time, message_id)
    WHERE settle_time IS NULL AND challenge_id IS NULL;
-- The release before finds what is due by the two as well.
DROP INDEX outbox_due;
