//! OTP-4: the pepper rotates without a restart, and without voiding live codes. No key is another one under its name.

use std::fs;
use std::time::Duration;

use identity::grpc::proto::{GetUserRequest, RefreshTokenRequest};
use rustix::process::Signal;

use crate::both_stores::on_both_stores;
use crate::support::client::operator;
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
    wait::until("the event", Duration::from_secs(5), async || {
        (world.audit().await.count("keys.changed", "+peppers/2") == 1).then_some(())
    })
    .await;
    let (after, after_code) = world.server.request_code("after@example.com").await;
    let client = world.server.client().await;
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    client.verify_otp(&after.challenge_id, &after_code).await.unwrap();
});

on_both_stores!(another_key_under_a_name_that_is_in_use_is_not_taken, |mut world| {
    let signed_in = world.server.sign_in("before@example.com").await;
    let (challenge, code) = world.server.request_code("asked@example.com").await;
    let files = ["peppers/1", "sealing/1", "refresh/1"].map(|name| (name, world.settings.secrets().join(name)));
    let before = files.clone().map(|(_, path)| fs::read_to_string(path).unwrap());
    for (_, path) in &files {
        write_secret(path, &"5c".repeat(32));
    }
    world.server.process().signal(Signal::HUP);
    for (name, _) in &files {
        let told = format!("{name}: secrets.directory: holds another key than before");
        let line = wait::until(&told, Duration::from_secs(20), async || {
            world.server.log().lines_with(&told).into_iter().next()
        });
        let line = line.await;
        assert!(line.contains("ERROR") && line.contains("what was read earlier stays in force"), "{line}");
        assert!(line.contains("put the earlier content back; give the new one a new name"), "{line}");
    }

    wait::until("the event", Duration::from_secs(5), async || {
        (world.audit().await.count("keys.changed", "KEYS_INVALID") > 0).then_some(())
    })
    .await;
    // What was made by the keys is as good as it was.
    let client = world.server.client().await;
    client.verify_otp(&challenge.challenge_id, &code).await.unwrap();
    let tokens = signed_in.tokens.unwrap();
    let request = RefreshTokenRequest { refresh_token: tokens.refresh_token, ..RefreshTokenRequest::default() };
    client.identity().refresh_token(request).await.unwrap();
    let request = operator(GetUserRequest { user_id: signed_in.user.unwrap().user_id }, &world.server.admin_token());
    world.server.admin().await.admin().get_user(request).await.unwrap();

    for ((_, path), content) in files.iter().zip(&before) {
        write_secret(path, content);
    }
    write_secret(&world.settings.secrets().join("sealing/2"), &"5c".repeat(32));
    world.server.process().signal(Signal::HUP);
    wait::until("the keys are in force", Duration::from_secs(20), async || {
        (!world.server.log().lines_with("the keys have been read again").is_empty()).then_some(())
    })
    .await;
    world.server.sign_in("after@example.com").await;
});
