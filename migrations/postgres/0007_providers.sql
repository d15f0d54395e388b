-- Which provider took a message, and which providers an operator has drained: docs/decisions/0120-a-chain-of-providers.md.

ALTER TABLE outbox
    -- The name of the provider that took it; empty where none did.
    ADD COLUMN provider text NOT NULL DEFAULT '',
    -- Why it was dropped; empty where it was not.
    ADD COLUMN reason text NOT NULL DEFAULT '',
    -- How often it may have been sent without an answer.
    ADD COLUMN unanswered bigint NOT NULL DEFAULT 0;

-- Operators ask by challenge what became of its messages.
CREATE INDEX outbox_by_challenge ON outbox (challenge_id) WHERE challenge_id IS NOT NULL;

CREATE TABLE drained_providers (
    -- `email` or `sms`.
    channel text NOT NULL,
    name text NOT NULL,
    drain_time bigint NOT NULL,
    PRIMARY KEY (channel, name)
);
