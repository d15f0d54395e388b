-- As on PostgreSQL, whose file explains it.
CREATE TABLE grants (
    code_hash BLOB PRIMARY KEY CHECK (length(code_hash) = 32),
    client_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    verifier_hash BLOB NOT NULL CHECK (length(verifier_hash) = 32),
    session_id BLOB NOT NULL CHECK (length(session_id) = 16),
    token_key_id TEXT,
    token BLOB,
    used INTEGER NOT NULL,
    expire_time INTEGER NOT NULL,
    CHECK (used = (token IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_age ON grants (expire_time);
