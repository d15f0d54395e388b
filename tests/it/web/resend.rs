//! "Send again", in a browser that signed in before.

use std::time::Duration;

use super::pages::{ask, sign_in};
use crate::both_stores::bodies_on_both_stores;
use crate::support::browser::Browser;
use crate::support::world::{Store, World};

bodies_on_both_stores!(a_known_browser_sends_again_where_the_address_has_no_request_left);

async fn a_known_browser_sends_again_where_the_address_has_no_request_left(store: Store) {
    const EMAIL: &str = "again@example.org";
    let world = World::with_clock_and(store, |settings| {
        settings.set("pages.enabled", true);
        settings.limit("identifier", 3, 300);
    })
    .await;
    let mut known = Browser::at(world.server.addresses().http);
    sign_in(&world, &mut known, EMAIL).await;
    let mut stranger = Browser::at(world.server.addresses().http);
    for browser in [&mut known, &mut stranger] {
        ask(browser, EMAIL).await;
    }
    world.advance(Duration::from_secs(31));
    assert_eq!(stranger.post("/sign-in/resend", &[]).await.status, 429);
    let resent = known.submit("/sign-in/resend", &[]).await;
    assert!(resent.body.contains("A new code is on its way."), "{}", resent.body);
}
