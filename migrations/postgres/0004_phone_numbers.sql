-- People sign in by phone number too: docs/decisions/0100-phone-numbers.md.

-- Of address and number a user has at least one; the other is empty, with an empty key's name: a release before this
-- one writes neither of the new columns, and reads an address of every user.
ALTER TABLE users ADD COLUMN phone_key_id text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN phone bytea NOT NULL DEFAULT '';
-- The way of the code that the session began with; access tokens say so in their amr.
ALTER TABLE sessions ADD COLUMN channel text NOT NULL DEFAULT 'email';
