-- As on PostgreSQL, whose file explains it.
ALTER TABLE outbox ADD COLUMN receipt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN receipt_time INTEGER;

CREATE TABLE suppressions (
    identifier_key BLOB PRIMARY KEY CHECK (length(identifier_key) = 32),
    cause TEXT NOT NULL,
    provider TEXT NOT NULL,
    message_id BLOB NOT NULL CHECK (length(message_id) = 16),
    challenge_id BLOB,
    create_time INTEGER NOT NULL,
    expire_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX suppressions_by_age ON suppressions (create_time, identifier_key);
CREATE INDEX suppressions_by_expiry ON suppressions (expire_time);
