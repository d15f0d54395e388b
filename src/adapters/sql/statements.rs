//! Every statement that both engines run, in one table: a test prepares each on both migrated engines.

/// A statement. The texts differ only where PostgreSQL has to be asked for a row's lock, or whether it may be written to.
#[derive(Debug)]
pub struct Statement {
    /// What it is called here.
    pub name: &'static str,
    /// Its text on PostgreSQL.
    pub postgres: &'static str,
    /// Its text on SQLite, where the one writer needs no locks.
    pub sqlite: &'static str,
}

macro_rules! statements {
    ($($name:ident = $($text:expr),+ $(; $lock:literal $(, $rest:expr)*)*;)*) => {
        $(pub(super) const $name: &Statement = &Statement {
            name: stringify!($name),
            postgres: concat!($($text),+ $(, $lock $(, $rest)*)*),
            sqlite: concat!($($text),+ $($(, $rest)*)*),
        };)*

        /// All of them.
        pub const STATEMENTS: &[&Statement] = &[$($name),*];
    };
}

/// The columns of a challenge.
macro_rules! challenge_columns {
    () => {
        concat!(
            crate::adapters::sql::statements::new_challenge_columns!(),
            ", code2_mac, code2_pepper_id, code2_expire_time, code3_mac, code3_pepper_id, code3_expire_time, \
            link1_mac, link1_pepper_id, link1_expire_time, link2_mac, link2_pepper_id, link2_expire_time, \
            link3_mac, link3_pepper_id, link3_expire_time, ",
            crate::adapters::sql::statements::link_columns!()
        )
    };
}

/// The columns of a link, beside its hashes.
macro_rules! link_columns {
    () => {
        "link_completion, link_state, link_redirect_uri, link_match_number, link_device_id, link_device_name, \
        link_platform, link_address"
    };
}

/// The columns of a new challenge; the first is `$1`. The id of its message follows.
macro_rules! new_challenge_columns {
    () => {
        "challenge_id, purpose, channel, client_id, identifier_key, salt, destination_key_id, destination, locale, \
        binding_hash, code_length, max_attempts, attempts, used, create_time, resend_time, code1_mac, \
        code1_pepper_id, code1_expire_time"
    };
}

/// The columns of a user.
macro_rules! user_columns {
    () => {
        "user_id, email_key_id, email, phone_key_id, phone, roles, disabled, create_time AS user_create_time"
    };
}

/// The columns of a session, and of a new one.
macro_rules! session_columns {
    () => {
        "session_id, user_id, client_id, device_id, device_name, platform, create_time, auth_time, last_use_time, \
        last_use_address, idle_expire_time, absolute_expire_time, counter, refresh_hash, channel, method"
    };
    (new) => {
        "session_id, user_id, client_id, device_id, device_name, platform, create_time, auth_time, last_use_time, \
        last_use_address, idle_expire_time, absolute_expire_time, counter, refresh_hash, device_key, channel, method"
    };
}

/// The columns of an audit event.
macro_rules! event_columns {
    () => {
        "event_id, time, act, outcome, reason, actor, address, trace_id, identifier_key, user_id, session_id, \
        challenge_id, message_id, client_id, device_id"
    };
}

/// What is read of a refusal, and the rows that are one; the indexes are of just these.
macro_rules! refusal_columns {
    () => {
        "event_id, time, act, outcome, reason, client_id FROM audit_events WHERE outcome <> 'success' \
        AND actor = 'person'"
    };
}

/// The columns of a new message.
macro_rules! message_columns {
    () => {
        "message_id, challenge_id, user_id, content_key_id, content, attempts, create_time, expire_time, due_time"
    };
}

/// What is told of a message.
macro_rules! delivery_columns {
    () => {
        "message_id, challenge_id, attempts, unanswered, create_time, expire_time, settle_time, delivered, provider, \
        provider_message_id, reason, receipt, receipt_time"
    };
}

/// What becomes of an answer whose place is taken: only one that has expired gives way.
macro_rules! answer_conflict {
    () => {
        " ON CONFLICT (call) DO UPDATE SET fingerprint = excluded.fingerprint, body_key_id = excluded.body_key_id, \
        body = excluded.body, expire_time = excluded.expire_time WHERE answers.expire_time <= "
    };
}

pub(super) use {
    answer_conflict, challenge_columns, event_columns, link_columns, message_columns, new_challenge_columns,
    session_columns, user_columns,
};

statements! {
    PING = "SELECT 1 AS one"; ", CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS store_time \
        WHERE current_setting('transaction_read_only') = 'off'";

    CHALLENGE = "SELECT ", challenge_columns!(), " FROM challenges WHERE challenge_id = $1";
    LOCK_CHALLENGE = "SELECT ", challenge_columns!(), " FROM challenges WHERE challenge_id = $1";
        " FOR NO KEY UPDATE";
    INSERT_CHALLENGE = "INSERT INTO challenges (", new_challenge_columns!(), ", message_id) VALUES \
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    INSERT_LINKED_CHALLENGE = "INSERT INTO challenges (", new_challenge_columns!(), ", message_id, link1_mac, \
        link1_pepper_id, link1_expire_time, ", link_columns!(), ") VALUES \
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, \
        $24, $25, $26, $27, $28, $29, $30, $31)";
    ADD_CODE = "UPDATE challenges SET code3_mac = code2_mac, code3_pepper_id = code2_pepper_id, \
        code3_expire_time = code2_expire_time, code2_mac = code1_mac, code2_pepper_id = code1_pepper_id, \
        code2_expire_time = code1_expire_time, code1_mac = $2, code1_pepper_id = $3, code1_expire_time = $4, \
        resend_time = $5, message_id = $6 WHERE challenge_id = $1";
    ADD_LINK = "UPDATE challenges SET link3_mac = link2_mac, link3_pepper_id = link2_pepper_id, \
        link3_expire_time = link2_expire_time, link2_mac = link1_mac, link2_pepper_id = link1_pepper_id, \
        link2_expire_time = link1_expire_time, link1_mac = $2, link1_pepper_id = $3, link1_expire_time = $4 \
        WHERE challenge_id = $1";
    APPROVE_LINK = "UPDATE challenges SET link_state = 'approved' WHERE challenge_id = $1";
    REJECT_LINK = "UPDATE challenges SET link_state = 'rejected', used = TRUE WHERE challenge_id = $1";
    STANDINGS = "SELECT c.challenge_id, c.used, c.link_state, c.code1_expire_time, c.link1_expire_time, o.settle_time, \
        COALESCE(o.delivered, FALSE) AS delivered, COALESCE(o.reason, '') AS reason, COALESCE(o.receipt, 0) AS receipt \
        FROM challenges AS c \
        LEFT JOIN outbox AS o ON o.message_id = c.message_id WHERE c.challenge_id IN \
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, \
        $24, $25, $26, $27, $28, $29, $30, $31, $32)";
    CHARGE_CHALLENGE = "UPDATE challenges SET attempts = attempts + 1 WHERE challenge_id = $1";
    UNCHARGE_CHALLENGE = "UPDATE challenges SET attempts = attempts - 1 WHERE challenge_id = $1 AND attempts > 0";
    USE_CHALLENGE = "UPDATE challenges SET used = TRUE WHERE challenge_id = $1";

    LOCKOUT = "SELECT consecutive_failures, locked_until FROM lockouts WHERE identifier_key = $1";
    DEVICE_STANDS = "SELECT 1 FROM users WHERE identifier_key = $1 AND device_epoch <= $2 \
        AND NOT EXISTS (SELECT 1 FROM revoked_devices WHERE device_key = $3)";
    CHARGE_IDENTIFIER = "INSERT INTO lockouts (identifier_key, consecutive_failures, locked_until, owner_key) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (identifier_key) DO UPDATE SET \
        consecutive_failures = excluded.consecutive_failures, locked_until = excluded.locked_until";
    FORGET_FAILURES = "DELETE FROM lockouts WHERE identifier_key = $1";
    LIFT_DISABLED = "DELETE FROM lockouts WHERE identifier_key = $1 AND locked_until = 9223372036854775807";
    FORGET_DEVICES = "DELETE FROM lockouts WHERE owner_key = $1";
    NOTE_NOTICE = "UPDATE lockouts SET notice_time = $2 WHERE identifier_key = $1 AND notice_time <= $3";
    NOTE_USER_NOTICE = "INSERT INTO notices AS n (user_id, kind, notice_time) VALUES ($1, $2, $3) \
        ON CONFLICT (user_id, kind) DO UPDATE SET notice_time = excluded.notice_time WHERE n.notice_time <= $4";
    REVOKE_DEVICE = "INSERT INTO revoked_devices (device_key, revoke_time) SELECT s.device_key, $2 FROM sessions AS s \
        WHERE s.session_id = $1 AND s.device_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sessions AS o \
        WHERE o.user_id = s.user_id AND o.device_key = s.device_key AND o.end_time IS NULL AND o.idle_expire_time > $2 \
        AND o.absolute_expire_time > $2) ON CONFLICT (device_key) DO NOTHING";
    REVOKE_DEVICES = "UPDATE users SET device_epoch = $2 WHERE user_id = $1 AND device_epoch < $2";

    LOCK_TEXT_MESSAGES = "SELECT slot FROM text_messages WHERE kind = 'lock' AND key = $1 AND slot = 0"; " FOR UPDATE";
    TEXT_MESSAGES = "SELECT slot, sent, codes, used, cost FROM text_messages WHERE kind = $1 AND key = $2 AND slot > $3";
    COUNT_TEXT_MESSAGE = "INSERT INTO text_messages AS t (kind, key, slot, sent, codes, used, cost) \
        VALUES ($1, $2, $3, 1, $4, 0, $5) ON CONFLICT (kind, key, slot) DO UPDATE SET sent = t.sent + 1, \
        codes = t.codes + excluded.codes, cost = t.cost + excluded.cost";
    NOTE_TEXT_MESSAGE = "INSERT INTO text_messages_sent AS t (source_id, prefix_key, network_key, slot, messages) \
        VALUES ($1, $2, $3, $4, 1) ON CONFLICT (source_id) DO UPDATE SET messages = t.messages + 1";
    IS_COUNTED = "SELECT 1 FROM text_messages_sent WHERE source_id = $1";
    TAKE_TEXT_MESSAGES_SENT = "DELETE FROM text_messages_sent WHERE source_id = $1 \
        RETURNING prefix_key, network_key, slot, messages";
    USE_TEXT_MESSAGES = "UPDATE text_messages SET used = used + $4 WHERE kind = $1 AND key = $2 AND slot = $3";
    RAISE_TEXT_MESSAGES = "INSERT INTO text_messages (kind, key, slot, sent, codes, used, cost) \
        VALUES ('alarm', $1, $2, 0, 0, 0, 0) ON CONFLICT (kind, key, slot) DO NOTHING";

    USER = "SELECT ", user_columns!(), " FROM users WHERE user_id = $1";
    USER_OF = "SELECT ", user_columns!(), " FROM users WHERE identifier_key = $1";
    LOCK_USER_OF = "SELECT ", user_columns!(), " FROM users WHERE identifier_key = $1"; " FOR NO KEY UPDATE";
    LOCK_USER = "SELECT ", user_columns!(), " FROM users WHERE user_id = $1"; " FOR NO KEY UPDATE";
    INSERT_USER = "INSERT INTO users (user_id, identifier_key, email_key_id, email, phone_key_id, phone, roles, disabled, \
        create_time, locale) VALUES ($1, $2, $3, $4, $5, $6, '', FALSE, $7, $8)";
    CHANGE_ROLES = "UPDATE users SET roles = $2 WHERE user_id = $1";
    CHANGE_DISABLED = "UPDATE users SET disabled = $2 WHERE user_id = $1";

    INSERT_SESSION = "INSERT INTO sessions (", session_columns!(new), ") VALUES \
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    SESSION_OWNER = "SELECT user_id FROM sessions WHERE session_id = $1";
    LOCK_SESSION = "SELECT ", session_columns!(), ", parent_hash, request_key, end_time FROM sessions \
        WHERE session_id = $1"; " FOR NO KEY UPDATE";
    ROTATE = "UPDATE sessions SET counter = counter + 1, parent_hash = refresh_hash, refresh_hash = $2, \
        request_key = $3, last_use_time = $4, last_use_address = $5, idle_expire_time = $6 WHERE session_id = $1";
    END_ONE = "UPDATE sessions SET end_time = $2 WHERE user_id = $1 AND session_id = $3 AND end_time IS NULL \
        AND absolute_expire_time > $2 RETURNING session_id";
    END_OTHERS = "UPDATE sessions SET end_time = $2 WHERE user_id = $1 AND session_id <> $3 AND end_time IS NULL \
        AND absolute_expire_time > $2 RETURNING session_id";
    END_ALL = "UPDATE sessions SET end_time = $2 WHERE user_id = $1 AND end_time IS NULL \
        AND absolute_expire_time > $2 RETURNING session_id";
    SESSIONS = "SELECT ", session_columns!(), ", parent_hash, request_key, end_time FROM sessions \
        WHERE user_id = $1 AND end_time IS NULL AND idle_expire_time > $2 AND absolute_expire_time > $2 \
        AND session_id < $3 ORDER BY session_id DESC LIMIT $4";
    REVOCATIONS = "SELECT session_id, end_time FROM sessions WHERE end_time >= $1 \
        AND (end_time > $1 OR session_id > $2) ORDER BY end_time, session_id LIMIT $3";

    INSERT_GRANT = "INSERT INTO grants (code_hash, client_id, redirect_uri, verifier_hash, session_id, token_key_id, \
        token, used, expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE, $8)";
    LOCK_GRANT = "SELECT client_id, redirect_uri, verifier_hash, session_id, token_key_id, token, used, expire_time \
        FROM grants WHERE code_hash = $1"; " FOR UPDATE";
    USE_GRANT = "UPDATE grants SET used = TRUE, token_key_id = NULL, token = NULL WHERE code_hash = $1";

    INSERT_MESSAGE = "INSERT INTO outbox (", message_columns!(), ") VALUES \
        ($1, $2, $3, $4, $5, $8, $6, $7, $9)";
    CLAIM = "WITH codes AS MATERIALIZED (SELECT message_id FROM outbox WHERE settle_time IS NULL AND due_time <= $1 \
        AND challenge_id IS NOT NULL ORDER BY due_time, message_id LIMIT $3"; " FOR UPDATE SKIP LOCKED",
        "), notices AS MATERIALIZED (SELECT message_id FROM outbox WHERE settle_time IS NULL AND due_time <= $1 \
        AND challenge_id IS NULL ORDER BY due_time, message_id LIMIT $3 - (SELECT count(*) FROM codes)";
        " FOR UPDATE SKIP LOCKED",
        ") UPDATE outbox SET due_time = $2, attempts = attempts + 1 WHERE message_id IN (SELECT message_id FROM codes \
        UNION ALL SELECT message_id FROM notices) \
        RETURNING message_id, challenge_id, user_id, content_key_id, content, attempts, unanswered, create_time, \
        expire_time, (SELECT email_key_id FROM users WHERE users.user_id = outbox.user_id) AS email_key_id, \
        (SELECT email FROM users WHERE users.user_id = outbox.user_id) AS email, \
        (SELECT phone_key_id FROM users WHERE users.user_id = outbox.user_id) AS phone_key_id, \
        (SELECT phone FROM users WHERE users.user_id = outbox.user_id) AS phone, \
        (SELECT locale FROM users WHERE users.user_id = outbox.user_id) AS locale";
    RELEASE = "UPDATE outbox SET due_time = $2 WHERE message_id = $1 AND settle_time IS NULL AND attempts = 1 AND due_time > $2";
    SETTLE = "UPDATE outbox SET settle_time = $2, delivered = $3, provider = $4, provider_message_id = $5, reason = $6, \
        content_key_id = NULL, content = NULL WHERE message_id = $1 AND settle_time IS NULL";
    RETRY = "UPDATE outbox SET due_time = $2, unanswered = $3 WHERE message_id = $1 AND settle_time IS NULL";

    DELIVERY = "SELECT ", delivery_columns!(), " FROM outbox WHERE message_id = $1 LIMIT $2";
    DELIVERIES_OF = "SELECT ", delivery_columns!(), " FROM outbox WHERE challenge_id = $1 \
        ORDER BY create_time DESC, message_id DESC LIMIT $2";

    TAKE_RECEIPT = "UPDATE outbox SET receipt = $2, receipt_time = $3 WHERE message_id = $1 AND receipt < $2 \
        AND (provider = $4 OR (provider = '' AND (settle_time IS NULL OR reason = 'UNANSWERED'))) \
        RETURNING challenge_id, user_id, COALESCE((SELECT identifier_key FROM challenges \
        WHERE challenges.challenge_id = outbox.challenge_id), (SELECT identifier_key FROM users \
        WHERE users.user_id = outbox.user_id)) AS identifier_key";
    SUPPRESS = "INSERT INTO suppressions AS s (identifier_key, cause, provider, message_id, challenge_id, create_time, \
        expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (identifier_key) DO UPDATE SET \
        cause = excluded.cause, provider = excluded.provider, message_id = excluded.message_id, \
        challenge_id = excluded.challenge_id, create_time = excluded.create_time, \
        expire_time = excluded.expire_time WHERE s.expire_time < excluded.expire_time";
    SUPPRESSION = "SELECT cause, provider, message_id, challenge_id, create_time, expire_time FROM suppressions \
        WHERE identifier_key = $1 AND expire_time > $2";
    LOCK_SUPPRESSION = "SELECT cause FROM suppressions WHERE identifier_key = $1 AND expire_time > $2"; " FOR UPDATE";
    SUPPRESSIONS_AFTER = "SELECT identifier_key, create_time, expire_time FROM suppressions \
        WHERE (create_time, identifier_key) > ($1, $2) ORDER BY create_time, identifier_key LIMIT $3";
    LIFT_SUPPRESSION = "DELETE FROM suppressions WHERE identifier_key = $1";

    DRAINED_PROVIDERS = "SELECT channel, name, drain_time FROM drained_providers ORDER BY channel, name";
    DRAIN_PROVIDER = "INSERT INTO drained_providers (channel, name, drain_time) VALUES ($1, $2, $3) \
        ON CONFLICT (channel, name) DO NOTHING";
    RESUME_PROVIDER = "DELETE FROM drained_providers WHERE channel = $1 AND name = $2";

    ANSWER = "SELECT fingerprint, body_key_id, body FROM answers WHERE call = $1 AND expire_time > $2";
    INSERT_ANSWER = "INSERT INTO answers (call, fingerprint, body_key_id, body, expire_time) \
        VALUES ($1, $2, $3, $4, $5)", answer_conflict!(), "$6";
    AMEND_ANSWER = "UPDATE answers SET body_key_id = $2, body = $3 WHERE call = $1";

    INSERT_EVENT = "INSERT INTO audit_events (", event_columns!(), ") VALUES \
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

    REFUSALS_OF_IDENTIFIER = "SELECT ", refusal_columns!(), " AND identifier_key = $1 AND time >= $2 \
        ORDER BY time DESC, event_id DESC LIMIT $3";
    REFUSALS_OF_ADDRESS = "SELECT ", refusal_columns!(), " AND address = $1 AND time >= $2 \
        ORDER BY time DESC, event_id DESC LIMIT $3";
    EVENTS_AFTER = "SELECT event_id, time, act, outcome, reason, address, identifier_key, client_id FROM audit_events \
        WHERE event_id > $1 ORDER BY event_id LIMIT $2";

    SWEEP_ANSWERS = "DELETE FROM answers WHERE call IN (SELECT call FROM answers WHERE expire_time <= $1 \
        ORDER BY expire_time LIMIT $2"; " FOR UPDATE SKIP LOCKED", ")";
    SWEEP_CHALLENGES = "DELETE FROM challenges WHERE challenge_id IN (SELECT challenge_id FROM challenges \
        WHERE create_time <= $1 AND code1_expire_time <= $1 ORDER BY create_time LIMIT $2"; " FOR UPDATE SKIP LOCKED",
        ") RETURNING challenge_id, channel, purpose, client_id, locale, used, attempts, max_attempts, code1_expire_time";
    SWEEP_TEXT_MESSAGES = "DELETE FROM text_messages WHERE (kind, key, slot) IN (SELECT kind, key, slot \
        FROM text_messages WHERE slot > 0 AND slot <= $1 ORDER BY slot LIMIT $2"; " FOR UPDATE SKIP LOCKED", ")";
    SWEEP_TEXT_MESSAGES_SENT = "DELETE FROM text_messages_sent WHERE source_id IN (SELECT source_id \
        FROM text_messages_sent WHERE slot <= $1 ORDER BY slot LIMIT $2"; " FOR UPDATE SKIP LOCKED", ")";
    SWEEP_DEVICES = "DELETE FROM revoked_devices WHERE device_key IN (SELECT device_key FROM revoked_devices \
        WHERE revoke_time <= $1 ORDER BY revoke_time LIMIT $2"; " FOR UPDATE SKIP LOCKED", ")";
    SWEEP_GRANTS = "DELETE FROM grants WHERE code_hash IN (SELECT code_hash FROM grants WHERE expire_time <= $1 \
        ORDER BY expire_time LIMIT $2"; " FOR UPDATE SKIP LOCKED", ")";
    SWEEP_SESSIONS = "DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE session_id IN \
        (SELECT session_id FROM (SELECT session_id, absolute_expire_time FROM sessions ORDER BY session_id LIMIT $2) \
        AS oldest WHERE absolute_expire_time <= $1)"; " FOR UPDATE SKIP LOCKED", ")";
    SWEEP_SUPPRESSIONS = "DELETE FROM suppressions WHERE identifier_key IN (SELECT identifier_key FROM suppressions \
        WHERE expire_time <= $1 ORDER BY expire_time LIMIT $2"; " FOR UPDATE SKIP LOCKED", ")";
    SWEEP_MESSAGES = "DELETE FROM outbox WHERE message_id IN (SELECT message_id FROM outbox WHERE settle_time <= $1 \
        ORDER BY settle_time LIMIT $2"; " FOR UPDATE SKIP LOCKED", ")";
}
