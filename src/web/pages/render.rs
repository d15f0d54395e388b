//! Pages as text: the templates, what stands on every page, and what a browser may do with it.

use super::{
    Pages,
    assets::{SCRIPT, STYLE},
    visit::Visit,
    words,
};
use crate::{
    domain::{
        refusal::Refusal,
        time::{Timestamp, whole_seconds},
        window::Standing,
    },
    edge::words::wait_of,
};
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use std::time::Duration;

/// The templates, by name.
const TEMPLATES: [(&str, &str); 7] = [
    ("layout.html", include_str!("templates/layout.html")),
    ("sign_in.html", include_str!("templates/sign_in.html")),
    ("code.html", include_str!("templates/code.html")),
    ("link_open.html", include_str!("templates/link_open.html")),
    ("link.html", include_str!("templates/link.html")),
    ("account.html", include_str!("templates/account.html")),
    ("trouble.html", include_str!("templates/trouble.html")),
];

/// What a person is told instead of a page.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

/// The templates, read. They are ours and whole; a fault in one is found by the tests, and by the first page.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("fill", fill);
    environment.add_filter("length", minijinja::filters::length);
    for (name, text) in TEMPLATES {
        if let Err(error) = environment.add_template(name, text) {
            tracing::error!(name, error = ?error.kind(), "a page cannot be read");
        }
    }
    environment
}

/// Puts a value into a text: `t.code_sent|fill("to", address)`.
fn fill(text: &str, name: &str, value: &Value) -> String {
    text.replace(&format!("{{{name}}}"), &value.to_string())
}

impl Pages {
    /// A page, with what every page shows.
    pub(super) fn page(&self, visit: &Visit, status: StatusCode, template: &str, shown: Value) -> Response {
        let path = shown_path(&visit.path);
        let languages: Vec<_> = words::all()
            .into_iter()
            .filter(|_| !path.is_empty())
            .map(|(tag, name)| {
                let sign = if visit.query.is_empty() { "" } else { "&" };
                let link = format!("{path}?{}{sign}lang={tag}", visit.query);
                context! { tag, name, link, current => tag == visit.language.tag() }
            })
            .collect();
        let context = context! {
            t => Value::from(visit.words().by_name()),
            languages,
            style => STYLE.link.as_str(),
            script => SCRIPT.link.as_str(),
            ..shown
        };
        let written = self.environment.get_template(template).and_then(|template| template.render(context));
        match written {
            Ok(text) => {
                let mut answer = (status, Html(text)).into_response();
                answer.headers_mut().extend(self.guards(visit));
                answer
            }
            Err(error) => {
                tracing::error!(template, error = ?error.kind(), line = error.line(), "a page cannot be written");
                super::super::told(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the page cannot be written")
            }
        }
    }

    /// What a browser may do with a page: run and fetch what is ours, send forms to us, and to nobody else.
    fn guards(&self, visit: &Visit) -> [(HeaderName, HeaderValue); 4] {
        [
            (header::CONTENT_SECURITY_POLICY, self.policy.clone()),
            (header::CONTENT_LANGUAGE, HeaderValue::from_static(visit.language.tag())),
            (header::VARY, HeaderValue::from_static("accept-language, cookie")),
            // A form's `origin` is `null` under `no-referrer`, and could not be told from another site's.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        ]
    }

    /// A page that says what went wrong.
    pub(super) fn trouble(&self, visit: &Visit, trouble: &Trouble) -> Response {
        self.page(visit, trouble.status, "trouble.html", context! { text => trouble.text.as_str() })
    }

    /// A page that says why something was refused.
    pub(super) fn refused(&self, visit: &Visit, refusal: &Refusal) -> Response {
        let trouble = Trouble { status: status_of(refusal), text: visit.language.refusal(refusal) };
        let mut answer = self.trouble(visit, &trouble);
        tell(&mut answer, refusal);
        answer
    }
}

/// What a browser may do with a page. `leads_to` is where a form may lead on to beside our own pages.
pub(super) fn content_policy(leads_to: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'{leads_to}; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The page that shows what stands at a path, as it may stand in a link; what is no path of ours leads to the beginning.
/// Empty for what a magic link has shown: its token is in no address.
fn shown_path(path: &str) -> &str {
    match path {
        "/link/inspect" | "/link/confirm" | "/link/reject" => "",
        "/sign-in/resend" | "/sign-in/collect" => "/sign-in/code",
        "/account/end" | "/account/end-others" | "/account/sign-out" => "/account",
        other if other.starts_with('/') && !other.starts_with("//") => other,
        _ => "/sign-in",
    }
}

/// The page that belongs to the address of a form, for whoever opens that address: by hand, from an old tab, or by reloading
/// the page that a refused form has left there.
pub(super) async fn page_of_form(uri: Uri) -> Response {
    match shown_path(uri.path()) {
        "" => see("/link"),
        page => see(page),
    }
}

/// A redirect after a form: the browser asks for the next page with GET, and a reload sends nothing again.
pub(super) fn see(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => super::super::told(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the page has no address"),
    }
}

/// The status of a page that says a refusal.
pub(super) const fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Invalid(_) | Refusal::CodeInvalid | Refusal::CodeExpired | Refusal::ProofRequired(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Refusal::UserDisabled => StatusCode::FORBIDDEN,
        Refusal::RateLimited { .. }
        | Refusal::Guarded { .. }
        | Refusal::AccountLocked { .. }
        | Refusal::AccountSuspended
        | Refusal::AttemptTooSoon { .. }
        | Refusal::AttemptsExhausted
        | Refusal::ResendTooSoon { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::NotFound { .. } => StatusCode::NOT_FOUND,
        Refusal::StoreUnavailable | Refusal::ProviderUnavailable | Refusal::Overloaded => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    }
}

/// Says in headers how long to wait, and where the caller stands in the limit that refused.
pub(super) fn tell(answer: &mut Response, refusal: &Refusal) {
    match refusal {
        Refusal::RateLimited { standing, .. } => tell_standing(answer, standing),
        Refusal::ResendTooSoon { retry_after } => {
            tell_standing(answer, &Standing { limit: 1, remaining: 0, reset: *retry_after });
        }
        _ => {}
    }
    if let Some(wait) = wait_of(refusal) {
        answer.headers_mut().insert(header::RETRY_AFTER, whole_seconds(wait).into());
    }
}

/// Says in headers where the caller stands in the tightest window that applies.
pub(super) fn tell_standing(answer: &mut Response, standing: &Standing) {
    let headers = answer.headers_mut();
    headers.insert("x-ratelimit-limit", standing.limit.into());
    headers.insert("x-ratelimit-remaining", standing.remaining.into());
    headers.insert("x-ratelimit-reset", whole_seconds(standing.reset).into());
}

/// A point in time as a page shows it: for machines to the second, for people to the minute. The script says it again
/// in the person's own zone and manner.
pub(super) fn moment(time: Timestamp) -> Value {
    let exact = Timestamp::from_seconds(time.seconds()).to_string();
    let (day, rest) = exact.split_once('T').unwrap_or((&exact, ""));
    let shown = format!("{day} {} UTC", rest.get(..5).unwrap_or_default());
    context! { exact, shown }
}

/// Whole seconds until `time`.
pub(super) fn seconds_until(time: Timestamp, now: Timestamp) -> u64 {
    whole_seconds(time.since(now))
}

/// How long a person may take over a sign-in before its cookie is forgotten.
pub(super) const SIGN_IN_LIFETIME: Duration = Duration::from_mins(30);
