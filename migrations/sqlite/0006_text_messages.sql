-- As on PostgreSQL, whose file explains it.
CREATE TABLE text_messages (
    kind TEXT NOT NULL,
    key BLOB NOT NULL,
    slot INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    codes INTEGER NOT NULL,
    used INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    PRIMARY KEY (kind, key, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX text_messages_by_age ON text_messages (slot);
INSERT INTO text_messages (kind, key, slot, sent, codes, used, cost) VALUES ('lock', x'', 0, 0, 0, 0, 0);

CREATE TABLE text_messages_sent (
    source_id BLOB PRIMARY KEY CHECK (length(source_id) = 16),
    prefix_key BLOB NOT NULL,
    network_key BLOB NOT NULL,
    slot INTEGER NOT NULL,
    messages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX text_messages_sent_by_age ON text_messages_sent (slot);
