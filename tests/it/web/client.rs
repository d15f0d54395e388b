//! Signing in for a client application: a code in a redirect, and tokens for it.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::domain::digest::Digest;
use identity::grpc::proto::RefreshTokenRequest;
use serde_json::Value;

use super::pages::code;
use crate::both_stores::bodies_on_both_stores;
use crate::support::browser::{Browser, encoded, field};
use crate::support::http::{self, Answer};
use crate::support::settings::Settings;
use crate::support::world::{Store, World};

pub(super) const REDIRECT: &str = "http://127.0.0.1:9/in?from=identity";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub(super) fn registered(settings: &mut Settings) {
    settings.set("pages.enabled", true);
    settings.redirects(&[REDIRECT, "com.example.app:/in"]);
}

pub(super) async fn world(store: Store) -> World {
    World::with(store, registered).await
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Digest::of_file(VERIFIER.as_bytes()).bytes())
}

/// The link that an application leads to.
pub(super) fn link(more: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", "default"),
        ("redirect_uri", REDIRECT),
        ("state", "s t&a=te"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in more {
        fields.retain(|(kept, _)| kept != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    format!("/sign-in?{}", encoded(&fields))
}

/// Signs in by a link and gives where the browser is led.
pub(super) async fn led_back(world: &World, browser: &mut Browser, link: &str, email: &str) -> String {
    let before = world.server.mailbox().to(email).into_iter().filter_map(|mail| mail.code()).count();
    let page = browser.submit(link, &[("identifier", email)]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1:9;"), "{policy}");
    let code = code(world, email, before + 1).await;
    let fields = [("challenge", field(&page, "challenge")), ("code", code)];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = browser.post("/sign-in/code", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").unwrap().to_owned()
}

pub(super) fn told(uri: &str, name: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// What an application sends to `/token`.
pub(super) async fn exchange(world: &World, more: &[(&str, &str)]) -> Answer {
    exchange_at(world.server.addresses().http, more).await
}

/// The same, at a listener.
pub(super) async fn exchange_at(address: SocketAddr, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", "default"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in more {
        fields.retain(|(kept, _)| kept != name);
        fields.push((name, value));
    }
    post_token_at(address, &encoded(&fields), "").await
}

pub(super) async fn post_token(world: &World, body: &str, head: &str) -> Answer {
    post_token_at(world.server.addresses().http, body, head).await
}

async fn post_token_at(address: SocketAddr, body: &str, head: &str) -> Answer {
    let request = format!(
        "POST /token HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: \
         application/x-www-form-urlencoded\r\ncontent-length: {}\r\n{head}\r\n{body}",
        body.len()
    );
    http::exchange(address, &request).await
}

#[track_caller]
pub(super) fn error(answer: &Answer) -> (u16, String) {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.head);
    (answer.status, body["error"].as_str().unwrap_or_default().to_owned())
}

async fn an_application_gets_the_tokens_of_a_session(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    assert!(browser.get(&link(&[])).await.body.contains("Sign in to Identity"));
    let back = led_back(&world, &mut browser, &link(&[]), "mira@example.org").await;
    assert!(back.starts_with(&format!("{REDIRECT}&code=")), "{back}");
    assert_eq!(told(&back, "state").as_deref(), Some("s%20t%26a%3Dte"));
    assert_eq!(told(&back, "iss").as_deref(), Some("http%3A%2F%2Flocalhost%3A8080"));
    assert!(!back.contains("eyJ") && !back.contains("idr_"), "no token in a URL: {back}");
    assert!(!browser.cookies.contains_key("identity_session"), "the session is the application's");

    let code = told(&back, "code").unwrap();
    let answer = exchange(&world, &[("code", &code)]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.body);
    let tokens: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(tokens["token_type"], "Bearer");
    assert!((890..=900).contains(&tokens["expires_in"].as_u64().unwrap()), "{}", tokens["expires_in"]);
    let client = world.server.client().await;
    let active = client.validate(tokens["access_token"].as_str().unwrap()).await.unwrap();
    assert!(active.active && active.claims.unwrap().client_id == "default");
    let refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
    let device = identity::grpc::proto::Device { device_id: "the app's own".to_owned(), ..Default::default() };
    let request = RefreshTokenRequest { refresh_token, device: Some(device), ..RefreshTokenRequest::default() };
    client.identity().refresh_token(request).await.unwrap();
}

async fn a_code_that_comes_twice_ends_what_it_gave(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    let back = led_back(&world, &mut browser, &link(&[]), "mira@example.org").await;
    let code = told(&back, "code").unwrap();
    let tokens: Value = serde_json::from_str(&exchange(&world, &[("code", &code)]).await.body).unwrap();
    assert_eq!(error(&exchange(&world, &[("code", &code)]).await), (400, "invalid_grant".to_owned()));
    let client = world.server.client().await;
    let seen = client.validate(tokens["access_token"].as_str().unwrap()).await.unwrap();
    assert!(!seen.active, "the session has ended");
    let refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
    let request = RefreshTokenRequest { refresh_token, ..RefreshTokenRequest::default() };
    assert!(client.identity().refresh_token(request).await.is_err());
}

async fn an_exchange_is_refused_in_the_words_of_the_norm(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    let back = led_back(&world, &mut browser, &link(&[]), "mira@example.org").await;
    let code = told(&back, "code").unwrap();
    let other = format!("{}x", &VERIFIER[..VERIFIER.len() - 1]);
    for (name, value, status, expected) in [
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("grant_type", "", 400, "invalid_request"),
        ("client_id", "nobody", 401, "invalid_client"),
        ("client_id", "", 400, "invalid_request"),
        ("redirect_uri", "http://127.0.0.1:9/in", 400, "invalid_grant"),
        ("redirect_uri", "com.example.app:/in", 400, "invalid_grant"),
        ("code_verifier", other.as_str(), 400, "invalid_grant"),
        ("code_verifier", "short", 400, "invalid_grant"),
        ("code_verifier", "", 400, "invalid_request"),
        ("code", "idg_made-up", 400, "invalid_grant"),
        ("code", "", 400, "invalid_request"),
    ] {
        let answer = exchange(&world, &[("code", code.as_str()), (name, value)]).await;
        assert_eq!(error(&answer), (status, expected.to_owned()), "{name}={value}");
    }
    let twice = encoded(&[("grant_type", "authorization_code"), ("code", &code), ("code", &code)]);
    assert_eq!(error(&post_token(&world, &twice, "").await), (400, "invalid_request".to_owned()));
    let json = "POST /token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
        content-length: 2\r\n\r\n{}";
    let answer = http::exchange(world.server.addresses().http, json).await;
    assert_eq!(error(&answer), (400, "invalid_request".to_owned()));
    // None of it has used the code up, and the page of the application may read the answer.
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "default"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("code", code.as_str()),
    ];
    let answer = post_token(&world, &encoded(&fields), "origin: http://127.0.0.1:9\r\n").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("http://127.0.0.1:9")));
    let answer = post_token(&world, &encoded(&fields), "origin: https://evil.example\r\n").await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

async fn whom_nobody_registered_is_led_nowhere(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    for more in [
        [("client_id", "nobody"), ("redirect_uri", REDIRECT)],
        [("client_id", ""), ("redirect_uri", REDIRECT)],
        [("client_id", "default"), ("redirect_uri", "https://evil.example/in")],
        [("client_id", "default"), ("redirect_uri", "http://127.0.0.1:9/in")],
        [("client_id", "default"), ("redirect_uri", "http://127.0.0.1:9/in?from=identity&x=y")],
        [("client_id", "default"), ("redirect_uri", "HTTP://127.0.0.1:9/in?from=identity")],
        [("client_id", "default"), ("redirect_uri", "http://127.0.0.1:9@evil.example/in?from=identity")],
        [("client_id", "default"), ("redirect_uri", "//evil.example")],
        [("client_id", "default"), ("redirect_uri", "javascript:alert(1)")],
        [("client_id", "default"), ("redirect_uri", "")],
    ] {
        for answer in
            [browser.get(&link(&more)).await, browser.post(&link(&more), &[("identifier", "a@b.example")]).await]
        {
            assert_eq!(answer.status, 400, "{more:?}");
            assert!(
                answer.header("location").is_none() && answer.body.contains("is not registered"),
                "{}",
                answer.body
            );
        }
    }
    let twice = format!("{}&client_id=default", link(&[]));
    assert_eq!(browser.get(&twice).await.status, 400);
    for (more, expected) in [
        ([("code_challenge", ""), ("x", "")], "invalid_request"),
        ([("code_challenge", "short"), ("x", "")], "invalid_request"),
        ([("code_challenge_method", "plain"), ("x", "")], "invalid_request"),
        ([("code_challenge_method", ""), ("x", "")], "invalid_request"),
        ([("response_type", "token"), ("x", "")], "unsupported_response_type"),
    ] {
        let answer = browser.get(&link(&more)).await;
        let location = answer.header("location").unwrap_or_else(|| panic!("{more:?}: {}", answer.head)).to_owned();
        assert!(location.starts_with(REDIRECT), "{location}");
        assert_eq!(told(&location, "error").as_deref(), Some(expected), "{more:?}");
        assert_eq!(told(&location, "state").as_deref(), Some("s%20t%26a%3Dte"));
        assert!(told(&location, "iss").is_some() && told(&location, "code").is_none());
    }
    assert!(world.server.mailbox().all().is_empty(), "nothing was sent");
}

async fn a_code_lives_for_a_minute(store: Store) {
    let world = World::with_clock_and(store, registered).await;
    let mut browser = Browser::at(world.server.addresses().http);
    let back = led_back(&world, &mut browser, &link(&[]), "mira@example.org").await;
    let code = told(&back, "code").unwrap();
    world.advance(Duration::from_secs(61));
    assert_eq!(error(&exchange(&world, &[("code", &code)]).await), (400, "invalid_grant".to_owned()));
}

bodies_on_both_stores!(
    an_application_gets_the_tokens_of_a_session,
    a_code_that_comes_twice_ends_what_it_gave,
    an_exchange_is_refused_in_the_words_of_the_norm,
    whom_nobody_registered_is_led_nowhere,
    a_code_lives_for_a_minute,
);

#[tokio::test]
async fn discovery_says_where_to_sign_in() {
    let world = world(Store::Sqlite).await;
    let answer = http::get(world.server.addresses().http, "/.well-known/openid-configuration").await;
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(document["authorization_endpoint"], "http://localhost:8080/sign-in");
    assert_eq!(document["token_endpoint"], "http://localhost:8080/token");
    assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["subject_types_supported"], serde_json::json!(["public"]));
    assert_eq!(document["id_token_signing_alg_values_supported"], Value::Null, "no ID token is issued");
    let same = http::get(world.server.addresses().http, "/.well-known/oauth-authorization-server").await;
    assert_eq!((same.status, same.body), (200, answer.body));
}
