-- Magic links: docs/decisions/0130-links-in-the-challenge.md. All columns may be empty and stand last: a challenge without
-- a link writes none of them, and a release before this one reads what it did.

-- The message that carries the newest code or link; by it the asking device learns what became of it.
ALTER TABLE challenges ADD COLUMN message_id uuid;
-- The links, newest first, as the codes are. A challenge with a link alone has its links' hashes and ends in the places of
-- its codes too, and no digits: no code ever has such a hash.
ALTER TABLE challenges ADD COLUMN link1_mac bytea;
ALTER TABLE challenges ADD COLUMN link1_pepper_id text;
ALTER TABLE challenges ADD COLUMN link1_expire_time bigint;
ALTER TABLE challenges ADD COLUMN link2_mac bytea;
ALTER TABLE challenges ADD COLUMN link2_pepper_id text;
ALTER TABLE challenges ADD COLUMN link2_expire_time bigint;
ALTER TABLE challenges ADD COLUMN link3_mac bytea;
ALTER TABLE challenges ADD COLUMN link3_pepper_id text;
ALTER TABLE challenges ADD COLUMN link3_expire_time bigint;
-- Which device gets the session: opening_device, asking_device or same_device.
ALTER TABLE challenges ADD COLUMN link_completion text;
-- pending, approved or rejected.
ALTER TABLE challenges ADD COLUMN link_state text;
ALTER TABLE challenges ADD COLUMN link_redirect_uri text;
ALTER TABLE challenges ADD COLUMN link_match_number bigint;
-- Who asked: what the person is shown before approving, and the device of a session that the asking device gets.
ALTER TABLE challenges ADD COLUMN link_device_id text;
ALTER TABLE challenges ADD COLUMN link_device_name text;
ALTER TABLE challenges ADD COLUMN link_platform text;
ALTER TABLE challenges ADD COLUMN link_address text;

-- How the person proved who they are: code or link; access tokens say so in their amr.
ALTER TABLE sessions ADD COLUMN method text NOT NULL DEFAULT 'code';
