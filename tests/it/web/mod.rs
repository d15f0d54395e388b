//! The pages and documents of the HTTP listener.

mod browser;
mod client;
mod client_faults;
mod client_turns;
mod guards;
mod links;
mod pages;
mod resend;
mod undelivered;

use serde_json::{Value, json};

use crate::support::http::{self, Answer};
use crate::support::server::Server;
use crate::support::world::{Store, World};

/// What every answer says to a browser.
fn is_guarded(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{}", answer.head);
    assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{}", answer.head);
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{}", answer.head);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
}

#[tokio::test]
async fn discovery_names_the_key_set_and_nothing_untrue() {
    let world = World::on(Store::Sqlite).await;
    for name in ["openid-configuration", "oauth-authorization-server"] {
        let answer = http::get(world.server.addresses().http, &format!("/.well-known/{name}")).await;
        is_guarded(&answer);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let document: Value = serde_json::from_str(&answer.body).unwrap();
        let issuer = document["issuer"].as_str().unwrap();
        let keys = format!("{issuer}/.well-known/jwks.json");
        assert_eq!(document, json!({ "issuer": issuer, "jwks_uri": keys }));
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_told_in_json() {
    let server = Server::embedded().await;
    let address = server.addresses().http;
    for path in ["/nothing", "/.well-known/jwks.json/", "/dev", "/../etc/passwd", "/identity.v1.AdminService/GetUser"] {
        let answer = http::get(address, path).await;
        is_guarded(&answer);
        assert_eq!(answer.status, 404, "{path}");
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(told["error"], "not_found");
    }
    let post = "POST /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let answer = http::exchange(address, post).await;
    is_guarded(&answer);
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn the_mailbox_shows_the_newest_first_without_a_script() {
    let server = Server::embedded().await;
    let address = server.addresses().http;
    let empty = http::get(address, "/dev/mailbox").await;
    assert!(empty.status == 200 && empty.body.contains("No message yet"), "{}", empty.body);
    let (_, first) = server.request_code("mira@example.org").await;
    let (_, second) = server.request_code("noa@example.org").await;
    let page = http::get(address, "/dev/mailbox").await;
    is_guarded(&page);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let at = |text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text} is not on the page"));
    assert!(at("noa@example.org") < at("mira@example.org") && at(&second) < at(&first));
    assert!(page.body.contains("sandbox=\"allow-popups ") && !page.body.contains("<script"));
}
