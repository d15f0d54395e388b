//! What a client application is told of what it got wrong, for whoever writes it.

use serde_json::Value;

use super::client::{REDIRECT, error, exchange, link, post_token, told, world};
use crate::support::browser::{Browser, encoded};
use crate::support::http::{self, Answer};
use crate::support::world::Store;

/// The words beside an error, of the characters that the norm has for them (RFC 6749 section 5.2).
fn described(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let description = body["error_description"].as_str().unwrap().to_owned();
    assert!(description.bytes().all(|c| matches!(c, b' '..=b'~') && !matches!(c, b'"' | b'\\')), "{description}");
    description
}

#[tokio::test]
async fn a_link_that_is_wrong_is_told_what() {
    let world = world(Store::Sqlite).await;
    let mut browser = Browser::at(world.server.addresses().http);
    let long = "s".repeat(1025);
    let invalid = "invalid_request";
    let wrong = [
        ("response_type", "", invalid, "response_type is missing"),
        ("response_type", "token", "unsupported_response_type", "response_type has to be code"),
        ("response_mode", "fragment", invalid, "response_mode has to be query"),
        ("response_mode", "form_post", invalid, "response_mode has to be query"),
        ("scope", "openid", "invalid_scope", "there are no scopes here; leave scope out"),
        ("state", &long, invalid, "state is longer than 1024 bytes"),
        ("code_challenge", "", invalid, "code_challenge is missing"),
        ("code_challenge", "x", invalid, "code_challenge has to be a SHA-256 in base64url without padding"),
        ("code_challenge_method", "", invalid, "code_challenge_method is missing"),
        ("code_challenge_method", "plain", invalid, "code_challenge_method has to be S256"),
    ];
    let wrong = wrong.map(|(name, value, error, description)| (link(&[(name, value)]), error, description));
    // The second time without a value, too.
    let twice = ["response_type=code", "state=x", "code_challenge=x", "response_type=", "state="];
    let twice = twice.map(|more| (format!("{}&{more}", link(&[])), more.split('=').next().unwrap()));
    let twice = twice.map(|(link, name)| (link, invalid, format!("{name} is there more than once")));
    let wrong = wrong.into_iter().map(|(link, error, description)| (link, error, description.to_owned())).chain(twice);
    for (link, error, description) in wrong {
        for answer in [browser.get(&link).await, browser.post(&link, &[("identifier", "mira@example.org")]).await] {
            assert_eq!(answer.status, 303, "{link}");
            let location = answer.header("location").unwrap();
            assert!(location.starts_with(REDIRECT) && told(location, "code").is_none(), "{location}");
            assert_eq!(told(location, "error").as_deref(), Some(error), "{link}");
            let words = told(location, "error_description").unwrap().replace("%20", " ");
            assert_eq!(words.replace("%3B", ";"), description, "{link}");
        }
    }
    assert!(world.server.mailbox().all().is_empty(), "nothing was sent");

    // What is said in full is taken, and the page itself needs none of it.
    for link in [link(&[("response_mode", "query")]), link(&[("scope", " ")]), format!("{}&scope=", link(&[]))] {
        assert_eq!(browser.get(&link).await.status, 200, "{link}");
    }
    assert_eq!(browser.get("/sign-in").await.status, 200);
}

#[tokio::test]
async fn an_exchange_that_is_wrong_is_told_what() {
    let world = world(Store::Sqlite).await;
    let long = "v".repeat(2049);
    let grant = "code is not good, or not with this client_id, redirect_uri and code_verifier";
    for (name, value, status, expected, description) in [
        ("grant_type", "", 400, "invalid_request", "grant_type is missing"),
        (
            "grant_type",
            "refresh_token",
            400,
            "unsupported_grant_type",
            "grant_type has to be authorization_code; a refresh token goes to RefreshToken",
        ),
        ("code", "", 400, "invalid_request", "code is missing"),
        ("client_id", "", 400, "invalid_request", "client_id is missing"),
        ("redirect_uri", "", 400, "invalid_request", "redirect_uri is missing"),
        ("code_verifier", "", 400, "invalid_request", "code_verifier is missing"),
        ("code_verifier", &long, 400, "invalid_request", "code_verifier is longer than 2048 bytes"),
        ("code", "idg_made-up", 400, "invalid_grant", grant),
        ("client_id", "nobody", 401, "invalid_client", "client_id is that of no registered client"),
    ] {
        let answer = exchange(&world, &[("code", "idg_none"), (name, value)]).await;
        assert_eq!(error(&answer), (status, expected.to_owned()), "{name}={value}");
        assert_eq!(described(&answer), description, "{name}={value}");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, (status == 401).then_some("Bearer realm=\"token\""), "{}", answer.head);
    }
    for name in ["code", "client_id", "code_verifier"] {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("client_id", "default"),
            ("redirect_uri", REDIRECT),
            ("code_verifier", "x"),
            (name, "y"),
        ];
        let answer = post_token(&world, &encoded(&fields), "").await;
        assert_eq!(error(&answer), (400, "invalid_request".to_owned()));
        assert_eq!(described(&answer), format!("{name} is there more than once"));
    }
    for (kind, description) in [
        ("application/json", "the body has to be a form, application/x-www-form-urlencoded"),
        ("application/x-www-form-urlencoded", "grant_type is missing"),
    ] {
        let request = format!(
            "POST /token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: \
             2\r\n\r\n{{}}"
        );
        let answer = http::exchange(world.server.addresses().http, &request).await;
        assert_eq!(error(&answer), (400, "invalid_request".to_owned()));
        assert_eq!(described(&answer), description);
    }
}
