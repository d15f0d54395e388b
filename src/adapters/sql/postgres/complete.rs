//! Completes sign-ins in one statement.

use super::{
    answers,
    connections::{Connections, place},
    events::{self, each_event},
    notices::{self, notice_arrays, notice_columns, tell},
};
use crate::{
    adapters::sql::{
        fields::Fields as _,
        lane::{Broken, Mark, Work},
        rows,
        statements::{answer_conflict, event_columns, session_columns},
    },
    domain::{digest::Digest, link::LinkState, time::Timestamp},
    ports::store::{NewUser, SignIn, SignInOutcome, SignInUser},
};

/// First what has to hold, under locks taken in the order of the rows: the challenge stands (`c`), the user is as the
/// caller saw it (`u`), the counter lets an attempt pass that is charged here (`counted`), the answer's place is free
/// (`answered`). Only then, from `go`, anything is written. A user who
/// came to be meanwhile breaks the whole statement by the unique key of the identifier.
pub(super) const COMPLETE: &str = concat!(
    "WITH input AS MATERIALIZED (SELECT * FROM unnest($17::uuid[], $18::bytea[], $19::bigint[], $20::uuid[], \
    $21::text[], $22::uuid[], $23::text[], $24::bytea[], $25::uuid[], $26::text[], $27::text[], $28::text[], \
    $29::text[], $30::bigint[], $31::bigint[], $32::bigint[], $33::text[], $34::bigint[], $35::bigint[], \
    $36::bigint[], $37::bytea[], $44::uuid[], $45::bytea[], $38::bytea[], $39::bytea[], $40::text[], $41::bytea[], \
    $42::bigint[], ",
    notice_arrays!(),
    ", $53::text[], $54::text[], $55::bytea[], $56::text[], $57::text[], $58::bigint[]) WITH ORDINALITY AS t (challenge_id, identifier_key, now, known_user_id, roles, \
    new_user_id, email_key_id, email, \
    session_id, client_id, device_id, device_name, platform, create_time, auth_time, last_use_time, last_use_address, \
    idle_expire_time, absolute_expire_time, counter, refresh_hash, device_key, counter_key, call, fingerprint, body_key_id, body, \
    answer_expire_time, ",
    notice_columns!(),
    ", channel, phone_key_id, phone, method, link_state, passes_until, op)), \
    c AS MATERIALIZED (SELECT i.op FROM input AS i JOIN challenges AS h ON h.challenge_id = i.challenge_id \
    WHERE NOT h.used AND (i.passes_until IS NULL OR h.attempts < h.max_attempts) AND CASE WHEN i.link_state IS NULL THEN h.code1_expire_time > i.now \
    ELSE h.link1_expire_time > i.now AND h.link_state = i.link_state END ORDER BY h.challenge_id FOR NO KEY UPDATE OF h), \
    u AS MATERIALIZED (SELECT i.op FROM input AS i JOIN users AS k ON k.user_id = i.known_user_id \
    WHERE NOT k.disabled AND k.roles = i.roles AND i.op IN (SELECT op FROM c) ORDER BY k.user_id FOR SHARE OF k), \
    same AS MATERIALIZED (SELECT * FROM input AS i WHERE i.op IN (SELECT op FROM c) \
    AND (i.known_user_id IS NULL OR i.op IN (SELECT op FROM u))), \
    counted AS MATERIALIZED (SELECT i.op, l.identifier_key, \
    l.identifier_key = i.counter_key AND l.locked_until > i.passes_until AS holds FROM same AS i JOIN lockouts AS l \
    ON l.identifier_key = ANY (ARRAY[i.counter_key, i.identifier_key]) \
    AND (l.identifier_key = i.counter_key OR l.locked_until = 9223372036854775807) \
    ORDER BY l.identifier_key FOR UPDATE OF l), \
    free AS MATERIALIZED (SELECT * FROM same WHERE op NOT IN (SELECT op FROM counted WHERE holds)), \
    answered AS (INSERT INTO answers (call, fingerprint, body_key_id, body, expire_time) \
    SELECT call, fingerprint, body_key_id, body, answer_expire_time FROM free WHERE call IS NOT NULL ORDER BY call",
    answer_conflict!(),
    "$43::bigint RETURNING call), \
    go AS MATERIALIZED (SELECT *, COALESCE(known_user_id, new_user_id) AS user_id FROM free \
    WHERE call IS NULL OR call IN (SELECT call FROM answered)), \
    created AS (INSERT INTO users (user_id, identifier_key, email_key_id, email, phone_key_id, phone, roles, disabled, create_time, \
    locale) SELECT new_user_id, identifier_key, email_key_id, email, phone_key_id, phone, '', FALSE, create_time, locale FROM go \
    WHERE new_user_id IS NOT NULL ORDER BY identifier_key), \
    consumed AS (UPDATE challenges AS h SET used = TRUE, \
    attempts = h.attempts + CASE WHEN go.passes_until IS NULL THEN 0 ELSE 1 END FROM go WHERE h.challenge_id = go.challenge_id), \
    forgotten AS (DELETE FROM lockouts AS l USING counted WHERE l.identifier_key = counted.identifier_key \
    AND counted.op IN (SELECT op FROM go)), \
    opened AS (INSERT INTO sessions (",
    session_columns!(new),
    ") SELECT ",
    session_columns!(new),
    " FROM go), ",
    tell!(),
    "recorded AS (INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT ",
    event_columns!(),
    " FROM ",
    each_event!(),
    " WHERE op IN (SELECT op FROM go)) \
    SELECT op, op IN (SELECT op FROM c) AS standing, op IN (SELECT op FROM same) AS same, \
    op IN (SELECT op FROM go) AS done FROM input"
);

/// Consumes challenges and opens sessions; a sign-in is done as a whole or writes nothing.
pub(super) struct Complete(pub(super) Connections);

impl Work for Complete {
    type Step = SignIn;
    type Outcome = SignInOutcome;

    fn marks(step: &SignIn) -> impl Iterator<Item = Mark> {
        let challenge = *Digest::sha256(&[step.challenge_id.bytes()]).bytes();
        [challenge, *step.identifier_key.0.bytes()].into_iter().chain(answers::mark(step.answer.as_ref()))
    }

    async fn run(&self, steps: &[&SignIn]) -> Result<Vec<Option<SignInOutcome>>, Broken> {
        macro_rules! column {
            ($step:ident => $value:expr) => {
                steps.iter().map(|$step| $value).collect::<Vec<_>>()
            };
        }
        let query = events::bind(sqlx::query(COMPLETE), steps.iter().map(|step| step.events.as_slice()))
            .bind(column!(s => s.challenge_id.uuid()))
            .bind(column!(s => s.identifier_key.0.bytes().as_slice()))
            .bind(column!(s => s.now.micros()))
            .bind(column!(s => match &s.user {
                SignInUser::Existing { user_id, .. } => Some(user_id.uuid()),
                SignInUser::New(_) => None,
            }))
            .bind(column!(s => match &s.user {
                SignInUser::Existing { roles, .. } => Some(rows::joined(roles)),
                SignInUser::New(_) => None,
            }))
            .bind(column!(s => new(s).map(|new| new.user_id.uuid())))
            .bind(column!(s => new(s).map(|new| rows::parts(new.contact.email.as_ref()).0)))
            .bind(column!(s => new(s).map(|new| rows::parts(new.contact.email.as_ref()).1)))
            .bind(column!(s => s.session.session_id.uuid()))
            .bind(column!(s => s.session.client_id.as_str()))
            .bind(column!(s => s.session.device.device_id.as_str()))
            .bind(column!(s => s.session.device.display_name.as_str()))
            .bind(column!(s => s.session.device.platform.as_str()))
            .bind(column!(s => s.session.create_time.micros()))
            .bind(column!(s => s.session.auth_time.micros()))
            .bind(column!(s => s.session.last_use_time.micros()))
            .bind(column!(s => s.session.last_use_address.map(|address| address.to_string())))
            .bind(column!(s => s.session.idle_expire_time.micros()))
            .bind(column!(s => s.session.absolute_expire_time.micros()))
            .bind(column!(s => i64::from(s.session.counter)))
            .bind(column!(s => s.session.refresh_hash.bytes().as_slice()));
        let earliest = steps.iter().map(|step| step.now.micros()).min();
        let query = answers::bind(query, steps.iter().map(|step| step.answer.as_ref()))
            .bind(earliest)
            .bind(column!(s => s.device_key))
            .bind(column!(s => s.counter_key.bytes().as_slice()));
        let query = notices::bind(query, steps)
            .bind(column!(s => s.session.channel.as_str()))
            .bind(column!(s => new(s).map(|new| rows::parts(new.contact.phone.as_ref()).0)))
            .bind(column!(s => new(s).map(|new| rows::parts(new.contact.phone.as_ref()).1)))
            .bind(column!(s => s.session.method.as_str()))
            .bind(column!(s => s.link.map(LinkState::as_str)))
            .bind(column!(s => s.charging.passes_until().map(Timestamp::micros)));
        let rows = match self.0.try_run(query).await {
            Ok(rows) => rows,
            Err(failure) if steps.len() == 1 && failure.is_duplicate("users_identifier_key") => {
                return Ok(vec![Some(SignInOutcome::UserChanged)]);
            }
            Err(failure) => return Err(failure.into()),
        };
        let mut outcomes = vec![None; steps.len()];
        for row in &rows {
            let flag = |column| row.flag(column).map_err(Broken::Lost);
            let outcome = match (flag("standing")?, flag("same")?, flag("done")?) {
                (true, true, true) => SignInOutcome::SignedIn,
                (true, false, _) => SignInOutcome::UserChanged,
                _ => SignInOutcome::Spent,
            };
            place(row, &mut outcomes)?.replace(outcome);
        }
        Ok(outcomes)
    }
}

const fn new(sign_in: &SignIn) -> Option<&NewUser> {
    match &sign_in.user {
        SignInUser::Existing { .. } => None,
        SignInUser::New(new) => Some(new),
    }
}
