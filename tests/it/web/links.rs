//! The page behind a magic link, by a browser without a script: what a click does, and for whom.

use std::time::Duration;

use identity::grpc::proto::LinkCompletion;

use super::pages::{ask, world};
use crate::both_stores::bodies_on_both_stores;
use crate::support::browser::Browser;
use crate::support::world::{Store, World};

const EMAIL: &str = "mira@example.org";

/// A58: a form that is sent twice is answered alike in the browser that clicked. Whoever else has the link, having read the
/// same message, gets nothing by it afterwards.
async fn a58_a_used_link_is_worth_nothing_in_another_browser(store: Store) {
    let world = world(store).await;
    let (_, token) = world.server.request_link(EMAIL, LinkCompletion::OpeningDevice).await;
    let address = world.server.addresses().http;
    let (mut owner, mut other) = (Browser::at(address), Browser::at(address));
    let fields = [("token", token.as_str()), ("number", "")];
    for browser in [&mut owner, &mut other] {
        let page = browser.post("/link/inspect", &fields).await;
        assert!(page.status == 200 && page.body.contains("m***@example.org"), "{}", page.body);
        assert!(
            !page.body.contains(EMAIL) && !page.body.contains("hreflang"),
            "no link leads away from it: {}",
            page.body
        );
    }
    let mut twin = owner.clone();
    for browser in [&mut owner, &mut twin] {
        let signed_in = browser.post("/link/confirm", &fields).await;
        assert_eq!((signed_in.status, signed_in.header("location")), (303, Some("/account")), "{}", signed_in.body);
    }
    let mut fresh = Browser::at(address);
    for browser in [&mut other, &mut fresh] {
        let refused = browser.post("/link/confirm", &fields).await;
        assert_eq!(refused.status, 409, "{}", refused.head);
        assert!(!refused.head.contains("session"), "{}", refused.head);
        assert_eq!(browser.get("/account").await.header("location"), Some("/sign-in"));
    }
    assert_eq!(world.audit().await.count("session.started", ""), 1);
}

/// A57: a number that is wrong is told as what it is, costs an attempt, and approves nothing.
async fn a57_a_wrong_number_approves_nothing(store: Store) {
    let world = world(store).await;
    let (challenge, token) = world.server.request_link(EMAIL, LinkCompletion::AskingDevice).await;
    let mut browser = Browser::at(world.server.addresses().http);
    let wrong = if challenge.match_number == "10" { "11" } else { "10" };
    for number in [wrong, "7"] {
        let told = browser.post("/link/confirm", &[("token", &token), ("number", number)]).await;
        assert!(
            told.status == 422 && told.body.contains("not the number on the device"),
            "{} {}",
            told.head,
            told.body
        );
    }
    let pending = world.server.client().await.collect(&challenge).await.unwrap_err();
    assert_eq!(pending.reason, "SIGN_IN_PENDING");
}

/// The page that asked follows whatever of its message lives longer: the link, three times as long as the code.
async fn the_asking_page_waits_as_long_as_the_link_lives(store: Store) {
    let world = World::with_clock_and(store, |settings| settings.set("pages.enabled", true)).await;
    let mut browser = Browser::at(world.server.addresses().http);
    let page = ask(&mut browser, EMAIL).await;
    assert!(page.body.contains("name=\"code\"") && page.body.contains("action=\"/sign-in/collect\""));
    world.advance(Duration::from_mins(6));
    let over = browser.get("/sign-in/code").await;
    assert!(over.body.contains("The code has expired.") && !over.body.contains("name=\"code\""), "{}", over.body);
    assert!(over.body.contains("action=\"/sign-in/collect\""), "the link is still good: {}", over.body);
    let soon = browser.post("/sign-in/collect", &[]).await;
    assert!(soon.status == 409 && soon.body.contains("has not been approved yet"), "{}", soon.body);
    let number = over.body.split("id=\"match\">").nth(1).unwrap()[..2].to_owned();
    let link = world.server.mailbox().wait_for(EMAIL, 1).await.link().unwrap();
    let token = link.split_once('#').unwrap().1;
    let mut opener = Browser::at(world.server.addresses().http);
    let approved = opener.post("/link/confirm", &[("token", token), ("number", &number)]).await;
    assert_eq!(approved.header("location"), Some("/link?done=approved"), "{}", approved.body);
    let signed_in = browser.post("/sign-in/collect", &[]).await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, Some("/account")), "{}", signed_in.body);

    let mut late = Browser::at(world.server.addresses().http);
    ask(&mut late, "noa@example.org").await;
    world.advance(Duration::from_mins(16));
    let over = late.get("/sign-in/code").await;
    assert!(!over.body.contains("/sign-in/collect") && over.body.contains("The code has expired."), "{}", over.body);
}

bodies_on_both_stores!(
    a58_a_used_link_is_worth_nothing_in_another_browser,
    a57_a_wrong_number_approves_nothing,
    the_asking_page_waits_as_long_as_the_link_lives,
);
