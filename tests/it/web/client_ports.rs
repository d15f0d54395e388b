//! A native application listens on a port that is free (RFC 8252 section 7.3).

use identity::grpc::proto::{LinkCompletion, SendMagicLinkRequest};

use super::client::{error, exchange, led_back, link, told};
use crate::both_stores::bodies_on_both_stores;
use crate::support::browser::Browser;
use crate::support::client::send_link_request;
use crate::support::refusal::Refusal;
use crate::support::world::{Store, World};

async fn world(store: Store) -> World {
    let registered = ["http://127.0.0.1/in", "http://[::1]:3000/in", "http://localhost:3000/in"];
    World::with(store, |settings| {
        settings.set("pages.enabled", true);
        settings.redirects(&registered);
    })
    .await
}

async fn an_application_on_this_machine_is_led_back_to_at_any_port(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    for (nth, redirect) in ["http://127.0.0.1:49152/in", "http://[::1]:49153/in"].into_iter().enumerate() {
        let link = link(&[("redirect_uri", redirect)]);
        let back = led_back(&world, &mut browser, &link, &format!("native-{nth}@example.org")).await;
        assert!(back.starts_with(&format!("{redirect}?code=")), "{back}");
        let code = told(&back, "code").unwrap();
        // The port is that of the sign-in: another one, though it may be asked for, is not the one that was.
        let other = redirect.replace("4915", "4916");
        for wrong in [other.as_str(), "http://127.0.0.1/in", "http://[::1]:3000/in"] {
            let answer = exchange(&world, &[("redirect_uri", wrong), ("code", &code)]).await;
            assert_eq!(error(&answer), (400, "invalid_grant".to_owned()), "{wrong}");
        }
        let answer = exchange(&world, &[("redirect_uri", redirect), ("code", &code)]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    // A link of a message leads on by the same rule.
    let client = world.server.client().await;
    let send = async |redirect: &str| {
        let request = SendMagicLinkRequest {
            redirect_uri: redirect.to_owned(),
            link_completion: LinkCompletion::OpeningDevice.into(),
            ..send_link_request("leo@example.org")
        };
        client.identity().send_magic_link(request).await.map_err(Refusal::from)
    };
    let redirect = "http://127.0.0.1:49152/in";
    let (_, token) = world.server.link_of("leo@example.org", async || send(redirect).await.unwrap()).await;
    assert_eq!(client.inspect(&token).await.unwrap().redirect_uri, redirect);
    assert_eq!(send("http://localhost:49152/in").await.unwrap_err().reason, "REDIRECT_URI_NOT_ALLOWED");
}

async fn nothing_else_of_a_redirect_may_differ(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    for redirect in [
        "http://127.0.0.1:49152/in/",
        "http://127.0.0.1:49152/other",
        "http://127.0.0.1:49152/in?x=y",
        "http://127.0.0.1:0/in",
        "http://127.0.0.1:+80/in",
        "http://127.0.0.1:80@evil.example/in",
        "http://127.0.0.1:80\\@evil.example/in",
        "http://127.0.0.1.evil.example/in",
        "http://127.0.0.1:49152/in#x",
        "http://127.0.0.2:49152/in",
        "https://127.0.0.1:49152/in",
        "http://[::1]:49152",
        "http://localhost:49152/in",
    ] {
        let link = link(&[("redirect_uri", redirect)]);
        for answer in [browser.get(&link).await, browser.post(&link, &[("identifier", "mira@example.org")]).await] {
            assert_eq!(answer.status, 400, "{redirect}");
            assert!(answer.header("location").is_none() && answer.body.contains("is not registered"), "{redirect}");
        }
    }
}

bodies_on_both_stores!(
    an_application_on_this_machine_is_led_back_to_at_any_port,
    nothing_else_of_a_redirect_may_differ,
);
