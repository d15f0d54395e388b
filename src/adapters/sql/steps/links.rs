//! Approves and rejects magic links; tells how challenges stand.

use crate::{
    adapters::sql::{
        fields::Fields as _,
        link::{Link, Value, values},
        rows, statements,
        steps::{charge, ledger, sessions},
    },
    domain::{
        id::{ChallengeId, SessionId, UserId},
        link::LinkState,
        progress::Standing,
    },
    ports::store::{Approval, LinkOutcome, RejectOutcome, Rejection, StoreFault},
};
use uuid::Uuid;

/// How many challenges a statement reads.
const AT_ONCE: usize = 32;

/// Approves a link.
pub(in super::super) async fn approve(link: &mut impl Link, approval: &Approval) -> Result<LinkOutcome, StoreFault> {
    let Approval { challenge_id, counter_key, now, event, answer } = approval;
    let id = challenge_id.uuid();
    let Some(row) = link.row(statements::LOCK_CHALLENGE, values![id]).await? else { return Ok(LinkOutcome::Spent) };
    let challenge = rows::challenge(&row)?.challenge;
    if challenge.used
        || !charge::is_open(&challenge, LinkState::Pending, *now)
        || !ledger::keep_answer(link, answer.as_ref(), *now).await?
    {
        return Ok(LinkOutcome::Spent);
    }
    link.execute(statements::APPROVE_LINK, values![id]).await?;
    link.execute(statements::FORGET_FAILURES, values![counter_key.bytes()]).await?;
    link.record(std::slice::from_ref(event)).await?;
    Ok(LinkOutcome::Done)
}

/// Ends a challenge by its link, and its user's sessions where that is asked.
pub(in super::super) async fn reject(link: &mut impl Link, rejection: &Rejection) -> Result<RejectOutcome, StoreFault> {
    let Rejection { challenge_id, now, revoke, event, revoked, answer } = rejection;
    let id = challenge_id.uuid();
    let Some(row) = link.row(statements::LOCK_CHALLENGE, values![id]).await? else { return Ok(RejectOutcome::Spent) };
    let challenge = rows::challenge(&row)?.challenge;
    let lives = [LinkState::Pending, LinkState::Approved].map(|state| charge::is_open(&challenge, state, *now));
    if challenge.used || !lives.contains(&true) || !ledger::keep_answer(link, answer.as_ref(), *now).await? {
        return Ok(RejectOutcome::Spent);
    }
    link.execute(statements::REJECT_LINK, values![id]).await?;
    let (mut ended, mut events): (Vec<SessionId>, _) = (Vec::new(), vec![event.clone()]);
    if *revoke {
        // Whoever ends all of a user's sessions holds the user's row.
        let key = challenge.scope.identifier_key.0;
        if let Some(row) = link.row(statements::LOCK_USER_OF, values![key.bytes()]).await? {
            let user = UserId::new(row.id("user_id")?);
            ended = sessions::end_all(link, user, *now).await?;
            events.extend(sessions::for_each(revoked, user, &ended));
        }
    }
    link.record(&events).await?;
    Ok(RejectOutcome::Done(ended))
}

/// How challenges stand.
pub(in super::super) async fn standings(
    link: &mut impl Link,
    ids: &[ChallengeId],
) -> Result<Vec<(ChallengeId, Standing)>, StoreFault> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        let mut values = [Value::from(Uuid::nil()); AT_ONCE];
        for (value, id) in values.iter_mut().zip(some) {
            *value = id.uuid().into();
        }
        for row in &link.rows(statements::STANDINGS, &values).await? {
            found.push(rows::standing(row)?);
        }
    }
    Ok(found)
}
