//! What keeps other sites, and whoever reads a cookie, from acting for a person on the pages.

use super::pages::{ask, code, sign_in, world};
use crate::both_stores::bodies_on_both_stores;
use crate::support::browser::{Browser, field};
use crate::support::http;
use crate::support::server::Server;
use crate::support::world::{Store, World};

/// What another site can have a browser send, and what no browser sends.
const STRANGERS: [&[(&str, &str)]; 6] = [
    &[],
    &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "none")],
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
];

async fn no_form_of_another_site_is_taken(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    sign_in(&world, &mut browser, "mira@example.org").await;
    let page = ask(&mut browser, "mira@example.org").await;
    let (challenge, code) = (field(&page, "challenge"), code(&world, "mira@example.org", 2).await);
    let before = world.server.mailbox().all().len();
    for more in STRANGERS {
        for (path, fields) in [
            ("/sign-in", &[("identifier", "noa@example.org")][..]),
            ("/sign-in/code", &[("challenge", challenge.as_str()), ("code", code.as_str())]),
            ("/sign-in/resend", &[]),
            ("/account/end", &[("session_id", "0192e4a0-7b7e-7c3a-9d0e-3f1a2b4c5d6e")]),
            ("/account/end-others", &[]),
            ("/account/sign-out", &[]),
        ] {
            let answer = browser.post_from(path, fields, more).await;
            assert_eq!(answer.status, 403, "{path} {more:?}");
            assert!(answer.body.contains("This request did not come from our page."), "{}", answer.body);
            assert!(answer.header("set-cookie").is_none(), "{}", answer.head);
        }
    }
    assert_eq!(world.server.mailbox().all().len(), before, "nothing was sent");
    assert!(browser.get("/account").await.status == 200, "still signed in");
    // A browser without fetch metadata says where its form stood.
    let origin = format!("http://{}", world.server.addresses().http);
    let fields = [("challenge", challenge.as_str()), ("code", code.as_str())];
    let taken = browser.post_from("/sign-in/code", &fields, &[("origin", origin.as_str())]).await;
    assert_eq!(taken.status, 303, "{}", taken.body);
}

async fn cookies_say_nothing_and_count_for_what_they_were_made_for(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    ask(&mut browser, "noa@example.org").await;
    let under_way = browser.cookies["identity_sign_in"].clone();
    sign_in(&world, &mut browser, "mira@example.org").await;
    let session = browser.cookies["identity_session"].clone();
    for value in browser.cookies.values().chain([&under_way]) {
        assert!(!value.contains("mira") && !value.contains("eyJ") && !value.contains("idr_"), "{value}");
    }
    let mut thief = Browser::at(world.server.addresses().http);
    // Each is sealed with a key of its own: the parts of one open in no other, of its kind or not.
    let parts = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (mine, marked) = (parts(&session), parts(&under_way));
    let mixed = format!("{}.{}.{}", mine[0], marked[1], mine[2]);
    assert_ne!(mixed, session);
    for wrong in [mixed.as_str(), under_way.as_str(), "x", "", &format!("{session}A"), &session[..session.len() - 2]] {
        thief.cookies = [("identity_session".to_owned(), wrong.to_owned())].into();
        assert_eq!(thief.get("/account").await.header("location"), Some("/sign-in"), "{wrong}");
        thief.cookies = [("identity_sign_in".to_owned(), session.clone())].into();
        assert_eq!(thief.get("/sign-in/code").await.header("location"), Some("/sign-in"));
    }
}

async fn what_names_no_page_leads_to_the_first(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    sign_in(&world, &mut browser, "mira@example.org").await;
    // No token; a session's id, which once was one; and the form of one.
    for page in ["x", "0192e4a0-7b7e-7c3a-9d0e-3f1a2b4c5d6e", &"A".repeat(43)] {
        let answer = browser.get(&format!("/account?page={page}")).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/account")), "{page}");
    }
    assert_eq!(browser.get("/account").await.status, 200);
}

async fn behind_https_cookies_are_bound_to_the_host(store: Store) {
    let world = World::with(store, |settings| {
        settings.set("pages.enabled", true);
        settings.set("service.issuer", "https://id.example.org");
    })
    .await;
    let mut browser = Browser::at(world.server.addresses().http);
    let sent = browser.post("/sign-in", &[("identifier", "mira@example.org")]).await;
    let cookies: Vec<&str> = sent.head.lines().filter(|line| line.starts_with("set-cookie")).collect();
    assert_eq!(cookies.len(), 2, "{}", sent.head);
    // A browser comes by https alone from then on, to whatever the listener answers.
    for path in ["/sign-in", "/.well-known/jwks.json", "/health/live", "/nothing", "/assets/pages.css"] {
        let answer = http::get(world.server.addresses().http, path).await;
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{path}");
    }
    for cookie in cookies {
        assert!(cookie.starts_with("set-cookie: __Host-identity_"), "{cookie}");
        for rule in ["; Path=/;", "; HttpOnly;", "; SameSite=Lax", "; Secure"] {
            assert!(cookie.contains(rule) && !cookie.contains("Domain"), "{cookie}");
        }
    }
}

async fn the_address_is_whom_trusted_proxies_name(store: Store) {
    let world = World::with(store, |settings| {
        settings.set("pages.enabled", true);
        settings.set("listen.trusted_proxies", toml::Value::Array(vec!["127.0.0.1/32".into()]));
    })
    .await;
    let address = world.server.addresses().http;
    let mut browser = Browser::at(address).with("x-forwarded-for", "198.51.100.1, 203.0.113.7");
    let page = sign_in(&world, &mut browser, "mira@example.org").await;
    assert!(page.body.contains("203.0.113.7") && !page.body.contains("198.51.100.1"), "{}", page.body);
    let plain = super::pages::world(store).await;
    let mut browser = Browser::at(plain.server.addresses().http).with("x-forwarded-for", "203.0.113.7");
    let page = sign_in(&plain, &mut browser, "mira@example.org").await;
    assert!(page.body.contains("127.0.0.1") && !page.body.contains("203.0.113.7"), "{}", page.body);
}

bodies_on_both_stores!(
    no_form_of_another_site_is_taken,
    cookies_say_nothing_and_count_for_what_they_were_made_for,
    what_names_no_page_leads_to_the_first,
    behind_https_cookies_are_bound_to_the_host,
    the_address_is_whom_trusted_proxies_name,
);

#[tokio::test]
async fn a_page_runs_and_fetches_what_is_ours_alone() {
    let server = Server::embedded().await;
    let address = server.addresses().http;
    let page = http::get(address, "/sign-in").await;
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    assert_eq!(page.header("content-security-policy"), Some(policy));
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("strict-transport-security"), None, "the issuer is an http URL");
    let body = page.body.replace("&#x2f;", "/");
    for outside in ["http://", "https://", " style=", " onclick", "javascript:"] {
        assert!(!body.contains(outside), "{outside}: {body}");
    }
    for (mark, kind) in
        [("href=\"/assets/", "text/css; charset=utf-8"), ("src=\"/assets/", "text/javascript; charset=utf-8")]
    {
        let name = body.split(mark).nth(1).unwrap().split('"').next().unwrap();
        let file = http::get(address, &format!("/assets/{name}")).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some(kind)), "{name}");
        assert!(file.header("cache-control").unwrap().contains("immutable") && !file.body.contains("http"));
    }
    let strange = http::get(address, "/sign-in?lang=%22%3E%3Cscript%3E&x=%22%3E%3Cscript%3E").await;
    assert!(!strange.body.contains("\"><script"), "{}", strange.body);
    let long = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nsec-fetch-site: same-origin\r\n\
        content-type: application/x-www-form-urlencoded\r\ncontent-length: 40000\r\n\r\nidentifier={}",
        "a".repeat(39989)
    );
    assert_eq!(http::exchange(address, &long).await.status, 422);
}
