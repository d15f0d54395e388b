//! Completes a sign-in.

use crate::{
    adapters::sql::{
        link::{Link, values},
        rows, statements,
        steps::{charge, ledger, notices, sessions},
    },
    ports::store::{SignIn, SignInOutcome, SignInUser, StoreFault},
};
use std::borrow::Cow;

/// Consumes the challenge and opens the session, or writes nothing.
pub(in super::super) async fn complete(link: &mut impl Link, sign_in: &SignIn) -> Result<SignInOutcome, StoreFault> {
    let id = sign_in.challenge_id.uuid();
    let key = sign_in.identifier_key.0.bytes();
    let Some(row) = link.row(statements::LOCK_CHALLENGE, values![id]).await? else {
        return Ok(SignInOutcome::Spent);
    };
    let challenge = rows::challenge(&row)?.challenge;
    let lives = match sign_in.link {
        None => charge::has_code(&challenge, sign_in.now),
        Some(state) => charge::is_open(&challenge, state, sign_in.now),
    };
    if challenge.used || !lives {
        return Ok(SignInOutcome::Spent);
    }
    // Whoever ends all of a user's sessions holds the user's row.
    let user = if sign_in.revoke.is_some() { statements::LOCK_USER_OF } else { statements::USER_OF };
    let found = link.row(user, values![key]).await?.map(|row| rows::user(&row)).transpose()?;
    let unchanged = match (&sign_in.user, found) {
        (SignInUser::Existing { user_id, roles }, Some(user)) => {
            user.user_id == *user_id && !user.disabled && user.roles == *roles
        }
        (SignInUser::New(_), None) => true,
        _ => false,
    };
    if !unchanged {
        return Ok(SignInOutcome::UserChanged);
    }
    if !ledger::keep_answer(link, sign_in.answer.as_ref(), sign_in.now).await? {
        return Ok(SignInOutcome::Spent);
    }
    if let SignInUser::New(new) = &sign_in.user {
        let (email_key, email) = rows::parts(new.contact.email.as_ref());
        let (phone_key, phone) = rows::parts(new.contact.phone.as_ref());
        let (time, locale) = (new.create_time.micros(), new.locale.as_str());
        let user = values![new.user_id.uuid(), key, email_key, email, phone_key, phone, time, locale];
        link.execute(statements::INSERT_USER, user).await?;
    }
    link.execute(statements::USE_CHALLENGE, values![id]).await?;
    link.execute(statements::FORGET_FAILURES, values![sign_in.counter_key.bytes()]).await?;
    link.execute(statements::LIFT_DISABLED, values![key]).await?;
    let mut events = Cow::Borrowed(sign_in.events.as_slice());
    if let Some(revoked) = &sign_in.revoke {
        let user = sign_in.session.user_id;
        let ended = sessions::end_earlier(link, user, sign_in.now).await?;
        events.to_mut().extend(sessions::for_each(revoked, user, &ended));
    }
    notices::tell(link, sign_in.notice.as_ref(), sign_in.session.user_id, sign_in.now).await?;
    sessions::open(link, &sign_in.session, sign_in.device_key).await?;
    link.record(&events).await?;
    Ok(SignInOutcome::SignedIn)
}
