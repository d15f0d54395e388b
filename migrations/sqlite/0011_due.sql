-- As on PostgreSQL, whose file explains it.
CREATE INDEX outbox_codes_due ON outbox (due_time, message_id)
    WHERE settle_time IS NULL AND challenge_id IS NOT NULL;
CREATE INDEX outbox_notices_due ON outbox (due_time, message_id)
    WHERE settle_time IS NULL AND challenge_id IS NULL;
DROP INDEX outbox_due;
