//! Rotates a refresh token, or finds out why not.

use crate::{
    adapters::sql::{
        link::{Link, values},
        rows::StoredSession,
        statements,
        steps::{
            notices,
            sessions::{self, about},
        },
    },
    domain::{
        audit::AuditEvent,
        id::SessionId,
        session::{LiveSession, Session},
        time::Timestamp,
    },
    ports::store::{Response, Rotation, RotationEvents, RotationOutcome, StoreFault},
};

enum Finding {
    Live,
    Parent,
    Old,
    Strange,
}

/// Rotates, answers once more, or refuses, in the order of the port.
pub(in super::super) async fn rotate(link: &mut impl Link, rotation: &Rotation) -> Result<RotationOutcome, StoreFault> {
    let Some((stored, user)) = sessions::lock(link, rotation.session_id).await? else {
        // The session of a token that is not ours is anybody's word.
        let session_id = rotation.authentic.then_some(rotation.session_id);
        return Ok(RotationOutcome::Refused(Box::new(AuditEvent { session_id, ..rotation.events.refused.clone() })));
    };
    let session = &stored.session;
    let now = rotation.now;
    let over = stored.ended || session.idle_expire_time <= now || session.absolute_expire_time <= now;
    let finding = if over || user.disabled { Finding::Strange } else { find(&stored, rotation) };
    match finding {
        Finding::Live | Finding::Parent if is_other_device(session, rotation) => {
            let ended = respond(link, session, &rotation.mismatched, now).await?;
            let RotationEvents { device_mismatch, mismatch_responded, .. } = &rotation.events;
            let mut events = vec![about(device_mismatch, session), about(mismatch_responded, session)];
            events.extend(sessions::ended_by(device_mismatch, "DEVICE_MISMATCH", user.user_id, &ended));
            link.record(&events).await?;
            Ok(RotationOutcome::DeviceMismatch { ended })
        }
        Finding::Live => {
            let session = write(link, &stored, rotation).await?;
            link.record(&[about(&rotation.events.rotated, &session)]).await?;
            Ok(RotationOutcome::Rotated(Box::new(LiveSession { session, roles: user.roles })))
        }
        Finding::Parent => {
            link.record(&[about(&rotation.events.repeated, session)]).await?;
            Ok(RotationOutcome::Repeated(Box::new(LiveSession { session: stored.session, roles: user.roles })))
        }
        Finding::Old => {
            let ended = respond(link, session, &rotation.reused, now).await?;
            let RotationEvents { reused, reuse_responded, .. } = &rotation.events;
            let mut events = vec![about(reused, session), about(reuse_responded, session)];
            events.extend(sessions::ended_by(reused, "REFRESH_TOKEN_REUSED", user.user_id, &ended));
            link.record(&events).await?;
            Ok(RotationOutcome::Reused { user_id: user.user_id, ended })
        }
        Finding::Strange => Ok(RotationOutcome::Refused(Box::new(about(&rotation.events.refused, session)))),
    }
}

/// Which of the family's tokens is presented.
fn find(stored: &StoredSession, rotation: &Rotation) -> Finding {
    let session = &stored.session;
    if !rotation.authentic {
        return Finding::Strange;
    }
    if rotation.counter == session.counter && rotation.presented == session.refresh_hash {
        return Finding::Live;
    }
    let is_parent =
        rotation.counter.checked_add(1) == Some(session.counter) && stored.parent_hash == Some(rotation.presented);
    let same_call = rotation.request_key.is_some() && rotation.request_key == stored.request_key;
    let grace = if same_call { rotation.retry_grace.max(rotation.grace) } else { rotation.grace };
    if is_parent && rotation.now < session.last_use_time.after(grace) {
        Finding::Parent
    } else if rotation.counter < session.counter {
        Finding::Old
    } else {
        Finding::Strange
    }
}

fn is_other_device(session: &Session, rotation: &Rotation) -> bool {
    let own = &session.device.device_id;
    !own.is_empty() && !rotation.device_id.is_empty() && *own != rotation.device_id
}

async fn write(link: &mut impl Link, stored: &StoredSession, rotation: &Rotation) -> Result<Session, StoreFault> {
    let mut session = stored.session.clone();
    session.counter = session.counter.saturating_add(1);
    session.refresh_hash = rotation.successor;
    session.last_use_time = rotation.now;
    session.last_use_address = rotation.address;
    session.idle_expire_time = idle_end(rotation).min(session.absolute_expire_time);
    let address = session.last_use_address.map(|address| address.to_string());
    let values = values![
        session.session_id.uuid(),
        session.refresh_hash.bytes(),
        rotation.request_key.as_ref().map(crate::domain::digest::Digest::bytes),
        session.last_use_time.micros(),
        address.as_deref(),
        session.idle_expire_time.micros(),
    ];
    link.execute(statements::ROTATE, values).await?;
    Ok(session)
}

/// When the session ends unless it is used again, its absolute end left aside.
pub(in super::super) fn idle_end(rotation: &Rotation) -> Timestamp {
    rotation.now.after(rotation.idle_lifetime)
}

/// Ends the session of the token, or all of its user's, and accepts the notice.
async fn respond(
    link: &mut impl Link,
    session: &Session,
    response: &Response,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreFault> {
    let user = session.user_id;
    let ended = if response.revoke {
        sessions::end_all(link, user, now).await?
    } else {
        sessions::end_one(link, user, session.session_id, now).await?
    };
    notices::tell(link, response.notice.as_ref(), user, now).await?;
    Ok(ended)
}
