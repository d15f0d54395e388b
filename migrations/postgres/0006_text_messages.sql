-- Text messages are counted where they are accepted: docs/decisions/0110-text-messages-that-somebody-earns-by.md.

-- What was sent within a slot of ten minutes, by what it counts on: `prefix` and `network` by keyed hash, `country` by
-- its letters, `all` with an empty key. `alarm` says that an alarm was raised in an hour, `lock` is the row that sends
-- take in turn.
CREATE TABLE text_messages (
    kind text NOT NULL,
    key bytea NOT NULL,
    slot bigint NOT NULL,
    sent bigint NOT NULL,
    -- Of those sent, how many carried a code, and of how many of these it was used.
    codes bigint NOT NULL,
    used bigint NOT NULL,
    -- In millionths of the currency of the policy's prices.
    cost bigint NOT NULL,
    PRIMARY KEY (kind, key, slot)
) WITH (fillfactor = 75);
CREATE INDEX text_messages_by_age ON text_messages (slot);
INSERT INTO text_messages (kind, key, slot, sent, codes, used, cost) VALUES ('lock', '', 0, 0, 0, 0, 0);

-- What has been counted, and on what: the messages of a challenge, until its code is used, and each notice once.
CREATE TABLE text_messages_sent (
    source_id uuid PRIMARY KEY,
    prefix_key bytea NOT NULL,
    network_key bytea NOT NULL,
    slot bigint NOT NULL,
    messages bigint NOT NULL
);
CREATE INDEX text_messages_sent_by_age ON text_messages_sent (slot);
