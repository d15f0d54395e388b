//! `/link`: where a magic link leads. The page itself says and does nothing: a script takes the token out of the fragment,
//! which no server has seen, and asks what the link is for, which consumes nothing. A person's click does the rest.

use super::{
    Pages,
    code::{digits, signed_in_answer},
    cookies::Cookie,
    render::{Trouble, moment, see, status_of, tell},
    run,
    sign_in::UnderWay,
    visit::{DEVICE_LIFETIME, KnownBrowser, Visit},
};
use crate::{
    domain::{
        link::{Completion, MatchNumber},
        refusal::Refusal,
        secret::SecretString,
    },
    engine::{
        grant::Concluded,
        otp::{InspectedLink, RedeemLink, Redeemed, RejectLink},
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
use std::sync::Arc;
use zeroize::ZeroizeOnDrop;

/// What a link to this page says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    done: String,
}

/// A form of this page.
#[derive(Default, Deserialize, ZeroizeOnDrop)]
pub(super) struct Said {
    /// What stood in the fragment.
    #[serde(default)]
    token: String,
    /// The number on the device that asked.
    #[serde(default)]
    number: String,
    /// Not empty where every session is to end.
    #[serde(default)]
    all: String,
}

impl Said {
    fn secret(&self) -> SecretString {
        SecretString::from(self.token.clone())
    }
}

/// The page as a link opens it.
pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    note: Result<Query<Note>, QueryRejection>,
) -> Response {
    let done = note.map(|Query(note)| note.done).unwrap_or_default();
    let note = match done.as_str() {
        "approved" => Some(visit.words().link_approved),
        "rejected" => Some(visit.words().link_rejected),
        _ => None,
    };
    pages.page(&visit, StatusCode::OK, "link_open.html", context! { note })
}

/// What the link is for. It consumes nothing, however often it is asked.
pub(super) async fn inspect(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    said: Result<Form<Said>, FormRejection>,
) -> Response {
    let said = said.map(|Form(said)| said).unwrap_or_default();
    asked(&pages, &visit, &said, None).await
}

async fn asked(pages: &Arc<Pages>, visit: &Arc<Visit>, said: &Said, refused: Option<&Refusal>) -> Response {
    let (otp, token, origin) = (Arc::clone(&pages.otp), said.secret(), visit.origin.clone());
    let link = match run(visit, async move { otp.inspect_link(&token, &origin).await }).await {
        Ok(link) => link,
        // A wrong number may have been the last: then that is what there is to say.
        Err(refusal) => return pages.refused(visit, refused.unwrap_or(&refusal)),
    };
    let asks_here = visit.kept::<UnderWay>(pages, Cookie::SignIn).is_some();
    let shown = context! {
        token => said.token.as_str(),
        client => link.client_name.as_str(),
        destination => link.masked_destination.as_str(),
        device => link.device.display_name.as_str(),
        address => link.address.map(|address| address.to_string()),
        created => moment(link.create_time),
        way => way(&link, asks_here),
        redirect => link.redirect_uri.as_str(),
        error => refused.map(|refusal| said_of(visit, &link, refusal)),
    };
    let status = refused.map_or(StatusCode::OK, status_of);
    let mut answer = pages.page(visit, status, "link.html", shown);
    if let Some(refusal) = refused {
        tell(&mut answer, refusal);
    }
    if visit.kept::<KnownBrowser>(pages, Cookie::Device).is_none()
        && let Ok(sealed) = pages.desk.seal(Cookie::Device.seal(), &visit.browser(pages), DEVICE_LIFETIME)
        && let Some(line) = pages.jar.keep(Cookie::Device, &sealed, DEVICE_LIFETIME)
    {
        answer.headers_mut().append(header::SET_COOKIE, line);
    }
    answer
}

/// What a person is told. Whoever entered a number has seen no code.
fn said_of(visit: &Visit, link: &InspectedLink, refusal: &Refusal) -> String {
    match refusal {
        Refusal::CodeInvalid | Refusal::Invalid(_) if link.needs_match_number => visit.words().number_wrong.to_owned(),
        other => visit.language.refusal(other),
    }
}

/// What a click can do with a link: `number` approves it for the device that asked, `lead` hands it to the client
/// application, `here` signs in on these pages, `elsewhere` nothing.
fn way(link: &InspectedLink, asks_here: bool) -> &'static str {
    match link.completion {
        Completion::AskingDevice => "number",
        Completion::OpeningDevice | Completion::SameDevice if !link.redirect_uri.is_empty() => "lead",
        Completion::OpeningDevice => "here",
        Completion::SameDevice if asks_here => "here",
        Completion::SameDevice => "elsewhere",
    }
}

/// Signs in by the link, or approves that the device that asked does: a person has clicked.
pub(super) async fn confirm(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    said: Result<Form<Said>, FormRejection>,
) -> Response {
    let said = said.map(|Form(said)| said).unwrap_or_default();
    let browser = visit.browser(&pages);
    let under_way = visit.kept::<UnderWay>(&pages, Cookie::SignIn);
    // A form that is sent twice gets one answer, in the browser that clicked and in no other: the token is known to
    // whoever reads the message, the browser's name to itself alone.
    let known = visit.kept::<KnownBrowser>(&pages, Cookie::Device);
    let call = |known: KnownBrowser| {
        let said = [&b"confirm"[..], known.device_id.as_bytes(), said.token.as_bytes(), said.number.as_bytes()];
        pages.desk.repeatable(&said)
    };
    let asked_for = RedeemLink {
        token: said.secret(),
        device: visit.device(&browser, true),
        device_token: browser.token(),
        binding_secret: under_way.as_ref().map(UnderWay::proof),
        match_number: MatchNumber::parse(&digits(&said.number)),
        repeatable: known.map(call),
    };
    let (otp, origin) = (Arc::clone(&pages.otp), visit.origin.clone());
    match run(&visit, async move { otp.redeem_link(asked_for, &origin).await }).await {
        Ok(Redeemed::Approved) => see("/link?done=approved"),
        Ok(Redeemed::SignedIn(signed_in)) => {
            let concluded = Concluded { signed_in: *signed_in, code: None };
            signed_in_answer(&pages, &visit, None, &browser, concluded)
        }
        Err(refusal) => asked(&pages, &visit, &said, Some(&refusal)).await,
    }
}

/// "This was not me": the link ends, and where the person says so every session.
pub(super) async fn reject(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    said: Result<Form<Said>, FormRejection>,
) -> Response {
    let said = said.map(|Form(said)| said).unwrap_or_default();
    let asked_for = RejectLink {
        token: said.secret(),
        revoke_all_sessions: !said.all.is_empty(),
        repeatable: Some(pages.desk.repeatable(&[b"reject", said.token.as_bytes(), said.all.as_bytes()])),
    };
    let (otp, origin) = (Arc::clone(&pages.otp), visit.origin.clone());
    match run(&visit, async move { otp.reject_link(asked_for, &origin).await }).await {
        Ok(()) => see("/link?done=rejected"),
        Err(refusal) => {
            let trouble = Trouble { status: status_of(&refusal), text: visit.language.refusal(&refusal) };
            pages.trouble(&visit, &trouble)
        }
    }
}
