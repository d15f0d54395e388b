-- The same tables as on PostgreSQL, whose file explains them. STRICT holds the types, WITHOUT ROWID keeps a row in the
-- tree of its key, which UUIDs of version 7 fill in order.

CREATE TABLE users (
    user_id BLOB PRIMARY KEY CHECK (length(user_id) = 16),
    identifier_key BLOB NOT NULL UNIQUE CHECK (length(identifier_key) = 32),
    email_key_id TEXT NOT NULL,
    email BLOB NOT NULL,
    roles TEXT NOT NULL,
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    create_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE challenges (
    challenge_id BLOB PRIMARY KEY CHECK (length(challenge_id) = 16),
    purpose TEXT NOT NULL,
    channel TEXT NOT NULL,
    client_id TEXT NOT NULL,
    identifier_key BLOB NOT NULL CHECK (length(identifier_key) = 32),
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    destination_key_id TEXT NOT NULL,
    destination BLOB NOT NULL,
    locale TEXT NOT NULL,
    binding_hash BLOB NOT NULL,
    code_length INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts <= max_attempts),
    used INTEGER NOT NULL CHECK (used IN (0, 1)),
    create_time INTEGER NOT NULL,
    resend_time INTEGER NOT NULL,
    code1_mac BLOB NOT NULL,
    code1_pepper_id TEXT NOT NULL,
    code1_expire_time INTEGER NOT NULL,
    code2_mac BLOB,
    code2_pepper_id TEXT,
    code2_expire_time INTEGER,
    code3_mac BLOB,
    code3_pepper_id TEXT,
    code3_expire_time INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX challenges_by_age ON challenges (create_time);

CREATE TABLE lockouts (
    identifier_key BLOB PRIMARY KEY CHECK (length(identifier_key) = 32),
    consecutive_failures INTEGER NOT NULL,
    locked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    session_id BLOB PRIMARY KEY CHECK (length(session_id) = 16),
    user_id BLOB NOT NULL REFERENCES users,
    client_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    device_name TEXT NOT NULL,
    platform TEXT NOT NULL,
    create_time INTEGER NOT NULL,
    auth_time INTEGER NOT NULL,
    last_use_time INTEGER NOT NULL,
    last_use_address TEXT,
    idle_expire_time INTEGER NOT NULL,
    absolute_expire_time INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    refresh_hash BLOB NOT NULL CHECK (length(refresh_hash) = 32),
    parent_hash BLOB,
    request_key BLOB,
    end_time INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_running ON sessions (user_id, session_id) WHERE end_time IS NULL;
CREATE INDEX sessions_ended ON sessions (end_time) WHERE end_time IS NOT NULL;

CREATE TABLE outbox (
    message_id BLOB PRIMARY KEY CHECK (length(message_id) = 16),
    challenge_id BLOB,
    user_id BLOB REFERENCES users,
    content_key_id TEXT,
    content BLOB,
    attempts INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    expire_time INTEGER NOT NULL,
    due_time INTEGER NOT NULL,
    settle_time INTEGER,
    delivered INTEGER CHECK (delivered IN (0, 1)),
    provider_message_id TEXT,
    CHECK ((settle_time IS NULL) = (content IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (due_time, message_id) WHERE settle_time IS NULL;
CREATE INDEX outbox_settled ON outbox (settle_time) WHERE settle_time IS NOT NULL;

CREATE TABLE answers (
    call BLOB PRIMARY KEY CHECK (length(call) = 32),
    fingerprint BLOB NOT NULL,
    body_key_id TEXT NOT NULL,
    body BLOB NOT NULL,
    expire_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_by_expiry ON answers (expire_time);

CREATE TABLE audit_events (
    event_id BLOB PRIMARY KEY CHECK (length(event_id) = 16),
    time INTEGER NOT NULL,
    act TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT,
    trace_id TEXT NOT NULL,
    identifier_key BLOB,
    user_id BLOB,
    session_id BLOB,
    challenge_id BLOB,
    message_id BLOB,
    client_id TEXT,
    device_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit events are only appended');
END;

CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit events are only appended');
END;
