//! A52: one destination, from many callers, addresses and spellings, counted where the mail arrives.

use std::time::Duration;

use tonic::Request;
use tonic::metadata::MetadataValue;

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::send_otp_request;
use crate::support::world::{Store, World};

const VICTIM: &str = "victim@example.com";

/// Twelve requests at once, each from a network of its own and with a device of its own.
async fn knock(world: &World, round: u32) {
    let client = world.server.client().await;
    let calls = (0..12).map(|nth| {
        let client = client.clone();
        let mut message = send_otp_request(if nth % 3 == 0 { "Victim@EXAMPLE.com" } else { VICTIM });
        message.device = Some(identity::grpc::proto::Device {
            device_id: format!("device {round} {nth}"),
            ..identity::grpc::proto::Device::default()
        });
        let mut request = Request::new(message);
        let address = format!("2001:db8:{round:x}:{nth:x}::1");
        request.metadata_mut().insert("x-forwarded-for", MetadataValue::try_from(address).unwrap());
        tokio::spawn(async move { client.identity().send_otp(request).await.is_ok() })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
}

async fn a52_one_inbox_gets_three_in_five_minutes_five_an_hour_ten_a_day(store: Store) {
    let world =
        World::with_clock_and(store, |settings| settings.set("listen.trusted_proxies", vec!["127.0.0.0/8"])).await;
    // Knocks at these minutes, and how many messages have arrived by then.
    let knocks = [(0, 3), (4, 3), (6, 5), (30, 5), (59, 5), (67, 8), (75, 10), (200, 10), (1000, 10), (1439, 10)];
    let mut minute = 0;
    for (round, (at, arrived)) in (0..).zip(knocks) {
        world.advance(Duration::from_mins(at - minute));
        minute = at;
        knock(&world, round).await;
        world.server.mailbox().wait_for(VICTIM, arrived).await;
        assert_eq!(world.server.mailbox().all().len(), arrived, "after {at} minutes");
    }
    // The first of the day have left the window.
    world.advance(Duration::from_mins(2));
    knock(&world, 99).await;
    world.server.mailbox().wait_for(VICTIM, 13).await;
    assert_eq!(world.server.mailbox().all().len(), 13);
    assert_eq!(world.audit().await.count("code.sent", "RATE_LIMITED_IDENTIFIER"), 11 * 12 - 13);
}

bodies_on_both_stores!(a52_one_inbox_gets_three_in_five_minutes_five_an_hour_ten_a_day);
