//! `/sign-in/code`: enter the code, or ask for another.

use super::{
    Pages,
    client::{ClientWish, let_lead_on},
    cookies::Cookie,
    render::{seconds_until, see, status_of, tell, tell_standing},
    run, session,
    sign_in::{self, UnderWay},
    visit::{DEVICE_LIFETIME, KnownBrowser, Visit},
};
use crate::{
    domain::{
        challenge::Code,
        contact::Identifier,
        refusal::{FieldReason, FieldViolation, Refusal},
        secret::ExposeSecret as _,
        session::Origin,
    },
    engine::{
        grant::Concluded,
        otp::{Look, ResendOtp, SignedIn, VerifyOtp},
    },
};
use axum::{
    Extension,
    extract::{
        Form, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::Response,
};
use http::{StatusCode, header};
use minijinja::context;
use serde::Deserialize;
use std::{future::Future, sync::Arc};
use zeroize::Zeroizing;

/// What a link to this page says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    done: String,
}

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Entered {
    code: String,
    /// The challenge that the form was made for: the browser may have begun another since.
    challenge: String,
}

/// The form.
pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    note: Result<Query<Note>, QueryRejection>,
) -> Response {
    let under_way = match UnderWay::of(&pages, &visit) {
        Ok(under_way) => under_way,
        Err(answer) => return *answer,
    };
    let note = note.map(|Query(note)| note).unwrap_or_default();
    let note = match note.done.as_str() {
        "resent" => Some(visit.words().code_resent),
        "other" => Some(visit.words().other_tab),
        _ => None,
    };
    form(&pages, &visit, &under_way, note, None).await
}

pub(super) async fn form(
    pages: &Arc<Pages>,
    visit: &Visit,
    under_way: &UnderWay,
    note: Option<&str>,
    refused: Option<&Refusal>,
) -> Response {
    let (otp, id, proof) = (Arc::clone(&pages.otp), under_way.challenge_id.clone(), under_way.proof());
    let found = run(visit, async move { otp.challenge(&id, &proof).await }).await;
    let now = pages.desk.now();
    let client = pages.desk.client(under_way.client_id()).map(|client| client.display_name.clone()).unwrap_or_default();
    let (look, over) = match &found {
        Ok(look) if look.view.attempts_remaining == 0 => (None, Some(Refusal::AttemptsExhausted)),
        // The link of the same message may still be good: that is not the end of the sign-in.
        Ok(look) if !look.code_lives => (Some(look), Some(Refusal::CodeExpired)),
        Ok(look) => (Some(look), None),
        Err(Refusal::ChallengeNotFound | Refusal::CodeExpired) => (None, found.as_ref().err().cloned()),
        Err(fault) => return pages.refused(visit, fault),
    };
    let live_link = look.is_some_and(|look| look.link_lives);
    // Where code and link are past help, that is what there is to say.
    let said = if live_link { refused.or(over.as_ref()) } else { over.as_ref().or(refused) };
    let status = said.map_or(StatusCode::OK, status_of);
    let error = said.map(|refusal| visit.language.refusal(refusal));
    let live = look.filter(|_| over.is_none()).map(|look: &Look| {
        let view = &look.view;
        let left = seconds_until(view.expire_time, now);
        context! { left, left_shown => visit.language.span(left), length => view.code_length, attempts => view.attempts_remaining }
    });
    let watched = look.is_some();
    let undelivered = watched && is_undelivered(pages, visit, under_way).await;
    let wait = look.filter(|_| over.is_none()).map_or(0, |look| seconds_until(look.view.resend_time, now));
    let shown = context! {
        client,
        form => under_way.form(),
        to => masked(&under_way.identifier),
        challenge => under_way.challenge_id.as_str(),
        live,
        over => visit.language.refusal(&Refusal::CodeExpired),
        number => Some(under_way.match_number.as_str()).filter(|number| live_link && !number.is_empty()),
        watched,
        undelivered,
        wait,
        wait_shown => visit.language.span(wait),
        error,
        note => note.filter(|_| said.is_none()),
    };
    let mut answer = pages.page(visit, status, "code.html", shown);
    let_lead_on(&mut answer, under_way.client.as_ref());
    if let Some(refusal) = said {
        tell(&mut answer, refusal);
    }
    answer
}

/// Whether the newest message does not arrive. Where that cannot be told it is not said.
async fn is_undelivered(pages: &Pages, visit: &Visit, under_way: &UnderWay) -> bool {
    let (otp, id, proof) = (Arc::clone(&pages.otp), under_way.challenge_id.clone(), under_way.proof());
    let progress = run(visit, async move { otp.progress_of(&id, &proof).await }).await;
    progress.is_ok_and(|progress| progress.delivery.is_undelivered())
}

fn masked(identifier: &str) -> String {
    Identifier::stored(identifier).map(|identifier| identifier.masked()).unwrap_or_default()
}

/// Takes the code.
pub(super) async fn enter(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    entered: Result<Form<Entered>, FormRejection>,
) -> Response {
    let under_way = match UnderWay::of_form(&pages, &visit) {
        Ok(under_way) => under_way,
        Err(answer) => return *answer,
    };
    let Entered { code, challenge } = entered.map(|Form(entered)| entered).unwrap_or_default();
    let digits = digits(&Zeroizing::new(code));
    if challenge != under_way.challenge_id {
        return see("/sign-in/code?done=other");
    }
    let Some(code) = Code::parse(&digits) else {
        let violation = FieldViolation {
            field: "code",
            description: "is not 6 to 10 digits".to_owned(),
            reason: FieldReason::CodeFormat,
        };
        return form(&pages, &visit, &under_way, None, Some(&Refusal::Invalid(vec![violation]))).await;
    };
    let browser = visit.browser(&pages);
    let said = [under_way.challenge_id.as_bytes(), under_way.binding_secret.as_bytes(), code.digits().as_bytes()];
    let asked = VerifyOtp {
        challenge_id: under_way.challenge_id.clone(),
        // Who clicks twice is answered twice, and alike.
        repeatable: Some(pages.desk.repeatable(&said)),
        code,
        device: visit.device(&browser, under_way.client.is_none()),
        binding_secret: Some(under_way.proof()),
        device_token: browser.token(),
    };
    let otp = Arc::clone(&pages.otp);
    let sign_in = async move |origin: Origin| otp.verify(asked, &origin).await;
    match conclude(&pages, &visit, under_way.client.as_ref(), sign_in).await {
        Ok(concluded) => signed_in_answer(&pages, &visit, under_way.client.as_ref(), &browser, concluded),
        Err(refusal) => form(&pages, &visit, &under_way, None, Some(&refusal)).await,
    }
}

/// Signs in and, for a client application, keeps its code, as one piece of work.
pub(super) async fn conclude<F>(
    pages: &Pages,
    visit: &Visit,
    client: Option<&ClientWish>,
    sign_in: impl FnOnce(Origin) -> F,
) -> Result<Concluded, Refusal>
where
    F: Future<Output = Result<SignedIn, Refusal>> + Send + 'static,
{
    let asker = client.map(|client| client.asker().ok_or(Refusal::Internal)).transpose()?;
    let (grants, origin) = (Arc::clone(&pages.grants), visit.origin.clone());
    let signing_in = sign_in(origin.clone());
    run(visit, async move { Ok(grants.conclude(signing_in.await?, asker.as_ref(), &origin).await) }).await
}

/// Has the browser keep its session, and leads on to the account; or leads back to the client application with a code.
pub(super) fn signed_in_answer(
    pages: &Pages,
    visit: &Visit,
    client: Option<&ClientWish>,
    browser: &KnownBrowser,
    concluded: Concluded,
) -> Response {
    let answer = led_on(pages, client, browser, concluded);
    answer.unwrap_or_else(|refusal| pages.refused(visit, &refusal))
}

fn led_on(
    pages: &Pages,
    client: Option<&ClientWish>,
    browser: &KnownBrowser,
    Concluded { signed_in, code }: Concluded,
) -> Result<Response, Refusal> {
    let known = KnownBrowser {
        device_id: browser.device_id.clone(),
        device_token: signed_in.device_token.expose_secret().to_owned(),
    };
    let known = pages.desk.seal(Cookie::Device.seal(), &known, DEVICE_LIFETIME)?;
    let mut lines = vec![pages.jar.keep(Cookie::Device, &known, DEVICE_LIFETIME), pages.jar.forget(Cookie::SignIn)];
    let mut answer = if let Some((client, code)) = client.zip(code) {
        see(&client.way_back(&pages.options.issuer, &[("code", code?.expose_secret())]))
    } else {
        lines.push(Some(session::keep(pages, &signed_in.tokens)?));
        see("/account")
    };
    for line in lines {
        answer.headers_mut().append(header::SET_COOKIE, line.ok_or(Refusal::Internal)?);
    }
    Ok(answer)
}

/// Sends a further code of the challenge; where it is over, begins another for the same address.
pub(super) async fn resend(State(pages): State<Arc<Pages>>, Extension(visit): Extension<Arc<Visit>>) -> Response {
    let under_way = match UnderWay::of_form(&pages, &visit) {
        Ok(under_way) => under_way,
        Err(answer) => return *answer,
    };
    let asked = ResendOtp {
        challenge_id: under_way.challenge_id.clone(),
        binding_secret: Some(under_way.proof()),
        device_token: visit.browser(&pages).token(),
        repeatable: None,
    };
    let (otp, origin) = (Arc::clone(&pages.otp), visit.origin.clone());
    let sent = match run(&visit, async move { otp.resend(asked, &origin).await }).await {
        Ok(sent) => sent,
        Err(Refusal::CodeExpired | Refusal::ChallengeNotFound | Refusal::CodeInvalid | Refusal::AttemptsExhausted) => {
            return again(&pages, &visit, &under_way).await;
        }
        Err(refusal) => return form(&pages, &visit, &under_way, None, Some(&refusal)).await,
    };
    let mut answer = see("/sign-in/code?done=resent");
    if let Some(standing) = &sent.standing {
        tell_standing(&mut answer, standing);
    }
    answer
}

async fn again(pages: &Arc<Pages>, visit: &Arc<Visit>, under_way: &UnderWay) -> Response {
    let Some(identifier) = Identifier::stored(&under_way.identifier) else { return see("/sign-in") };
    match sign_in::ask(pages, visit, identifier, under_way.client.clone(), None).await {
        Ok(answer) => answer,
        // What is to be proved first is asked for where there is a form for it.
        Err(Refusal::ProofRequired(_)) => see(&under_way.form()),
        Err(refusal) => form(pages, visit, under_way, None, Some(&refusal)).await,
    }
}

/// The digits of what a person typed or pasted: blanks and dashes are passed over, and full-width digits, as Japanese
/// keyboards write them, count as digits.
pub(super) fn digits(entered: &str) -> Zeroizing<String> {
    let plain = |c: char| match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
        other => other,
    };
    let parts = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{200b}' | '\u{feff}');
    Zeroizing::new(entered.chars().filter(parts).map(plain).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_paste_it() {
        for text in ["123456", " 123 456 ", "123-456", "１２３４５６", "123\u{a0}456\u{200b}\r\n"] {
            assert_eq!(digits(text).as_str(), "123456", "{text:?}");
        }
        assert_eq!(digits("12a456").as_str(), "12a456");
        assert_eq!(digits("١٢٣٤٥٦").as_str(), "١٢٣٤٥٦", "no digit that a code could not have");
    }
}
