-- The same as on PostgreSQL, whose file explains it.

ALTER TABLE lockouts ADD COLUMN owner_key BLOB;
ALTER TABLE lockouts ADD COLUMN notice_time INTEGER NOT NULL DEFAULT 0;
CREATE INDEX lockouts_of_devices ON lockouts (owner_key) WHERE owner_key IS NOT NULL;

ALTER TABLE users ADD COLUMN device_epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN device_key BLOB;

CREATE TABLE revoked_devices (
    device_key BLOB PRIMARY KEY CHECK (length(device_key) = 16),
    revoke_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_devices_by_age ON revoked_devices (revoke_time);
