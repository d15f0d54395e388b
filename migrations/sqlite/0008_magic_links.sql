-- The same as on PostgreSQL, whose file explains it.

ALTER TABLE challenges ADD COLUMN message_id BLOB;
ALTER TABLE challenges ADD COLUMN link1_mac BLOB;
ALTER TABLE challenges ADD COLUMN link1_pepper_id TEXT;
ALTER TABLE challenges ADD COLUMN link1_expire_time INTEGER;
ALTER TABLE challenges ADD COLUMN link2_mac BLOB;
ALTER TABLE challenges ADD COLUMN link2_pepper_id TEXT;
ALTER TABLE challenges ADD COLUMN link2_expire_time INTEGER;
ALTER TABLE challenges ADD COLUMN link3_mac BLOB;
ALTER TABLE challenges ADD COLUMN link3_pepper_id TEXT;
ALTER TABLE challenges ADD COLUMN link3_expire_time INTEGER;
ALTER TABLE challenges ADD COLUMN link_completion TEXT;
ALTER TABLE challenges ADD COLUMN link_state TEXT;
ALTER TABLE challenges ADD COLUMN link_redirect_uri TEXT;
ALTER TABLE challenges ADD COLUMN link_match_number INTEGER;
ALTER TABLE challenges ADD COLUMN link_device_id TEXT;
ALTER TABLE challenges ADD COLUMN link_device_name TEXT;
ALTER TABLE challenges ADD COLUMN link_platform TEXT;
ALTER TABLE challenges ADD COLUMN link_address TEXT;
ALTER TABLE sessions ADD COLUMN method TEXT NOT NULL DEFAULT 'code';
