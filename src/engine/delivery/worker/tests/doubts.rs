//! What the store did not say: messages that may have been accepted.

use super::{POLL, fakes::World};
use std::time::Duration;
use tokio::time::Instant;

/// Nobody heard that they were accepted, so nobody carries them: they are looked for, and go long before their leases end.
#[tokio::test]
async fn what_may_have_been_accepted_goes_once_and_before_its_lease_ends() {
    let world = World::new();
    let ids: Vec<_> = (0..100).map(|n| world.leave_in_doubt(&format!("n{n}"))).collect();
    let (worker, begun) = (world.work(4, POLL), Instant::now());
    for id in ids {
        let (_, _, claims) = world.end(id).await;
        assert_eq!(claims, 2, "as accepted, and as found");
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "a lease is longer: {:?}", begun.elapsed());
    world.go_on(Duration::from_mins(1));
    tokio::time::sleep(POLL * 5).await;
    worker.stop().await;
    assert_eq!(world.sent.lock().unwrap().len(), 100);
}
