//! What the store did not say: messages that may have been accepted, and claims that failed.

use super::{POLL, fakes::World};
use std::{sync::atomic::Ordering, time::Duration};
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

/// The store is back, and what waits in it does not wait for a pause that has grown with the outage.
#[tokio::test]
async fn a_claim_is_tried_again_within_a_second_however_long_it_failed() {
    let world = World::new();
    world.store_down.store(true, Ordering::SeqCst);
    let worker = world.work(4, POLL);
    tokio::time::sleep(Duration::from_millis(3500)).await;
    let tried = world.looks.load(Ordering::SeqCst);
    assert!((4..=8).contains(&tried), "{tried} claims");
    world.store_down.store(false, Ordering::SeqCst);
    let (id, back) = (world.accept("ada"), Instant::now());
    world.end(id).await;
    assert!(back.elapsed() < Duration::from_millis(2300), "{:?}", back.elapsed());
    worker.stop().await;
}

/// It was sent, and the store went away before that was written down, for longer than its lease. Whoever knows that it was sent says so
/// before anybody claims it.
#[tokio::test]
async fn what_was_sent_before_an_outage_is_not_sent_again_after_it() {
    let world = World::new();
    let worker = world.work(4, POLL);
    for number in 0..5 {
        world.store_down.store(true, Ordering::SeqCst);
        let id = world.hand(&format!("n{number}"));
        // Somebody else's, who will not come back, so that there is something to claim.
        let other = world.accept("other");
        tokio::time::sleep(Duration::from_millis(700 + 130 * number)).await;
        world.go_on(Duration::from_mins(1));
        world.store_down.store(false, Ordering::SeqCst);
        world.handoff.rouse();
        world.end(id).await;
        world.end(other).await;
    }
    worker.stop().await;
    let sent = world.sent.lock().unwrap();
    assert_eq!(sent.iter().filter(|to| *to != "other").count(), 5, "{sent:?}");
}
