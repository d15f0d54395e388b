-- One-time codes that client applications exchange for the tokens of a session:
-- docs/decisions/0151-codes-for-client-applications.md.
CREATE TABLE grants (
    -- SHA-256 of the code.
    code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    client_id text NOT NULL,
    redirect_uri text NOT NULL,
    -- SHA-256 of the verifier that the client keeps (RFC 7636).
    verifier_hash bytea NOT NULL CHECK (octet_length(verifier_hash) = 32),
    session_id uuid NOT NULL,
    -- The session's refresh token, sealed; erased when the code is used.
    token_key_id text,
    token bytea,
    used boolean NOT NULL,
    expire_time bigint NOT NULL,
    CHECK (used = (token IS NULL))
) WITH (fillfactor = 90);
CREATE INDEX grants_by_age ON grants (expire_time);
