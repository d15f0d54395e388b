//! Rotates live refresh tokens in one statement.

use super::{
    connections::{Connections, in_order, place},
    events::Events,
    shaped::{Rows, Shaped},
};
use crate::{
    adapters::sql::{
        lane::{Broken, Mark, Work},
        rows,
        statements::event_columns,
        steps,
    },
    domain::{digest::Digest, session::LiveSession},
    ports::store::Rotation,
};
use std::sync::Arc;

/// The session's row decides: of many at once one finds its own secret there, and none after a sign-out has locked it.
/// `COALESCE` keeps the planner from the index of running sessions, which it would read as a whole while it is small.
pub(super) static ROTATE: Shaped = Shaped {
    text: TEXT,
    singles: 0,
    input: &[
        ("session_id", "uuid"),
        ("counter", "bigint"),
        ("presented", "bytea"),
        ("successor", "bytea"),
        ("request_key", "bytea"),
        ("now", "bigint"),
        ("address", "text"),
        ("idle_end", "bigint"),
        ("device_id", "text"),
    ],
};

const TEXT: &str = concat!(
    "WITH e AS MATERIALIZED (SELECT * FROM {events}), \
    r AS (UPDATE sessions AS s SET counter = s.counter + 1, parent_hash = s.refresh_hash, refresh_hash = i.successor, \
    request_key = i.request_key, last_use_time = i.now, last_use_address = i.address, \
    idle_expire_time = LEAST(i.idle_end, s.absolute_expire_time) FROM {input}, users AS u \
    WHERE s.session_id = i.session_id AND s.counter = i.counter AND s.refresh_hash = i.presented \
    AND COALESCE(s.end_time, -1) = -1 AND s.idle_expire_time > i.now AND s.absolute_expire_time > i.now \
    AND (i.device_id = '' OR s.device_id = '' OR s.device_id = i.device_id) AND u.user_id = s.user_id \
    AND NOT u.disabled \
    RETURNING i.op, s.session_id, s.user_id, s.client_id, s.device_id, s.device_name, s.platform, s.create_time, \
    s.auth_time, s.last_use_time, s.last_use_address, s.idle_expire_time, s.absolute_expire_time, s.counter, \
    s.refresh_hash, s.channel, s.method, s.parent_hash, s.request_key, s.end_time, u.roles), \
    recorded AS (INSERT INTO audit_events (",
    event_columns!(),
    ") SELECT e.event_id, e.time, e.act, e.outcome, e.reason, e.actor, e.address, e.trace_id, e.identifier_key, \
    r.user_id, r.session_id, e.challenge_id, e.message_id, COALESCE(e.client_id, r.client_id), \
    COALESCE(NULLIF(e.device_id, ''), r.device_id) FROM r JOIN e USING (op)) SELECT * FROM r"
);

/// Rotates live tokens; `None`, and nothing written, where it is not that simple.
pub(super) struct Rotate(pub(super) Connections);

impl Work for Rotate {
    const OPERATION: &'static str = "rotate";

    type Step = Arc<Rotation>;
    type Outcome = Option<Box<LiveSession>>;

    fn marks(step: &Arc<Rotation>) -> impl Iterator<Item = Mark> {
        std::iter::once(*Digest::sha256(&[step.session_id.bytes()]).bytes())
    }

    async fn run(&self, steps: &[&Arc<Rotation>]) -> Result<Vec<Option<Self::Outcome>>, Broken> {
        let mut outcomes: Vec<_> = steps.iter().map(|_| Some(None)).collect();
        // The sessions are locked as they are given.
        let (mut places, steps) = in_order(steps, |step| step.session_id.uuid());
        let events = Events::of(steps.iter().map(|step| std::slice::from_ref(&step.events.rotated)));
        let query = events.bind(ROTATE.query(events.len(), steps.len()));
        let query = Rows::of(query, steps.len())
            .column(column!(steps, s => s.session_id.uuid()))
            .column(column!(steps, s => i64::from(s.counter)))
            .column(column!(steps, s => s.presented.bytes().as_slice()))
            .column(column!(steps, s => s.successor.bytes().as_slice()))
            .column(column!(steps, s => s.request_key.as_ref().map(|key| key.bytes().as_slice())))
            .column(column!(steps, s => s.now.micros()))
            .column(column!(steps, s => s.address.map(|address| address.to_string())))
            .column(column!(steps, s => steps::rotate::idle_end(s).micros()))
            .column(column!(steps, s => s.device_id.as_str()))
            .numbered();
        let rows = self.0.run(query).await?;
        for row in &rows {
            let session = rows::session(row).map_err(Broken::Lost)?.session;
            let roles = rows::roles(row).map_err(Broken::Lost)?;
            outcomes[*place(row, &mut places)?] = Some(Some(Box::new(LiveSession { session, roles })));
        }
        Ok(outcomes)
    }
}
