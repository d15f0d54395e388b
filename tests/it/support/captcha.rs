//! A captcha's provider: `siteverify` as Cloudflare Turnstile and hCaptcha document it, and as it goes wrong.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The widget that the double knows, and the host that it is shown on.
pub(crate) const SITE_KEY: &str = "10000000-ffff-ffff-ffff-000000000001";
pub(crate) const SECRET: &str = "captcha-secret-canary-0x00000000";
pub(crate) const HOST: &str = "app.example.com";

/// Whose protocol it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    Turnstile,
    Hcaptcha,
}

impl Provider {
    /// Its name in the configuration and in answers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Turnstile => "turnstile",
            Self::Hcaptcha => "hcaptcha",
        }
    }
}

/// A running provider. It ends with the test.
pub(crate) struct CaptchaServer {
    address: SocketAddr,
    state: Arc<Seen>,
    task: JoinHandle<()>,
}

struct Seen {
    provider: Provider,
    spent: Mutex<HashSet<String>>,
    forms: Mutex<Vec<BTreeMap<String, String>>>,
}

impl CaptchaServer {
    /// One on a free port.
    pub(crate) async fn start(provider: Provider) -> Self {
        let state = Arc::new(Seen { provider, spent: Mutex::default(), forms: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/siteverify", post(siteverify))
            .route("/elsewhere", post(async || verdict(true, &[], HOST)))
            .with_state(Arc::clone(&state));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, state, task }
    }

    /// Where it is asked.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/siteverify", self.address)
    }

    /// The forms that it was sent.
    pub(crate) fn forms(&self) -> Vec<BTreeMap<String, String>> {
        self.state.forms.lock().unwrap().clone()
    }
}

impl Drop for CaptchaServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The token says what happens: `good…` is good once; the others are named after their fault.
async fn siteverify(State(seen): State<Arc<Seen>>, headers: HeaderMap, body: String) -> Response<Body> {
    let form = parse(&body);
    seen.forms.lock().unwrap().push(form.clone());
    let is_form = headers[header::CONTENT_TYPE] == "application/x-www-form-urlencoded";
    let given = |name: &str| form.get(name).map_or("", String::as_str);
    let (hcaptcha, token) = (seen.provider == Provider::Hcaptcha, given("response"));
    let refused = |code: &str| verdict(false, &[code], "");
    if !is_form {
        return refused("bad-request");
    }
    if given("secret").is_empty() {
        return refused("missing-input-secret");
    }
    if given("secret") != SECRET {
        return refused("invalid-input-secret");
    }
    if hcaptcha && given("sitekey") != SITE_KEY {
        return refused("sitekey-secret-mismatch");
    }
    let kind = token.split('-').next().unwrap_or_default();
    match kind {
        "" => refused("missing-input-response"),
        "good" if seen.spent.lock().unwrap().insert(token.to_owned()) => verdict(true, &[], HOST),
        "good" if hcaptcha => refused("already-seen-response"),
        "expired" if hcaptcha => refused("expired-input-response"),
        "good" | "expired" => refused("timeout-or-duplicate"),
        "elsewhere" => verdict(true, &[], "evil.example.net"),
        "nowhere" => answer(StatusCode::OK, r#"{"success":true}"#.to_owned()),
        "refused" => {
            let mut answer = refused("invalid-input-response");
            *answer.status_mut() = StatusCode::BAD_REQUEST;
            answer
        }
        "slow" => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            verdict(true, &[], HOST)
        }
        "drip" => answer_of(StatusCode::OK, Body::from_stream(drip())),
        "giant" => answer(StatusCode::OK, format!("{}{}", " ".repeat(32 * 1024 * 1024), r#"{"success":true}"#)),
        "malformed" => answer(StatusCode::OK, "<html>success: true</html>".to_owned()),
        "wrong" => answer(StatusCode::OK, r#"{"success":"true","hostname":"app.example.com"}"#.to_owned()),
        "failing" => answer(StatusCode::INTERNAL_SERVER_ERROR, "try later".to_owned()),
        "unsure" => answer(StatusCode::BAD_GATEWAY, r#"{"success":true,"hostname":"app.example.com"}"#.to_owned()),
        "internal" => refused("internal-error"),
        "moved" => {
            let mut answer = answer(StatusCode::TEMPORARY_REDIRECT, String::new());
            answer.headers_mut().insert(header::LOCATION, "/elsewhere".parse().unwrap());
            answer
        }
        _ => refused("invalid-input-response"),
    }
}

/// A byte each second, for a minute.
fn drip() -> impl futures_util::Stream<Item = Result<&'static str, std::io::Error>> {
    futures_util::stream::unfold(0, |count| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        (count < 60).then_some((Ok(" "), count + 1))
    })
}

fn verdict(success: bool, codes: &[&str], hostname: &str) -> Response<Body> {
    let said = serde_json::json!({
        "success": success,
        "challenge_ts": "2026-11-25T12:00:00.000Z",
        "hostname": hostname,
        "error-codes": codes,
        "action": "",
        "cdata": "",
    });
    answer(StatusCode::OK, said.to_string())
}

fn answer(status: StatusCode, text: String) -> Response<Body> {
    answer_of(status, Body::from(text))
}

fn answer_of(status: StatusCode, body: Body) -> Response<Body> {
    let answer = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    answer.body(body).unwrap()
}

/// `application/x-www-form-urlencoded` of plain values.
fn parse(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
