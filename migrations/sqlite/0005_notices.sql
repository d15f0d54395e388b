-- The same as on PostgreSQL, whose file explains it.

ALTER TABLE users ADD COLUMN locale TEXT NOT NULL DEFAULT '';

CREATE TABLE notices (
    user_id BLOB NOT NULL REFERENCES users CHECK (length(user_id) = 16),
    kind TEXT NOT NULL,
    notice_time INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind)
) STRICT, WITHOUT ROWID;
