//! A backlog, and those who ask meanwhile.

use super::fakes::World;
use crate::domain::time::Timestamp;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::{Instant, sleep};

const BACKLOG: usize = 100;
const HANDS: u32 = 4;
const POLL: Duration = Duration::from_millis(500);

/// Each look takes as many as there are hands, and the next waits a millisecond for each of them where somebody asks.
#[tokio::test]
async fn a_backlog_gives_way_to_those_who_ask() {
    let world = World::new();
    let waiting: Vec<_> = (0..BACKLOG).map(|n| world.accept(&format!("late{n}"))).collect();
    let asking = tokio::spawn({
        let world = Arc::clone(&world);
        async move {
            loop {
                world.hand("fresh");
                sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let start = Instant::now();
    let worker = world.work(HANDS, POLL);
    for id in waiting {
        world.end(id).await;
    }
    // Without pauses it is a matter of microseconds; with all of them 96 ms.
    assert!(start.elapsed() >= Duration::from_millis(75), "{:?}", start.elapsed());
    asking.abort();
    worker.stop().await;
}

/// Who asks now does not stand at the end of the line.
#[tokio::test]
async fn a_backlog_holds_nobody_up() {
    let world = World::new();
    let waiting: Vec<_> = (0..BACKLOG).map(|n| world.accept(&format!("late{n}"))).collect();
    let worker = world.work(HANDS, POLL);
    world.hand("fresh");
    for id in waiting {
        world.end(id).await;
    }
    let sent = world.sent.lock().unwrap().clone();
    let place = sent.iter().position(|name| name == "fresh").unwrap();
    assert!(place <= usize::try_from(HANDS).unwrap(), "{place} went before");
    worker.stop().await;
}

/// A notice is not looked for by itself: those that come within a tenth of a second go with one look, and none waits longer.
#[tokio::test]
async fn notices_go_together() {
    let world = World::new();
    let worker = world.work(16, Duration::from_hours(1));
    sleep(Duration::from_millis(20)).await;
    let looks = world.looks.load(Ordering::SeqCst);
    let start = Instant::now();
    let mut notices = Vec::new();
    for n in 0..10 {
        notices.push(world.accept(&format!("told{n}")));
        world.handoff.notice();
        sleep(Duration::from_millis(2)).await;
    }
    for id in notices {
        world.end(id).await;
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(world.looks.load(Ordering::SeqCst) - looks <= 3, "one for each");
    worker.stop().await;
}

/// A clock that is ahead would have the messages of every process expired.
#[tokio::test]
async fn nothing_is_claimed_while_nobody_knows_the_time() {
    let world = World::new();
    let parts = world.parts();
    let clocks = Arc::clone(&parts.clocks);
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    clocks.compare(at(3600), at(0), at(3600));
    let id = world.accept("ada");
    let worker = World::work_with(parts, HANDS, Duration::from_millis(10));
    sleep(Duration::from_millis(100)).await;
    assert_eq!(world.looks.load(Ordering::SeqCst), 0);
    clocks.compare(at(1), at(0), at(1));
    world.end(id).await;
    worker.stop().await;
}
