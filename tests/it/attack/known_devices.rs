//! Which device is known after sessions were ended (LIM-5): one that signs in again is, whatever was revoked before.

use identity::grpc::proto::{RevokeOtherSessionsRequest, RevokeSessionRequest};

use super::lockout::{Device, world, wrong};
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::bearer;
use crate::support::world::{Store, World};

bodies_on_both_stores!(
    a98_a_device_that_was_sent_away_comes_to_be_known_again,
    a98_who_ends_the_others_stays_known,
    a98_a_device_goes_with_the_last_of_its_sessions,
);

const EMAIL: &str = "a98-again@example.com";

/// Three wrong codes of a stranger.
async fn strangers_fail(world: &World) {
    Device::new(world, EMAIL).await.fail(3).await;
}

/// Whether the device's code is evaluated while strangers are locked out.
async fn is_known(device: &Device<'_>) -> bool {
    let (challenge, code) = device.send().await.unwrap();
    match device.verify(&challenge, &code).await {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal.reason, "ACCOUNT_LOCKED");
            false
        }
    }
}

/// Ends the session that is named, for whoever holds the access token.
async fn end(device: &Device<'_>, access_token: &str, session_id: String) {
    let request = RevokeSessionRequest { session_id, ..RevokeSessionRequest::default() };
    device.client.sessions().revoke_session(bearer(request, access_token)).await.unwrap();
}

async fn end_others(device: &Device<'_>, access_token: &str) -> i32 {
    let request = bearer(RevokeOtherSessionsRequest::default(), access_token);
    device.client.sessions().revoke_other_sessions(request).await.unwrap().into_inner().revoked_count
}

async fn a98_a_device_that_was_sent_away_comes_to_be_known_again(store: Store) {
    let world = world(store).await;
    let mut phone = Device::new(&world, EMAIL).await;
    phone.sign_in().await.unwrap();
    let mut copy = Device::new(&world, EMAIL).await;
    copy.token.clone_from(&phone.token);
    let mut laptop = Device::new(&world, EMAIL).await;
    let tokens = laptop.sign_in().await.unwrap().tokens.unwrap();
    assert_eq!(end_others(&laptop, &tokens.access_token).await, 1);
    // It still shows the token that it has, as clients do, and gets another.
    phone.sign_in().await.unwrap();
    strangers_fail(&world).await;
    assert!(is_known(&phone).await);
    assert!(!is_known(&copy).await, "what was revoked stays revoked");
    // A new device was noticed at the sign-ins of the laptop and of the phone that had been sent away, and at no other since.
    assert_eq!(world.audit().await.count("security.responded", "new_device: none"), 2);
}

async fn a98_who_ends_the_others_stays_known(store: Store) {
    let world = world(store).await;
    let mut phone = Device::new(&world, EMAIL).await;
    phone.sign_in().await.unwrap();
    // A further session on the same phone: the first was left open.
    let tokens = phone.sign_in().await.unwrap().tokens.unwrap();
    assert_eq!(end_others(&phone, &tokens.access_token).await, 1);
    strangers_fail(&world).await;
    assert!(is_known(&phone).await);
}

async fn a98_a_device_goes_with_the_last_of_its_sessions(store: Store) {
    let world = world(store).await;
    let mut lost = Device::new(&world, EMAIL).await;
    let first = lost.sign_in().await.unwrap().session.unwrap().session_id;
    let second = lost.sign_in().await.unwrap().session.unwrap().session_id;
    let mut laptop = Device::new(&world, EMAIL).await;
    let tokens = laptop.sign_in().await.unwrap().tokens.unwrap();
    strangers_fail(&world).await;
    end(&laptop, &tokens.access_token, first).await;
    // As long as it is signed in it is the person's.
    let (challenge, code) = lost.send().await.unwrap();
    assert_eq!(lost.verify(&challenge, &wrong(&code)).await.unwrap_err().reason, "CODE_INVALID");
    end(&laptop, &tokens.access_token, second).await;
    assert!(!is_known(&lost).await);
    assert!(is_known(&laptop).await);
}
