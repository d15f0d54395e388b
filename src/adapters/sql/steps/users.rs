//! Reads and changes users.

use crate::{
    adapters::sql::{
        link::{Link, values},
        rows, statements,
        steps::{ledger, sessions},
    },
    domain::{
        answer::RecordedAnswer,
        audit::AuditEvent,
        contact::IdentifierKey,
        id::UserId,
        time::Timestamp,
        user::{User, UserChange},
    },
    ports::store::{StoreFault, UserChangeOutcome},
};

/// A user by id.
pub(in super::super) async fn user(link: &mut impl Link, id: UserId) -> Result<Option<User>, StoreFault> {
    let row = link.row(statements::USER, values![id.uuid()]).await?;
    row.map(|row| rows::user(&row)).transpose()
}

/// The user of an identifier.
pub(in super::super) async fn user_of(link: &mut impl Link, key: IdentifierKey) -> Result<Option<User>, StoreFault> {
    let row = link.row(statements::USER_OF, values![key.0.bytes()]).await?;
    row.map(|row| rows::user(&row)).transpose()
}

/// Changes a user. A user who is disabled has no running session left when this is committed: a sign-in or rotation at
/// the same time either came before and is ended here, or finds the user disabled.
pub(in super::super) async fn change(
    link: &mut impl Link,
    id: UserId,
    change: UserChange,
    now: Timestamp,
    event: AuditEvent,
    answer: Option<&RecordedAnswer>,
) -> Result<UserChangeOutcome, StoreFault> {
    let Some(row) = link.row(statements::LOCK_USER, values![id.uuid()]).await? else {
        return Ok(UserChangeOutcome::NotFound);
    };
    let mut user = rows::user(&row)?;
    if !ledger::keep_answer(link, answer, now).await? {
        return Ok(UserChangeOutcome::AlreadyAnswered);
    }
    let mut ended = Vec::new();
    match change {
        UserChange::Roles(roles) => {
            link.execute(statements::CHANGE_ROLES, values![id.uuid(), rows::joined(&roles).as_str()]).await?;
            user.roles = roles;
        }
        UserChange::Disable => {
            link.execute(statements::CHANGE_DISABLED, values![id.uuid(), true]).await?;
            ended = sessions::end_all(link, id, now).await?;
            user.disabled = true;
        }
        UserChange::Enable => {
            link.execute(statements::CHANGE_DISABLED, values![id.uuid(), false]).await?;
            user.disabled = false;
        }
    }
    let mut events = vec![AuditEvent { user_id: Some(id), ..event }];
    events.extend(sessions::ended_by(&events[0], "USER_DISABLED", id, &ended));
    link.record(&events).await?;
    Ok(UserChangeOutcome::Changed(Box::new(user), ended))
}
