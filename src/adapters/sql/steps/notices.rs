//! What people are told of unusual use of their accounts, at most once an hour for each user and kind.

use super::outbox;
use crate::{
    adapters::sql::{
        link::{Link, values},
        statements,
    },
    domain::{id::UserId, time::Timestamp},
    ports::store::{Notice, StoreFault},
};
use std::time::Duration;

/// A person is told of the same at most so often.
pub(in super::super) const BETWEEN: Duration = Duration::from_hours(1);

/// Accepts a notice, unless one of its kind was accepted within the last hour.
pub(in super::super) async fn tell(
    link: &mut impl Link,
    notice: Option<&Notice>,
    user: UserId,
    now: Timestamp,
) -> Result<(), StoreFault> {
    let Some(Notice { event, message }) = notice else { return Ok(()) };
    let values = values![user.uuid(), event.as_str(), now.micros(), now.before(BETWEEN).micros()];
    if link.execute(statements::NOTE_USER_NOTICE, values).await? > 0 {
        outbox::accept(link, message, Some(user)).await?;
    }
    Ok(())
}
