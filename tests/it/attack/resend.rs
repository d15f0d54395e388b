//! What strangers spend and bring about does not keep a known device from sending its code again (LIM-5).

use std::time::Duration;

use super::lockout::{Device, wrong};
use crate::both_stores::bodies_on_both_stores;
use crate::support::world::{Store, World};

bodies_on_both_stores!(
    a49_a_known_device_sends_its_code_again_from_its_reserve,
    a7_a_known_device_sends_a_code_of_before_the_guard_again,
);

async fn a49_a_known_device_sends_its_code_again_from_its_reserve(store: Store) {
    const EMAIL: &str = "a49-resend@example.com";
    let world = World::with_clock_and(store, |settings| {
        settings.limit("identifier", 3, 300);
        settings.limit("device", 2, 300);
    })
    .await;
    let mut owner = Device::new(&world, EMAIL).await;
    owner.sign_in().await.unwrap();
    let (challenge, code) = owner.send().await.unwrap();
    let stranger = Device::new(&world, EMAIL).await;
    let (strange, _) = stranger.send().await.unwrap();
    world.advance(Duration::from_secs(31));
    // Whoever holds the challenge and no token of the device has the budget that is spent; so has another account's device.
    assert_eq!(stranger.resend(&challenge).await.unwrap_err().reason, "RATE_LIMITED");
    let mut other = Device::new(&world, "a49-resend-other@example.com").await;
    other.sign_in().await.unwrap();
    assert_eq!(other.resend(&strange).await.unwrap_err().reason, "RATE_LIMITED");
    owner.resend(&challenge).await.unwrap();
    world.advance(Duration::from_secs(31));
    owner.resend(&challenge).await.unwrap();
    world.advance(Duration::from_secs(31));
    let spent = owner.resend(&challenge).await.unwrap_err();
    assert_eq!(spent.reason, "RATE_LIMITED", "the reserve has an end too");
    owner.verify(&challenge, &code).await.unwrap();
    let audit = world.audit().await;
    let refused = |limit: &str| audit.count("code.resent", &format!("RATE_LIMITED_{limit}"));
    assert_eq!((refused("DEVICE"), refused("IDENTIFIER"), audit.count("code.resent", "")), (1, 2, 2));
}

async fn a7_a_known_device_sends_a_code_of_before_the_guard_again(store: Store) {
    let world = World::with_clock_and(store, |settings| settings.guard(1, 120)).await;
    let mut owner = Device::new(&world, "a7-resend@example.com").await;
    owner.sign_in().await.unwrap();
    let (challenge, code) = owner.send().await.unwrap();
    let stranger = Device::new(&world, "a7-resend-stranger@example.com").await;
    let (guessed, right) = stranger.send().await.unwrap();
    assert_eq!(stranger.verify(&guessed, &wrong(&right)).await.unwrap_err().reason, "CODE_INVALID");
    world.advance(Duration::from_secs(31));
    assert_eq!(stranger.resend(&challenge).await.unwrap_err().reason, "CODE_INVALID");
    owner.resend(&challenge).await.unwrap();
    owner.verify(&challenge, &code).await.unwrap();
}
