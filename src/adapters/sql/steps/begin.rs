//! Begins a challenge; reads one.

use crate::{
    adapters::sql::{
        link::{Link, values},
        rows, statements,
        steps::{ledger, text_messages},
    },
    domain::{challenge::Challenge, id::ChallengeId},
    ports::store::{BeginOutcome, NewChallenge, StoreFault},
};

/// Writes a challenge with its message, its event and its answer.
pub(in super::super) async fn begin(link: &mut impl Link, new: &NewChallenge) -> Result<BeginOutcome, StoreFault> {
    let NewChallenge { challenge, code, message, event, answer, text } = new;
    if !ledger::keep_answer(link, answer.as_ref(), challenge.create_time).await? {
        return Ok(BeginOutcome::AlreadyAnswered);
    }
    let scope = &challenge.scope;
    link.execute(
        statements::INSERT_CHALLENGE,
        values![
            scope.challenge_id.uuid(),
            scope.purpose.as_str(),
            scope.channel.as_str(),
            scope.client_id.as_str(),
            scope.identifier_key.0.bytes(),
            &scope.salt,
            challenge.destination.key_id.as_str(),
            challenge.destination.bytes.as_slice(),
            challenge.locale.as_str(),
            challenge.binding_hash.bytes(),
            u32::from(challenge.code_length),
            challenge.max_attempts,
            challenge.attempts,
            challenge.used,
            challenge.create_time.micros(),
            challenge.resend_time.micros(),
            code.mac.bytes(),
            code.pepper_id.as_str(),
            code.expire_time.micros(),
        ],
    )
    .await?;
    let withheld = text_messages::accept(link, message, text.as_ref(), event, challenge.create_time).await?;
    Ok(withheld.map_or(BeginOutcome::Begun, BeginOutcome::Withheld))
}

/// A challenge.
pub(in super::super) async fn read(link: &mut impl Link, id: ChallengeId) -> Result<Option<Challenge>, StoreFault> {
    let row = link.row(statements::CHALLENGE, values![id.uuid()]).await?;
    row.map(|row| Ok(rows::challenge(&row)?.challenge)).transpose()
}
