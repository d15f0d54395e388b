//! A59: what passes through the pages, in the sinks that the other secrets are searched for in: cookies, codes, links, what
//! stands in a query, and what a client application is led back with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::domain::digest::Digest;

use super::Canaries;
use crate::support::browser::{Browser, encoded, field};
use crate::support::http;
use crate::support::settings::Settings;
use crate::support::world::World;

const EMAIL: &str = "canary-page-8c2e@birds.example";
const REDIRECT: &str = "http://127.0.0.1:9/canary";
const VERIFIER: &str = "canary-verifier-5be71d40a9c8f36277e0d1b24f8e";
const STATE: &str = "canary-state-c41d";

/// Turns the pages on, with an application to lead back to, and metrics.
pub(super) fn offer(settings: &mut Settings) {
    settings.set("pages.enabled", true);
    settings.redirects(&[REDIRECT]);
    settings.set("telemetry.metrics_listen", "127.0.0.1:0");
}

/// What Prometheus reads.
pub(super) async fn scrape(world: &World) -> String {
    let text = http::get(world.server.addresses().metrics.unwrap(), "/metrics").await.body;
    for (method, route) in
        [("GET", "/sign-in"), ("POST", "/sign-in/code"), ("POST", "/link/confirm"), ("POST", "/token")]
    {
        let found = text.lines().any(|line| {
            line.starts_with("http_server_request_duration_seconds_count")
                && line.contains(&format!("http_request_method=\"{method}\""))
                && line.contains(&format!("http_route=\"{route}\""))
        });
        assert!(found, "{method} {route}: {text}");
    }
    assert!(!text.contains("canary"), "{text}");
    text
}

/// Plants what a browser keeps.
fn plant_cookies(canaries: &mut Canaries, browser: &Browser) {
    for value in browser.cookies.iter().filter(|(name, _)| *name != "identity_language").map(|(_, value)| value) {
        // Its sealed part.
        canaries.plant_as_it_is("a cookie", value.rsplit('.').next().unwrap());
    }
}

/// Signs in on the pages, by code for an application and by link for the pages themselves, rightly and wrongly.
pub(super) async fn visit(world: &World, canaries: &mut Canaries) {
    let address = world.server.addresses().http;
    for (name, secret) in [("email", EMAIL), ("state", STATE), ("verifier", VERIFIER)] {
        canaries.plant(name, secret);
    }
    let challenge = URL_SAFE_NO_PAD.encode(Digest::of_file(VERIFIER.as_bytes()).bytes());
    let link = encoded(&[
        ("response_type", "code"),
        ("client_id", "default"),
        ("redirect_uri", REDIRECT),
        ("state", STATE),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let link = format!("/sign-in?{link}");
    let mut browser = Browser::at(address);
    assert_eq!(browser.get(&link).await.status, 200);
    let page = browser.submit(&link, &[("identifier", EMAIL)]).await;
    plant_cookies(canaries, &browser);
    let mail = world.server.mailbox().wait_for(EMAIL, 1).await;
    let token = mail.link().unwrap().split_once('#').unwrap().1.to_owned();
    canaries.plant_as_it_is("link", &token[22..]);
    for nothing in ["canary-no-code", "canary-no-link"] {
        canaries.plant(nothing, nothing);
        browser.post("/sign-in/code", &[("challenge", &field(&page, "challenge")), ("code", nothing)]).await;
        browser.post("/link/inspect", &[("token", nothing)]).await;
        browser.get(&format!("/link?done={nothing}")).await;
        browser.get(&format!("/account?page={nothing}")).await;
    }
    let code = mail.code().unwrap();
    let answer = browser.post("/sign-in/code", &[("challenge", &field(&page, "challenge")), ("code", &code)]).await;
    let back = answer.header("location").unwrap();
    let grant = back.split("code=").nth(1).unwrap().split('&').next().unwrap();
    canaries.plant("a client's code", grant);
    plant_cookies(canaries, &browser);
    let body = encoded(&[
        ("grant_type", "authorization_code"),
        ("client_id", "default"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("code", grant),
    ]);
    let request = format!(
        "POST /token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: \
        application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    for expected in [200, 400] {
        let answer = http::exchange(address, &request).await;
        assert_eq!(answer.status, expected, "{}", answer.body);
        if expected == 200 {
            let tokens: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            for name in ["access_token", "refresh_token"] {
                canaries.plant_as_it_is(name, tokens[name].as_str().unwrap());
            }
        }
    }

    // A link for the pages themselves, opened in another browser.
    let mut opener = Browser::at(address);
    let (_, token) = world.server.request_link(EMAIL, identity::grpc::proto::LinkCompletion::OpeningDevice).await;
    canaries.plant_as_it_is("link", &token[22..]);
    opener.post("/link/inspect", &[("token", &token)]).await;
    let account = opener.submit("/link/confirm", &[("token", &token)]).await;
    assert!(account.body.contains(EMAIL), "{}", account.body);
    plant_cookies(canaries, &opener);
    opener.post("/account/sign-out", &[]).await;
}
