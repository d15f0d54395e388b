//! Pages for people: sign in with a code, see and end one's sessions. Forms that work without a script: post, redirect,
//! get. What has to last from one page to the next stands in sealed cookies.

mod account;
mod arrived;
mod assets;
mod client;
mod code;
mod collect;
mod cookies;
mod device;
mod door;
mod fault;
mod link;
mod render;
mod session;
mod sign_in;
mod token;
mod traced;
mod visit;
mod words;

pub(super) use token::discovery;
pub(super) use visit::Peer;

use crate::{
    domain::{contact::Channel, refusal::Refusal},
    edge::{arriving::Arriving, work::to_its_end},
    engine::{account::AccountEngine, grant::GrantEngine, otp::OtpEngine, pages::PageDesk, token::TokenIssuer},
};
use assets::{SCRIPT, STYLE};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use cookies::Jar;
use http::HeaderValue;
use ipnet::IpNet;
use minijinja::Environment;
use render::{page_of_form, see};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use visit::Visit;

/// The longest form that is read.
const LONGEST_FORM: usize = 16 * 1024;

/// What the pages work with.
pub struct PagesParts {
    /// Codes.
    pub otp: Arc<OtpEngine>,
    /// Tokens of the pages' own session.
    pub tokens: Arc<TokenIssuer>,
    /// A person's own sessions.
    pub accounts: Arc<AccountEngine>,
    /// What browsers keep.
    pub desk: Arc<PageDesk>,
    /// Codes for client applications.
    pub grants: Arc<GrantEngine>,
    /// How the pages are reached.
    pub options: PagesOptions,
}

/// How the pages are reached, and how much they take at once.
#[derive(Clone, Debug)]
pub struct PagesOptions {
    /// Who client applications are told speaks to them.
    pub issuer: String,
    /// Whether people reach them by https.
    pub secure: bool,
    /// Whose `x-forwarded-for` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How many requests may run at once; one more is refused.
    pub max_concurrent_calls: usize,
    /// The longest time for a request.
    pub request_timeout: Duration,
}

/// The pages.
struct Pages {
    otp: Arc<OtpEngine>,
    tokens: Arc<TokenIssuer>,
    accounts: Arc<AccountEngine>,
    desk: Arc<PageDesk>,
    grants: Arc<GrantEngine>,
    options: PagesOptions,
    jar: Jar,
    environment: Environment<'static>,
    policy: HeaderValue,
    /// Requests whose form did not come as a whole at once.
    arriving: Arriving,
    running: Arc<Semaphore>,
}

impl Pages {
    /// Whether people may sign in by phone number.
    fn offers_sms(&self) -> bool {
        self.otp.offers(Channel::Sms)
    }
}

/// Does the work of a form or page to its end, even where the browser goes away; so long it counts among those that run.
fn run<T, F>(visit: &Visit, work: F) -> impl Future<Output = Result<T, Refusal>> + Send + use<T, F>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Refusal>> + Send + 'static,
{
    to_its_end(work, visit.place.clone())
}

/// Every page, with its style and script.
pub(super) fn router(parts: PagesParts) -> Router {
    let PagesParts { otp, tokens, accounts, desk, grants, options } = parts;
    let pages = Arc::new(Pages {
        jar: Jar { secure: options.secure },
        arriving: Arriving::new(options.max_concurrent_calls),
        running: Arc::new(Semaphore::new(options.max_concurrent_calls)),
        environment: render::environment(),
        policy: render::content_policy(""),
        otp,
        tokens,
        accounts,
        desk,
        grants,
        options,
    });
    let documents = Router::new()
        .route("/", get(async || see("/account")))
        .route("/sign-in", get(sign_in::show).post(sign_in::send))
        .route("/sign-in/code", get(code::show).post(code::enter))
        .route("/sign-in/resend", get(page_of_form).post(code::resend))
        .route("/sign-in/standing", get(collect::standing))
        .route("/sign-in/collect", get(page_of_form).post(collect::collect))
        .route("/link", get(link::show))
        .route("/link/inspect", get(page_of_form).post(link::inspect))
        .route("/link/confirm", get(page_of_form).post(link::confirm))
        .route("/link/reject", get(page_of_form).post(link::reject))
        .route("/account", get(account::show))
        .route("/account/end", get(page_of_form).post(account::end))
        .route("/account/end-others", get(page_of_form).post(account::end_others))
        .route("/account/sign-out", get(page_of_form).post(account::sign_out))
        .layer(from_fn_with_state(Arc::clone(&pages), door::pass))
        .layer(from_fn_with_state(Arc::clone(&pages), arrived::on_a_page));
    let arrived = from_fn_with_state(Arc::clone(&pages), arrived::of_a_client);
    let exchange = Router::new().route("/token", post(token::exchange)).layer(arrived);
    let traced = from_fn_with_state(Arc::clone(&pages), traced::pass);
    let forms = documents.merge(exchange).layer(traced).layer(DefaultBodyLimit::max(LONGEST_FORM)).with_state(pages);
    let files =
        Router::new().route(STYLE.path, get(async || STYLE.answer())).route(SCRIPT.path, get(async || SCRIPT.answer()));
    forms.merge(files)
}
