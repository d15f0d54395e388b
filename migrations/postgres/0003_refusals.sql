-- Why was this identifier or address refused? An operator asks by key. Only what was refused is in these indexes, so that
-- the events of what succeeds cost nothing more.
CREATE INDEX audit_refusals_by_identifier ON audit_events (identifier_key, time)
    WHERE outcome <> 'success' AND identifier_key IS NOT NULL;
CREATE INDEX audit_refusals_by_address ON audit_events (address, time)
    WHERE outcome <> 'success' AND address IS NOT NULL;
