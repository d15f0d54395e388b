-- What people are told of unusual use of their accounts: docs/decisions/0105-responses.md.

-- The language that a user first signed in with; what their later notices are written in.
ALTER TABLE users ADD COLUMN locale text NOT NULL DEFAULT '';

-- When a user was last told of each kind.
CREATE TABLE notices (
    user_id uuid NOT NULL REFERENCES users,
    kind text NOT NULL,
    notice_time bigint NOT NULL,
    PRIMARY KEY (user_id, kind)
) WITH (fillfactor = 90);
