//! Group C: a code serves on its own channel alone.

use identity::grpc::proto::Challenge;

use crate::both_stores::bodies_on_both_stores;
use crate::support::settings::Settings;
use crate::support::world::{Store, World};

const NUMBER: &str = "+491761234567";
const EMAIL: &str = "a19@example.com";

bodies_on_both_stores!(a19_a_code_by_sms_never_serves_an_email_challenge_nor_the_reverse, no_event_tells_a_number);

/// A challenge by SMS and one by email, each with its code.
async fn both(world: &World) -> [(Challenge, String); 2] {
    let challenge = world.server.client().await.send_sms(NUMBER).await.unwrap();
    let code = world.server.mailbox().wait_for(NUMBER, 1).await.code().unwrap();
    [(challenge, code), world.server.request_code(EMAIL).await]
}

async fn a19_a_code_by_sms_never_serves_an_email_challenge_nor_the_reverse(store: Store) {
    let world = World::with(store, Settings::offer_sms).await;
    let client = world.server.client().await;
    let [(by_sms, sms), (by_email, email)] = both(&world).await;
    assert_ne!(sms, email, "one run in a million; run it again");
    for (challenge, code) in [(&by_email, &sms), (&by_sms, &email)] {
        let refusal = client.verify_otp(&challenge.challenge_id, code).await.unwrap_err();
        assert_eq!(refusal.reason, "CODE_INVALID");
    }
    // Each still serves where it belongs.
    for (challenge, code) in [(&by_email, &email), (&by_sms, &sms)] {
        assert!(client.verify_otp(&challenge.challenge_id, code).await.unwrap().new_user);
    }
}

async fn no_event_tells_a_number(store: Store) {
    let world = World::with(store, Settings::offer_sms).await;
    let [(by_sms, sms), _] = both(&world).await;
    let client = world.server.client().await;
    client.verify_otp(&by_sms.challenge_id, "00000000").await.unwrap_err();
    client.verify_otp(&by_sms.challenge_id, &sms).await.unwrap();
    let digits = NUMBER.trim_start_matches('+');
    for (table, columns) in [
        ("audit_events", "act || outcome || reason || actor || COALESCE(address, '') || trace_id || device_id"),
        ("challenges", "purpose || channel || client_id || locale"),
        ("users", "email_key_id || phone_key_id || roles"),
    ] {
        let found = format!("SELECT COUNT(*) FROM {table} WHERE {columns} LIKE '%{}%'", &digits[4..]);
        assert_eq!(world.number(&found).await, 0, "{table}");
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM users WHERE phone_key_id <> '' AND email_key_id = ''").await, 1);
    assert!(!world.server.log().text().contains(&digits[4..]));
}
