//! Which device is known after sessions were ended (LIM-5): one that signs in again is, whatever was revoked before.

use identity::grpc::proto::RevokeOtherSessionsRequest;

use super::lockout::{Device, world};
use crate::both_stores::bodies_on_both_stores;
use crate::support::client::bearer;
use crate::support::world::{Store, World};

bodies_on_both_stores!(a98_a_device_that_was_sent_away_comes_to_be_known_again);

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
