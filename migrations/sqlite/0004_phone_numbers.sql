-- The same as on PostgreSQL, whose file explains it.

ALTER TABLE users ADD COLUMN phone_key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN phone BLOB NOT NULL DEFAULT x'';
ALTER TABLE sessions ADD COLUMN channel TEXT NOT NULL DEFAULT 'email';
