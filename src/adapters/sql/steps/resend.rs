//! Adds a further code to a challenge.

use crate::{
    adapters::sql::{
        link::{Link, values},
        rows, statements,
        steps::{ledger, text_messages},
    },
    ports::store::{KnownAnswer, NewCode, ResendOutcome, StoreFault},
};

/// Adds a code. The challenge is locked first: of two resends at once the second sees what the first left.
pub(in super::super) async fn add_code(link: &mut impl Link, new: &NewCode) -> Result<ResendOutcome, StoreFault> {
    let id = new.challenge_id.uuid();
    let Some(row) = link.row(statements::LOCK_CHALLENGE, values![id]).await? else {
        return Ok(ResendOutcome::Ended);
    };
    let challenge = rows::challenge(&row)?.challenge;
    // The repetition of a call that has been answered is that, even where the challenge has changed by it.
    if let Some(answer) = &new.answer
        && !matches!(ledger::answer(link, &answer.key, new.now).await?, KnownAnswer::None)
    {
        return Ok(ResendOutcome::AlreadyAnswered);
    }
    if !challenge.is_open(new.now) || challenge.attempts >= challenge.max_attempts {
        return Ok(ResendOutcome::Ended);
    }
    if new.now < challenge.resend_time {
        return Ok(ResendOutcome::TooSoon(challenge.resend_time));
    }
    if !ledger::keep_answer(link, new.answer.as_ref(), new.now).await? {
        return Ok(ResendOutcome::AlreadyAnswered);
    }
    link.execute(
        statements::ADD_CODE,
        values![
            id,
            new.code.mac.bytes(),
            new.code.pepper_id.as_str(),
            new.code.expire_time.micros(),
            new.resend_time.micros(),
            new.message.message_id.uuid(),
        ],
    )
    .await?;
    if let Some(newest) = &new.link {
        let values = values![id, newest.mac.bytes(), newest.pepper_id.as_str(), newest.expire_time.micros()];
        link.execute(statements::ADD_LINK, values).await?;
    }
    let withheld = text_messages::accept(link, &new.message, new.text.as_ref(), &new.event, new.now).await?;
    Ok(withheld.map_or(ResendOutcome::Added, ResendOutcome::Withheld))
}
