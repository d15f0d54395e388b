//! Sessions: open, list, end. Whoever ends more than one session of a user holds the user's row first, so that two of
//! them wait for one another instead of each holding what the other needs.

use crate::{
    adapters::sql::{
        fields::Fields as _,
        link::{Link, values},
        rows::{self, StoredSession},
        statements,
        steps::ledger,
    },
    domain::{
        audit::{Act, Actor, AuditEvent, Outcome},
        digest::Digest,
        id::{EventId, SessionId, UserId},
        revocation::{FeedPlace, Revocation},
        session::Session,
        time::Timestamp,
        user::User,
    },
    ports::store::{CountedAnswer, EndOthersOutcome, SessionPage, SignOutOutcome, StoreFault},
};
use uuid::{Builder, Uuid};

/// Writes a new session.
pub(in super::super) async fn open(
    link: &mut impl Link,
    session: &Session,
    device_key: Uuid,
) -> Result<(), StoreFault> {
    let address = session.last_use_address.map(|address| address.to_string());
    let values = values![
        session.session_id.uuid(),
        session.user_id.uuid(),
        session.client_id.as_str(),
        session.device.device_id.as_str(),
        session.device.display_name.as_str(),
        session.device.platform.as_str(),
        session.create_time.micros(),
        session.auth_time.micros(),
        session.last_use_time.micros(),
        address.as_deref(),
        session.idle_expire_time.micros(),
        session.absolute_expire_time.micros(),
        session.counter,
        session.refresh_hash.bytes(),
        device_key,
        session.channel.as_str(),
        session.method.as_str(),
    ];
    link.execute(statements::INSERT_SESSION, values).await?;
    Ok(())
}

/// Locks a session and, before it, its user; `None` where there is no such session.
pub(in super::super) async fn lock(
    link: &mut impl Link,
    id: SessionId,
) -> Result<Option<(StoredSession, User)>, StoreFault> {
    let Some(owner) = link.row(statements::SESSION_OWNER, values![id.uuid()]).await? else { return Ok(None) };
    let Some(user) = link.row(statements::LOCK_USER, values![owner.id("user_id")?]).await? else { return Ok(None) };
    let Some(session) = link.row(statements::LOCK_SESSION, values![id.uuid()]).await? else { return Ok(None) };
    Ok(Some((rows::session(&session)?, rows::user(&user)?)))
}

/// Ends one session of a user. The caller records it.
pub(in super::super) async fn end_one(
    link: &mut impl Link,
    user: UserId,
    session: SessionId,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreFault> {
    ids(&link.rows(statements::END_ONE, values![user.uuid(), now.micros(), session.uuid()]).await?)
}

/// Ends every session of a user whose row the caller holds. No device is known any more. The caller
/// records them.
pub(in super::super) async fn end_all(
    link: &mut impl Link,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreFault> {
    // What was given out at this very moment is older than the end too.
    link.execute(statements::REVOKE_DEVICES, values![user.uuid(), now.micros().saturating_add(1)]).await?;
    ids(&link.rows(statements::END_ALL, values![user.uuid(), now.micros()]).await?)
}

/// Ends every session of a user whose row the caller holds, before another is opened: the device that it is opened for
/// stays known. The caller records them.
pub(in super::super) async fn end_earlier(
    link: &mut impl Link,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreFault> {
    link.execute(statements::REVOKE_DEVICES, values![user.uuid(), now.micros()]).await?;
    // This process learns of them as the others do, from the feed: within a quarter of a second.
    ids(&link.rows(statements::END_ALL, values![user.uuid(), now.micros()]).await?)
}

/// Ends one session of a user, with its event. The user's row is held, for the device is forgotten with the last of its sessions:
/// of two that end at once the second has to see that the first has.
pub(in super::super) async fn end(
    link: &mut impl Link,
    user: UserId,
    session: SessionId,
    now: Timestamp,
    event: AuditEvent,
) -> Result<Vec<SessionId>, StoreFault> {
    link.rows(statements::LOCK_USER, values![user.uuid()]).await?;
    let ended = end_one(link, user, session, now).await?;
    forget(link, user, &ended, now, &event).await?;
    Ok(ended)
}

/// Ends all sessions of a user but one, with an event for each. The place of the answer is taken first: who comes second under
/// the same request id waits there, and has ended nothing yet.
pub(in super::super) async fn end_others(
    link: &mut impl Link,
    user: UserId,
    kept: SessionId,
    now: Timestamp,
    event: AuditEvent,
    answer: Option<&CountedAnswer>,
) -> Result<EndOthersOutcome, StoreFault> {
    let none_yet = answer.map(|counted| counted(0)).transpose()?;
    if !ledger::keep_answer(link, none_yet.as_ref(), now).await? {
        return Ok(EndOthersOutcome::AlreadyAnswered);
    }
    link.rows(statements::LOCK_USER, values![user.uuid()]).await?;
    let ended = ids(&link.rows(statements::END_OTHERS, values![user.uuid(), now.micros(), kept.uuid()]).await?)?;
    forget(link, user, &ended, now, &event).await?;
    if let Some(counted) = answer.filter(|_| !ended.is_empty()) {
        ledger::amend_answer(link, &counted(ended.len())?).await?;
    }
    Ok(EndOthersOutcome::Ended(ended))
}

/// Makes the devices of ended sessions unknown, but those on which another session runs, with an event for each session.
async fn forget(
    link: &mut impl Link,
    user: UserId,
    ended: &[SessionId],
    now: Timestamp,
    event: &AuditEvent,
) -> Result<(), StoreFault> {
    for session in ended {
        link.execute(statements::REVOKE_DEVICE, values![session.uuid(), now.micros()]).await?;
    }
    link.record(&for_each(event, user, ended)).await
}

/// Ends a session for whoever holds a token of it, or all of its user's.
pub(in super::super) async fn sign_out(
    link: &mut impl Link,
    id: SessionId,
    refreshed: Option<u32>,
    all: bool,
    now: Timestamp,
    mut event: AuditEvent,
) -> Result<SignOutOutcome, StoreFault> {
    let Some((stored, user)) = lock(link, id).await? else { return Ok(SignOutOutcome::Unknown) };
    if stored.ended && (!all || refreshed.is_some()) {
        // Whoever was told that the store is away may have ended it, and asks again: what this process knows is to say so too.
        return Ok(SignOutOutcome::Ended(vec![id]));
    }
    if refreshed.is_some_and(|counter| counter.saturating_add(1) < stored.session.counter) {
        event.reason = "REPLACED_TOKEN".into();
    }
    let ended =
        if all { end_all(link, user.user_id, now).await? } else { end_one(link, user.user_id, id, now).await? };
    link.record(&for_each(&event, user.user_id, &ended)).await?;
    Ok(SignOutOutcome::Ended(ended))
}

/// A page of a user's running sessions.
pub(in super::super) async fn page(
    link: &mut impl Link,
    user: UserId,
    before: Option<SessionId>,
    limit: u32,
    now: Timestamp,
) -> Result<SessionPage, StoreFault> {
    let before = before.map_or(Uuid::max(), SessionId::uuid);
    let values = values![user.uuid(), now.micros(), before, i64::from(limit) + 1];
    let rows = link.rows(statements::SESSIONS, values).await?;
    let sessions = rows.iter().map(|row| Ok(rows::session(row)?.session));
    let mut sessions = sessions.collect::<Result<Vec<_>, StoreFault>>()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = sessions.len() > limit;
    sessions.truncate(limit);
    Ok(SessionPage { sessions, more })
}

/// What was revoked behind a place in the feed, the oldest first.
pub(in super::super) async fn revocations(
    link: &mut impl Link,
    from: FeedPlace,
    limit: u32,
) -> Result<Vec<Revocation>, StoreFault> {
    let place = values![from.time.micros(), from.session_id.uuid(), i64::from(limit)];
    let rows = link.rows(statements::REVOCATIONS, place).await?;
    rows.iter()
        .map(|row| {
            let session_id = SessionId::new(row.id("session_id")?);
            Ok(Revocation { session_id, revoke_time: rows::time(row, "end_time")? })
        })
        .collect()
}

fn ids(rows: &[impl super::super::fields::Fields]) -> Result<Vec<SessionId>, StoreFault> {
    rows.iter().map(|row| row.id("session_id").map(SessionId::new)).collect()
}

/// One event for each ended session: the first has the id of `event`, further ones an id made of it and the session's.
pub(in super::super) fn for_each(event: &AuditEvent, user: UserId, ended: &[SessionId]) -> Vec<AuditEvent> {
    let events = ended.iter().enumerate().map(|(index, session)| AuditEvent {
        event_id: if index == 0 { event.event_id } else { derived(event.event_id, *session) },
        user_id: Some(user),
        session_id: Some(*session),
        ..event.clone()
    });
    events.collect()
}

/// One event for each session that ended with what `cause` records, for `reason`: by the operator whose act it was, else by
/// the service. They have ids made of the cause's and the session's, so that a step on a hot path draws none for what nearly
/// never happens. The client of `cause` is not told, for the sessions may be of others.
pub(in super::super) fn ended_by(
    cause: &AuditEvent,
    reason: &'static str,
    user: UserId,
    ended: &[SessionId],
) -> Vec<AuditEvent> {
    let actor = if cause.actor == Actor::Operator { Actor::Operator } else { Actor::Service };
    let events = ended.iter().map(|session| AuditEvent {
        event_id: derived(cause.event_id, *session),
        act: Act::SessionRevoked,
        outcome: Outcome::Success,
        reason: reason.into(),
        actor,
        user_id: Some(user),
        session_id: Some(*session),
        client_id: None,
        ..cause.clone()
    });
    events.collect()
}

/// A UUID of version 7 with the time of `event` and 74 bits of a hash of both.
fn derived(event: EventId, session: SessionId) -> EventId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Digest::sha256(&[event.bytes(), session.bytes()]).bytes()[..16]);
    bytes[..6].copy_from_slice(&event.bytes()[..6]);
    EventId::new(
        Builder::from_bytes(bytes)
            .with_version(uuid::Version::SortRand)
            .with_variant(uuid::Variant::RFC4122)
            .into_uuid(),
    )
}

/// The event with what the session tells. What the event says of the client application and the device stays.
pub(in super::super) fn about(event: &AuditEvent, session: &Session) -> AuditEvent {
    let mut event = event.clone();
    event.user_id = Some(session.user_id);
    event.session_id = Some(session.session_id);
    event.client_id.get_or_insert_with(|| session.client_id.clone());
    if event.device_id.is_empty() {
        event.device_id.clone_from(&session.device.device_id);
    }
    event
}
