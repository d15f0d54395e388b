-- What providers tell of messages, and addresses that get none for a while: docs/decisions/0123 and 0124.

ALTER TABLE outbox
    -- What the provider last told, by weight: 0 nothing, 10 deferred, 20 delivered, 30 failed, 40 bounced, 50 complained.
    ADD COLUMN receipt bigint NOT NULL DEFAULT 0,
    -- When that was; absent where it told nothing.
    ADD COLUMN receipt_time bigint;

CREATE TABLE suppressions (
    -- Keyed hash of the canonical address, as in `users`.
    identifier_key bytea PRIMARY KEY CHECK (octet_length(identifier_key) = 32),
    -- bounced or complained.
    cause text NOT NULL,
    -- Who said so, and of which message.
    provider text NOT NULL,
    message_id uuid NOT NULL,
    challenge_id uuid,
    create_time bigint NOT NULL,
    expire_time bigint NOT NULL
) WITH (fillfactor = 90);

-- What processes read on from.
CREATE INDEX suppressions_by_age ON suppressions (create_time, identifier_key);
CREATE INDEX suppressions_by_expiry ON suppressions (expire_time);
