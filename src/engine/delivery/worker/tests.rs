mod backlog;
mod doubts;
mod fakes;
mod sms;
mod suppressed;

use crate::{
    domain::{
        audit::{Act, Actor, Outcome},
        contact::Identifier,
        id::{MessageId, UserId},
        keyring::{KeyId, KeyRing},
        message::{Content, Recipient},
        secret::secret32,
        user::SealedContact,
    },
    engine::delivery::{courier::Courier, sealed_message},
    ports::{
        clock::Clock as _,
        entropy::Entropy as _,
        keys::Keys as _,
        store::{Outbox as _, Settlement},
    },
};
use fakes::World;
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(20);
const NEVER: Duration = Duration::from_hours(1);

#[tokio::test]
async fn an_accepted_message_is_delivered_and_audited() {
    let world = World::new();
    let id = world.accept("ada");
    let worker = world.work(4, POLL);
    let (end, event, tries) = world.end(id).await;
    assert!(matches!(end, Settlement::Delivered { provider_message_id, .. } if provider_message_id == "p"));
    assert_eq!((event.act, event.outcome, event.actor), (Act::MessageDelivered, Outcome::Success, Actor::Service));
    assert_eq!((event.message_id, event.reason.as_ref(), tries), (Some(id), "", 1));
    assert!(event.challenge_id.is_some());
    worker.stop().await;
    assert_eq!(*world.sent.lock().unwrap(), ["ada"]);
}

/// What the outbox has no place for in memory is found at once too.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test measures how long it takes")]
async fn accepted_messages_do_not_wait_for_the_next_look() {
    let world = World::new();
    let worker = world.work(4, NEVER);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    let ids: Vec<_> = (0..300).map(|n| world.hand(&format!("n{n}"))).collect();
    for id in ids {
        let (_, _, claims) = world.end(id).await;
        assert_eq!(claims, 1);
    }
    assert!(start.elapsed() < Duration::from_secs(5));
    worker.stop().await;
    assert_eq!(world.sent.lock().unwrap().len(), 300);
}

/// A139: what was on its way in memory when the process died is claimed when its lease is over.
#[tokio::test]
async fn a139_what_was_handed_on_survives_a_crash() {
    let world = World::new();
    let id = world.hand("ada");
    let worker = world.work(4, POLL);
    worker.kill().await;
    let again = world.work(4, POLL);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = world.sent.lock().unwrap().len();
    world.go_on(Duration::from_mins(1));
    world.end(id).await;
    again.stop().await;
    assert!(before <= 1 && !world.sent.lock().unwrap().is_empty());
}

/// A worker that is told to stop carries what it has been handed.
#[tokio::test]
async fn a_stop_finishes_what_was_handed_on() {
    let world = World::new();
    let ids: Vec<_> = (0..50).map(|n| world.hand(&format!("n{n}"))).collect();
    let worker = world.work(2, NEVER);
    worker.stop().await;
    for id in ids {
        world.end(id).await;
    }
}

#[tokio::test]
async fn an_expired_message_is_dropped_unsent() {
    let world = World::new();
    let id = world.accept("ada");
    world.go_on(Duration::from_mins(5));
    let worker = world.work(4, POLL);
    let (end, event, _) = world.end(id).await;
    assert!(matches!(end, Settlement::Dropped { .. }));
    assert_eq!((event.act, event.outcome, event.reason.as_ref()), (Act::MessageDropped, Outcome::Failure, "EXPIRED"));
    worker.stop().await;
    assert_eq!(world.tries.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_refusal_is_final_and_a_deferral_is_tried_again() {
    let world = World::new();
    let id = world.accept("defer-once");
    let worker = world.work(1, POLL);
    let (end, _, tries) = world.end(id).await;
    assert!(matches!(end, Settlement::Delivered { .. }));
    assert_eq!(tries, 2);
    let id = world.accept("refuse");
    let (end, event, tries) = world.end(id).await;
    assert!(matches!(end, Settlement::Dropped { .. }));
    assert_eq!((event.reason.as_ref(), tries), ("RECIPIENT_REFUSED", 1));
    worker.stop().await;
}

#[tokio::test]
async fn what_keeps_failing_ends_with_its_expiry() {
    let world = World::new();
    let ids = [world.accept("defer"), world.accept("misconfigured")];
    let worker = world.work(4, POLL);
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.go_on(Duration::from_secs(299));
    for id in ids {
        let (end, event, tries) = world.end(id).await;
        assert!(matches!(end, Settlement::Dropped { .. }));
        assert_eq!((event.reason.as_ref(), tries), ("EXPIRED", 2));
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_slow_message_does_not_hold_up_the_others() {
    let world = World::new();
    let slow = world.accept("slow");
    let ids: Vec<_> = (0..6).map(|n| world.accept(&format!("quick{n}"))).collect();
    let worker = world.work(2, NEVER);
    for id in ids {
        world.end(id).await;
    }
    assert!(!world.sent.lock().unwrap().contains(&"slow".to_owned()));
    world.end(slow).await;
    worker.stop().await;
    assert_eq!(world.sent.lock().unwrap().len(), 7);
}

#[tokio::test]
async fn an_outage_of_the_store_is_outlived() {
    let world = World::new();
    world.store_down.store(true, Ordering::SeqCst);
    let id = world.accept("ada");
    let worker = world.work(4, POLL);
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.store_down.store(false, Ordering::SeqCst);
    world.end(id).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_message_that_was_sent_is_settled_after_the_outage_and_not_sent_again() {
    let world = World::new();
    world.settle_down.store(true, Ordering::SeqCst);
    let id = world.accept("ada");
    let worker = world.work(4, POLL);
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.settle_down.store(false, Ordering::SeqCst);
    world.end(id).await;
    worker.stop().await;
    assert_eq!(*world.sent.lock().unwrap(), ["ada"]);
}

/// A139: what a crashed worker had claimed is sent when its lease has run out.
#[tokio::test]
async fn a139_a_crashed_workers_message_is_sent_by_the_next() {
    let world = World::new();
    let id = world.accept("slow");
    let worker = world.work(4, POLL);
    tokio::time::sleep(Duration::from_millis(100)).await;
    worker.kill().await;
    let worker = world.work(4, POLL);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(world.sent.lock().unwrap().is_empty(), "the lease still runs");
    world.go_on(Duration::from_mins(1));
    let (end, _, tries) = world.end(id).await;
    assert!(matches!(end, Settlement::Delivered { .. }));
    assert_eq!(tries, 2);
    worker.stop().await;
    assert_eq!(*world.sent.lock().unwrap(), ["slow"]);
}

/// A140: a worker whose process slept through its lease leaves the message to whoever has it now.
#[tokio::test]
async fn a140_a_lost_lease_is_left_alone() {
    let world = World::new();
    let courier = Courier::new(Arc::new(world.parts()));
    let id = world.accept("ada");
    let late = world.claim(1, world.now(), Duration::ZERO).await.unwrap().remove(0);
    assert!(courier.carry(&late, world.now().after(world.time_limit / 2), &mut None).await.is_none());
    assert_eq!(world.tries.load(Ordering::SeqCst), 0, "another may be sending it");

    assert!(world.rows.lock().unwrap().iter().all(|row| row.message.message_id != id || row.end.is_none()));
}

/// A140: two workers on one outbox send each message once.
#[tokio::test(flavor = "multi_thread")]
async fn a140_two_workers_send_each_message_once() {
    let world = World::new();
    let ids: Vec<_> = (0..100).map(|n| world.accept(&format!("n{n}"))).collect();
    let workers = [world.work(8, POLL), world.work(8, POLL)];
    for id in ids {
        world.end(id).await;
    }
    for worker in workers {
        worker.stop().await;
    }
    let mut sent = world.sent.lock().unwrap().clone();
    sent.sort();
    sent.dedup();
    assert_eq!((sent.len(), world.tries.load(Ordering::SeqCst)), (100, 100));
}

#[tokio::test]
async fn a_provider_that_hangs_is_cut_off() {
    let world = World::new();
    let id = world.accept("hang");
    let worker = world.work(1, POLL);
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.go_on(Duration::from_secs(298));
    let (end, event, _) = world.end(id).await;
    assert!(matches!(end, Settlement::Dropped { .. }));
    assert_eq!(event.reason, "EXPIRED");
    worker.stop().await;
}

#[tokio::test]
async fn a_panic_ends_one_hand_over_only() {
    let world = World::new();
    let panics = world.accept("panic-once");
    let worker = world.work(1, POLL);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let id = world.accept("ada");
    world.end(id).await;
    world.go_on(Duration::from_mins(1));
    world.end(panics).await;
    worker.stop().await;
}

#[tokio::test]
async fn stopping_finishes_what_was_begun() {
    let world = World::new();
    let id = world.accept("slow");
    let worker = world.work(1, POLL);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let late = world.accept("ada");
    worker.stop().await;
    world.end(id).await;
    assert_eq!(*world.sent.lock().unwrap(), ["slow"]);
    assert!(world.rows.lock().unwrap().iter().any(|row| row.message.message_id == late && row.end.is_none()));
}

#[tokio::test]
async fn a_notice_goes_to_the_users_address() {
    let world = World::new();
    let user_id = UserId::new(world.uuid());
    let ada = Identifier::stored("ada@example.com").unwrap();
    let contact = SealedContact::seal(&ada, &world.sealing(), user_id, world.nonce()).unwrap();
    let id = MessageId::new(world.uuid());
    let content = Content::RefreshTokenReused { address: "203.0.113.7".to_owned(), noticed_at: 0, everywhere: true };
    let (now, expire) = (world.now(), world.now().after(Duration::from_hours(1)));
    let sealed = |ring: &KeyRing, id| sealed_message(ring, world.nonce(), id, None, &content, "", now, expire).unwrap();
    world.put(sealed(&world.sealing(), id), Recipient::User { user_id, contact, locale: String::new() });
    let adrift = MessageId::new(world.uuid());
    let mut unreadable = sealed(&world.sealing(), adrift);
    world.put(unreadable.clone(), Recipient::InContent);
    unreadable.message_id = MessageId::new(world.uuid());
    let moved = unreadable.message_id;
    world.put(unreadable, Recipient::InContent);
    let other = KeyRing::new([(KeyId::new("2").unwrap(), secret32([9; 32]))].into()).unwrap();
    let foreign = MessageId::new(world.uuid());
    world.put(sealed(&other, foreign), Recipient::InContent);

    let worker = world.work(4, POLL);
    let (_, event, _) = world.end(adrift).await;
    assert_eq!(event.reason, "NO_ADDRESS");
    let (_, event, _) = world.end(moved).await;
    assert_eq!(event.reason, "UNREADABLE");
    let (end, event, _) = world.end(id).await;
    assert!(matches!(end, Settlement::Delivered { .. }));
    assert_eq!(event.user_id, Some(user_id));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(world.rows.lock().unwrap().iter().any(|row| row.message.message_id == foreign && row.end.is_none()));
    worker.stop().await;
}
