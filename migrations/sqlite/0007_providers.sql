-- Which provider took a message, and which providers an operator has drained: docs/decisions/0120-a-chain-of-providers.md.

-- The name of the provider that took it; empty where none did.
ALTER TABLE outbox ADD COLUMN provider TEXT NOT NULL DEFAULT '';
-- Why it was dropped; empty where it was not.
ALTER TABLE outbox ADD COLUMN reason TEXT NOT NULL DEFAULT '';
-- How often it may have been sent without an answer.
ALTER TABLE outbox ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0;

-- Operators ask by challenge what became of its messages.
CREATE INDEX outbox_by_challenge ON outbox (challenge_id) WHERE challenge_id IS NOT NULL;

CREATE TABLE drained_providers (
    -- `email` or `sms`.
    channel TEXT NOT NULL,
    name TEXT NOT NULL,
    drain_time INTEGER NOT NULL,
    PRIMARY KEY (channel, name)
) STRICT;
