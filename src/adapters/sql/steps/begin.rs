//! Begins a challenge; reads one.

use crate::{
    adapters::sql::{
        link::{Link, Value, values},
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
    let columns: &[Value<'_>] = values![
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
        message.message_id.uuid(),
    ];
    match challenge.link.as_deref().and_then(|of| Some((of, of.sent.first()?))) {
        None => link.execute(statements::INSERT_CHALLENGE, columns).await?,
        Some((of, first)) => {
            let address = of.asker.address.map(|address| address.to_string());
            let more = values![
                first.mac.bytes(),
                first.pepper_id.as_str(),
                first.expire_time.micros(),
                of.completion.as_str(),
                of.state.as_str(),
                of.redirect_uri.as_str(),
                of.match_number.map(|number| i64::from(number.number())),
                of.asker.device.device_id.as_str(),
                of.asker.device.display_name.as_str(),
                of.asker.device.platform.as_str(),
                address.as_deref(),
            ];
            link.execute(statements::INSERT_LINKED_CHALLENGE, &[columns, more].concat()).await?
        }
    };
    let withheld = text_messages::accept(link, message, text.as_ref(), event, challenge.create_time).await?;
    Ok(withheld.map_or(BeginOutcome::Begun, BeginOutcome::Withheld))
}

/// A challenge.
pub(in super::super) async fn read(link: &mut impl Link, id: ChallengeId) -> Result<Option<Challenge>, StoreFault> {
    let row = link.row(statements::CHALLENGE, values![id.uuid()]).await?;
    row.map(|row| Ok(rows::challenge(&row)?.challenge)).transpose()
}
