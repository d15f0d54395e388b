-- Devices that signed in before are counted apart: docs/decisions/0024-known-devices.md.

-- A row counts for an identifier, or for one device known to it; the key of the latter is made of both, and `owner_key`
-- is the identifier's. `locked_until` is the greatest number where nothing but an operator or a known device ends it.
ALTER TABLE lockouts ADD COLUMN owner_key bytea;
-- When the person was last told of a lock.
ALTER TABLE lockouts ADD COLUMN notice_time bigint NOT NULL DEFAULT 0;
CREATE INDEX lockouts_of_devices ON lockouts (owner_key) WHERE owner_key IS NOT NULL;

-- Device tokens given out before this time are worth nothing.
ALTER TABLE users ADD COLUMN device_epoch bigint NOT NULL DEFAULT 0;
-- The device that the session's sign-in made known.
ALTER TABLE sessions ADD COLUMN device_key uuid;

CREATE TABLE revoked_devices (
    device_key uuid PRIMARY KEY,
    revoke_time bigint NOT NULL
);
CREATE INDEX revoked_devices_by_age ON revoked_devices (revoke_time);
