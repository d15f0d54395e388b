-- Times are microseconds since the Unix epoch, digests 32 bytes, sealed values carry the name of their key beside them.
-- Why the tables look as they do: docs/decisions/0010 to 0014.

CREATE TABLE users (
    user_id uuid PRIMARY KEY,
    -- Keyed hash of the canonical address: the address itself is only in `email`, sealed.
    identifier_key bytea NOT NULL CONSTRAINT users_identifier_key UNIQUE CHECK (octet_length(identifier_key) = 32),
    email_key_id text NOT NULL,
    email bytea NOT NULL,
    -- Sorted, each once, with a blank between them.
    roles text NOT NULL,
    disabled boolean NOT NULL,
    create_time bigint NOT NULL
) WITH (fillfactor = 90);

CREATE TABLE challenges (
    challenge_id uuid PRIMARY KEY,
    purpose text NOT NULL,
    channel text NOT NULL,
    client_id text NOT NULL,
    identifier_key bytea NOT NULL CHECK (octet_length(identifier_key) = 32),
    salt bytea NOT NULL CHECK (octet_length(salt) = 16),
    destination_key_id text NOT NULL,
    destination bytea NOT NULL,
    locale text NOT NULL,
    binding_hash bytea NOT NULL,
    code_length bigint NOT NULL,
    max_attempts bigint NOT NULL,
    attempts bigint NOT NULL CHECK (attempts <= max_attempts),
    used boolean NOT NULL,
    create_time bigint NOT NULL,
    resend_time bigint NOT NULL,
    -- The codes, newest first: in the row, so that to begin is to write one row. The challenge ends with the newest.
    code1_mac bytea NOT NULL,
    code1_pepper_id text NOT NULL,
    code1_expire_time bigint NOT NULL,
    code2_mac bytea,
    code2_pepper_id text,
    code2_expire_time bigint,
    code3_mac bytea,
    code3_pepper_id text,
    code3_expire_time bigint
) WITH (fillfactor = 75);

-- For the sweep; grows at its right edge only, and no charge or resend touches it.
CREATE INDEX challenges_by_age ON challenges (create_time);

CREATE TABLE lockouts (
    identifier_key bytea PRIMARY KEY CHECK (octet_length(identifier_key) = 32),
    consecutive_failures bigint NOT NULL,
    -- 0 where the last failure reached no rung.
    locked_until bigint NOT NULL
) WITH (fillfactor = 75);

CREATE TABLE sessions (
    session_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    client_id text NOT NULL,
    device_id text NOT NULL,
    device_name text NOT NULL,
    platform text NOT NULL,
    create_time bigint NOT NULL,
    auth_time bigint NOT NULL,
    -- Of the sign-in or the last rotation; with the counter it makes the id of the access token.
    last_use_time bigint NOT NULL,
    last_use_address text,
    idle_expire_time bigint NOT NULL,
    absolute_expire_time bigint NOT NULL,
    counter bigint NOT NULL,
    refresh_hash bytea NOT NULL CHECK (octet_length(refresh_hash) = 32),
    parent_hash bytea,
    -- Keyed hash of the request id under which the last rotation was asked for.
    request_key bytea,
    end_time bigint
) WITH (fillfactor = 75);

-- No index names a column that a rotation writes: a rotation is a HOT update.
CREATE INDEX sessions_running ON sessions (user_id, session_id) WHERE end_time IS NULL;
-- The feed of revocations.
CREATE INDEX sessions_ended ON sessions (end_time) WHERE end_time IS NOT NULL;

CREATE TABLE outbox (
    message_id uuid PRIMARY KEY,
    challenge_id uuid,
    -- The recipient, where it is not named within the content.
    user_id uuid REFERENCES users,
    -- Erased when the message is settled.
    content_key_id text,
    content bytea,
    attempts bigint NOT NULL,
    create_time bigint NOT NULL,
    expire_time bigint NOT NULL,
    due_time bigint NOT NULL,
    settle_time bigint,
    delivered boolean,
    provider_message_id text,
    CHECK ((settle_time IS NULL) = (content IS NOT NULL))
) WITH (fillfactor = 75);

CREATE INDEX outbox_due ON outbox (due_time, message_id) WHERE settle_time IS NULL;
CREATE INDEX outbox_settled ON outbox (settle_time) WHERE settle_time IS NOT NULL;

CREATE TABLE answers (
    call bytea PRIMARY KEY CHECK (octet_length(call) = 32),
    fingerprint bytea NOT NULL,
    body_key_id text NOT NULL,
    body bytea NOT NULL,
    expire_time bigint NOT NULL
);

CREATE INDEX answers_by_expiry ON answers (expire_time);

CREATE TABLE audit_events (
    event_id uuid PRIMARY KEY,
    time bigint NOT NULL,
    act text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    address text,
    trace_id text NOT NULL,
    identifier_key bytea,
    user_id uuid,
    session_id uuid,
    challenge_id uuid,
    message_id uuid,
    client_id text,
    device_id text NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are only appended' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
