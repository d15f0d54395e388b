//! `/sign-in`: ask for a code.

use super::{
    Pages,
    client::{Asked, ClientWish},
    cookies::Cookie,
    render::{SIGN_IN_LIFETIME, see, status_of, tell, tell_standing},
    run, session,
    visit::{DEVICE_LIFETIME, KnownBrowser, Visit},
};
use crate::{
    domain::{
        contact::{EmailAddress, Identifier, PhoneNumber},
        link::Completion,
        proof::ProofDemand,
        refusal::{FieldReason, FieldViolation, Refusal},
        secret::{ExposeSecret as _, SecretString},
    },
    engine::otp::{SendOtp, Sent, WantedLink},
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
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest proof that is looked at.
const LONGEST_PROOF: usize = 8192;

/// A sign-in that is under way, as the browser keeps it.
#[derive(Clone, Serialize, Deserialize, zeroize::ZeroizeOnDrop)]
pub(super) struct UnderWay {
    /// Where the code went.
    pub(super) identifier: String,
    pub(super) challenge_id: String,
    pub(super) binding_secret: String,
    /// What this browser shows, and whoever opens the link of the message has to enter; empty where there is no link.
    #[serde(default)]
    pub(super) match_number: String,
    /// The client application that is signed in to, where it is not these pages.
    #[zeroize(skip)]
    pub(super) client: Option<ClientWish>,
}

impl UnderWay {
    /// The sign-in that this browser has under way; else where to go instead. What it kept is held to the configuration as
    /// it is: a client application or redirect that is no longer registered is led to no more.
    pub(super) fn of(pages: &Pages, visit: &Visit) -> Result<Self, Box<Response>> {
        let Some(under_way) = visit.kept::<Self>(pages, Cookie::SignIn) else { return Err(Box::new(see("/sign-in"))) };
        match &under_way.client {
            Some(client) if !client.is_registered(pages) => Err(Box::new(pages.unknown_application(visit))),
            _ => Ok(under_way),
        }
    }

    /// The same for one of its forms. Where nothing is under way any more, whoever sends it is told so; or is led to the
    /// sessions, where another tab has signed in since.
    pub(super) fn of_form(pages: &Pages, visit: &Visit) -> Result<Self, Box<Response>> {
        if visit.kept::<Self>(pages, Cookie::SignIn).is_some() {
            return Self::of(pages, visit);
        }
        Err(Box::new(see(if session::is_kept(pages, visit) { "/account" } else { "/sign-in?done=over" })))
    }

    /// The name of the client application; empty for these pages.
    pub(super) fn client_id(&self) -> &str {
        self.client.as_ref().map_or("", |client| client.client_id.as_str())
    }

    /// The page where it began.
    pub(super) fn form(&self) -> String {
        self.client.as_ref().map_or_else(|| "/sign-in".to_owned(), ClientWish::form)
    }

    /// Proves that this browser asked for the challenge.
    pub(super) fn proof(&self) -> SecretString {
        SecretString::from(self.binding_secret.clone())
    }
}

/// What a link to this page says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    done: String,
}

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    identifier: String,
    proof: String,
}

/// What the form shows beside its field.
#[derive(Default)]
struct Shown<'a> {
    /// What the person wrote.
    identifier: &'a str,
    /// Why it was refused.
    error: Option<String>,
    /// What was done before.
    note: Option<String>,
    /// The work that is to be proved.
    work: Option<(&'a str, u8)>,
}

/// The form.
pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    note: Result<Query<Note>, QueryRejection>,
) -> Response {
    let note = note.map(|Query(note)| note).unwrap_or_default();
    let note = match note.done.as_str() {
        "out" => Some(visit.words().signed_out.to_owned()),
        "ended" => Some(visit.words().session_ended.to_owned()),
        "over" => Some(visit.language.refusal(&Refusal::ChallengeNotFound)),
        _ => None,
    };
    let client = match pages.asked(&visit) {
        Asked::Own => None,
        Asked::Client(client) => Some(client),
        Asked::No(answer) => return *answer,
    };
    form(&pages, &visit, client.as_deref(), StatusCode::OK, &Shown { note, ..Shown::default() })
}

fn form(pages: &Pages, visit: &Visit, client: Option<&ClientWish>, status: StatusCode, shown: &Shown<'_>) -> Response {
    let client_id = client.map_or("", |client| client.client_id.as_str());
    let client = pages.desk.client(client_id).map(|client| client.display_name.clone()).unwrap_or_default();
    let work = shown.work.map(|(challenge, difficulty)| context! { challenge, difficulty });
    let shown = context! {
        client,
        sms => pages.offers_sms(),
        action => visit.with_query("/sign-in"),
        identifier => shown.identifier,
        error => shown.error.as_deref(),
        note => shown.note.as_deref(),
        work => work.unwrap_or(Value::from(())),
    };
    pages.page(visit, status, "sign_in.html", shown)
}

/// Sends a code to what the form names.
pub(super) async fn send(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    wish: Result<Form<Wish>, FormRejection>,
) -> Response {
    let wish = wish.map(|Form(wish)| wish).unwrap_or_default();
    let client = match pages.asked(&visit) {
        Asked::Own => None,
        Asked::Client(client) => Some(*client),
        Asked::No(answer) => return *answer,
    };
    let written = wish.identifier.trim();
    let refuse = |refusal: &Refusal| {
        let work = match refusal {
            Refusal::ProofRequired(ProofDemand::Work { challenge, difficulty }) => {
                Some((challenge.as_str(), difficulty.bits()))
            }
            _ => None,
        };
        let error = Some(visit.language.refusal(refusal)).filter(|_| work.is_none());
        let shown = Shown { identifier: written, error, work, note: None };
        let mut answer = form(&pages, &visit, client.as_ref(), status_of(refusal), &shown);
        tell(&mut answer, refusal);
        answer
    };
    let identifier = match identifier(written, pages.offers_sms()) {
        Ok(identifier) => identifier,
        Err(refusal) => return refuse(&refusal),
    };
    let proof = Some(wish.proof).filter(|proof| !proof.is_empty() && proof.len() <= LONGEST_PROOF);
    match ask(&pages, &visit, identifier, client.clone(), proof.map(SecretString::from)).await {
        Ok(answer) => answer,
        Err(refusal) => refuse(&refusal),
    }
}

/// Sends a code and leads on to the page that takes it.
pub(super) async fn ask(
    pages: &Arc<Pages>,
    visit: &Arc<Visit>,
    identifier: Identifier,
    client: Option<ClientWish>,
    proof: Option<SecretString>,
) -> Result<Response, Refusal> {
    let browser = visit.browser(pages);
    let asked = SendOtp {
        identifier: identifier.clone(),
        client_id: client.as_ref().map(|client| client.client_id.clone()).unwrap_or_default(),
        device: visit.device(&browser, client.is_none()),
        link: link(&identifier),
        device_token: browser.token(),
        locale: visit.language.tag().to_owned(),
        proof,
        repeatable: None,
    };
    let (otp, origin) = (Arc::clone(&pages.otp), visit.origin.clone());
    let Sent { challenge, standing } = run(visit, async move { otp.send(asked, &origin).await }).await?;
    let secret = challenge.binding_secret.ok_or(Refusal::Internal)?;
    let under_way = UnderWay {
        identifier: identifier.as_str().to_owned(),
        challenge_id: challenge.challenge_id,
        binding_secret: secret.expose_secret().to_owned(),
        match_number: challenge.match_number.map(|number| number.to_string()).unwrap_or_default(),
        client,
    };
    let mut answer = see("/sign-in/code");
    keep(pages, &mut answer, &under_way, &browser)?;
    if let Some(standing) = &standing {
        tell_standing(&mut answer, standing);
    }
    Ok(answer)
}

/// The link that stands beside the code in an email. Whoever opens it approves this browser's sign-in: nothing but the
/// number that it shows leads from one to the other. A text message has room for a code alone.
fn link(identifier: &Identifier) -> Option<WantedLink> {
    let is_email = matches!(identifier, Identifier::Email(_));
    is_email.then(|| WantedLink { completion: Completion::AskingDevice, redirect_uri: String::new(), alone: false })
}

/// Has the browser keep a sign-in under way, and what it is known by.
fn keep(pages: &Pages, answer: &mut Response, under_way: &UnderWay, browser: &KnownBrowser) -> Result<(), Refusal> {
    let sealed = pages.desk.seal(Cookie::SignIn.seal(), under_way, SIGN_IN_LIFETIME)?;
    let known = pages.desk.seal(Cookie::Device.seal(), browser, DEVICE_LIFETIME)?;
    let lines = [
        pages.jar.keep(Cookie::SignIn, &sealed, SIGN_IN_LIFETIME),
        pages.jar.keep(Cookie::Device, &known, DEVICE_LIFETIME),
    ];
    for line in lines {
        answer.headers_mut().append(header::SET_COOKIE, line.ok_or(Refusal::Internal)?);
    }
    Ok(())
}

/// What a person wrote, as an address or number that a code can go to.
fn identifier(written: &str, sms: bool) -> Result<Identifier, Refusal> {
    let wrong = |field, reason| {
        Refusal::Invalid(vec![FieldViolation { field, description: "cannot be one".to_owned(), reason }])
    };
    // Keyboards of East Asia type the sign in full width, and such a number is taken.
    let is_number = !written.contains('@') && written.starts_with(|c: char| matches!(c, '+' | '＋') || c.is_numeric());
    if sms && is_number {
        let number = PhoneNumber::parse(written).map(Identifier::Phone);
        return number.map_err(|_| wrong("phone_number", FieldReason::PhoneNumber));
    }
    EmailAddress::parse(written).map(Identifier::Email).map_err(|_| wrong("email", FieldReason::Email))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_number_is_told_by_its_look() {
        let read = |text: &str, sms| identifier(text, sms).map(|found| found.as_str().to_owned());
        assert_eq!(read("Ada@Example.com", false).unwrap(), "ada@example.com");
        assert_eq!(read("+49 176 1234567", true).unwrap(), "+491761234567");
        assert_eq!(read("＋４９１７６１２３４５６７", true).unwrap(), "+491761234567");
        assert_eq!(read("+49 176 1234567", false).unwrap_err().reason(), "INVALID_EMAIL");
        assert_eq!(read("12", true).unwrap_err().reason(), "INVALID_PHONE_NUMBER");
        assert_eq!(read("ada", true).unwrap_err().reason(), "INVALID_EMAIL");
        assert_eq!(read("", true).unwrap_err().reason(), "INVALID_EMAIL");
    }
}
