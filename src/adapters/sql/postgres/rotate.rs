//! Rotates a live refresh token in one statement.

use super::{
    events::{self, each_event},
    link::PgLink,
};
use crate::{
    adapters::sql::{rows, statements::event_columns, steps},
    domain::session::LiveSession,
    ports::store::{Rotation, StoreFault},
};

/// The session's row decides: of many at once one finds its own secret there, and none after a sign-out has locked it.
pub(super) const ROTATE: &str = concat!(
    "WITH r AS (UPDATE sessions AS s SET counter = s.counter + 1, parent_hash = s.refresh_hash, refresh_hash = $19, \
    request_key = $20, last_use_time = $21, last_use_address = $22, \
    idle_expire_time = LEAST($23::bigint, s.absolute_expire_time) FROM users AS u \
    WHERE s.session_id = $16 AND s.counter = $17 AND s.refresh_hash = $18 AND s.end_time IS NULL \
    AND s.idle_expire_time > $21 AND s.absolute_expire_time > $21 \
    AND ($24::text = '' OR s.device_id = '' OR s.device_id = $24::text) AND u.user_id = s.user_id AND NOT u.disabled \
    RETURNING s.session_id, s.user_id, s.client_id, s.device_id, s.device_name, s.platform, s.create_time, s.auth_time, \
    s.last_use_time, s.last_use_address, s.idle_expire_time, s.absolute_expire_time, s.counter, s.refresh_hash, \
    s.parent_hash, s.request_key, s.end_time, u.roles), \
    recorded AS (INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT ($1::uuid[])[e.i], ($2::bigint[])[e.i], ($3::text[])[e.i], ($4::text[])[e.i], ($5::text[])[e.i], \
    ($6::text[])[e.i], ($7::text[])[e.i], ($8::text[])[e.i], ($9::bytea[])[e.i], r.user_id, r.session_id, \
    ($12::uuid[])[e.i], ($13::uuid[])[e.i], COALESCE(($14::text[])[e.i], r.client_id), \
    COALESCE(NULLIF(($15::text[])[e.i], ''), r.device_id) FROM r, ",
    each_event!(),
    " WHERE $10::uuid[] IS NOT NULL AND $11::uuid[] IS NOT NULL) SELECT * FROM r"
);

/// Rotates the live token; `None`, and nothing written, where it is not that simple.
pub(super) async fn rotate(link: &mut PgLink, rotation: &Rotation) -> Result<Option<LiveSession>, StoreFault> {
    let query = events::bind(sqlx::query(ROTATE), std::slice::from_ref(&rotation.events.rotated))
        .bind(rotation.session_id.uuid())
        .bind(i64::from(rotation.counter))
        .bind(rotation.presented.bytes().as_slice())
        .bind(rotation.successor.bytes().as_slice())
        .bind(rotation.request_key.as_ref().map(|key| key.bytes().as_slice()))
        .bind(rotation.now.micros())
        .bind(rotation.address.map(|address| address.to_string()))
        .bind(steps::rotate::idle_end(rotation).micros())
        .bind(rotation.device_id.as_str());
    let row = link.fetch(query).await?.into_iter().next();
    row.map(|row| Ok(LiveSession { session: rows::session(&row)?.session, roles: rows::roles(&row)? })).transpose()
}
