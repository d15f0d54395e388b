//! Keeps grants, and redeems each once.

use super::sessions::{self, about};
use crate::{
    adapters::sql::{
        fields::Fields as _,
        link::{Link, values},
        rows, statements,
    },
    domain::{
        audit::AuditEvent,
        id::SessionId,
        session::{LiveSession, Session},
    },
    ports::store::{NewGrant, Redemption, RedemptionOutcome, StoreFault},
};

/// Keeps a grant.
pub(in super::super) async fn keep(link: &mut impl Link, grant: &NewGrant) -> Result<(), StoreFault> {
    let values = values![
        grant.code_hash.bytes(),
        grant.client_id.as_str(),
        grant.redirect_uri.as_str(),
        grant.verifier_hash.bytes(),
        grant.session_id.uuid(),
        grant.token.key_id.as_str(),
        grant.token.bytes.as_slice(),
        grant.expire_time.micros(),
    ];
    link.execute(statements::INSERT_GRANT, values).await?;
    Ok(())
}

/// Redeems a grant. Whoever holds its row decides; the rows of user and session come after it.
pub(in super::super) async fn redeem(
    link: &mut impl Link,
    redemption: &Redemption,
) -> Result<RedemptionOutcome, StoreFault> {
    let hash = redemption.code_hash.bytes();
    let Some(row) = link.row(statements::LOCK_GRANT, values![hash]).await? else {
        return Ok(refused(&redemption.refused, None));
    };
    if row.text("client_id")? != redemption.client_id.as_str() {
        return Ok(refused(&redemption.refused, None));
    }
    let found = sessions::lock(link, SessionId::new(row.id("session_id")?)).await?;
    let Some((stored, user)) = found else { return Ok(refused(&redemption.refused, None)) };
    let session = &stored.session;
    if row.flag("used")? {
        let ended = sessions::end_one(link, user.user_id, session.session_id, redemption.now).await?;
        if ended.is_empty() {
            return Ok(refused(&redemption.reused, Some(session)));
        }
        let mut events = vec![about(&redemption.reused, session)];
        events.extend(sessions::ended_by(&events[0], "GRANT_REUSED", user.user_id, &ended));
        link.record(&events).await?;
        return Ok(RedemptionOutcome::Reused { ended });
    }
    let is_meant = row.text("redirect_uri")? == redemption.redirect_uri
        && rows::digest(&row, "verifier_hash")? == redemption.verifier_hash;
    // A form that is posted again gives a further code for the same session. Once the client has refreshed it, the token that this
    // code would give is an old one, which the owner would be taken for a thief by.
    let is_live = session.counter == 0
        && rows::time(&row, "expire_time")? > redemption.now
        && !stored.ended
        && session.idle_expire_time > redemption.now
        && session.absolute_expire_time > redemption.now
        && !user.disabled;
    if !is_meant || !is_live {
        return Ok(refused(&redemption.refused, Some(session)));
    }
    link.execute(statements::USE_GRANT, values![hash]).await?;
    link.record(&[about(&redemption.redeemed, session)]).await?;
    let token = rows::sealed(&row, "token_key_id", "token")?;
    Ok(RedemptionOutcome::Redeemed {
        token,
        live: Box::new(LiveSession { session: stored.session, roles: user.roles }),
    })
}

/// Nothing has changed: the event is given back.
fn refused(event: &AuditEvent, session: Option<&Session>) -> RedemptionOutcome {
    RedemptionOutcome::Refused(Box::new(session.map_or_else(|| event.clone(), |session| about(event, session))))
}
