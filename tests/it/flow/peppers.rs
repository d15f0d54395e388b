//! OTP-4: the pepper rotates without a restart, and without voiding live codes.

use std::time::Duration;

use crate::both_stores::on_both_stores;
use crate::support::settings::write_secret;
use crate::support::wait;

on_both_stores!(a_new_pepper_takes_over_while_old_codes_live_on, |world| {
    let (challenge, code) = world.server.request_code("before@example.com").await;
    // Named after the first, so that it is the newest.
    write_secret(&world.settings.secrets().join("peppers/2"), &"5c".repeat(32));
    wait::until("the new pepper is in force", Duration::from_secs(20), async || {
        (!world.server.log().lines_with("the keys have been read again").is_empty()).then_some(())
    })
    .await;
    let (after, after_code) = world.server.request_code("after@example.com").await;
    let client = world.server.client().await;
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    client.verify_otp(&after.challenge_id, &after_code).await.unwrap();
});
