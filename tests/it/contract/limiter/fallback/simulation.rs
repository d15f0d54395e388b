//! Several replicas over one shared limiter that fails, by a clock of the test: whatever the order of events, no window
//! that begins after a loss holds more than its limit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use identity::adapters::fallback::{Memory, Part, SharedLimiter, Uncounted};
use identity::domain::digest::Digest;
use identity::domain::time::Timestamp;
use identity::domain::window;
use identity::ports::clock::Clock;
use identity::ports::limiter::{Admission, Counter, FaultReason, Layer, LayerKind, Limiter, LimiterFault, Stands};
use proptest::prelude::*;

use super::super::{HandClock, layer, window as limit};
use super::Replica;

type Logs = HashMap<(LayerKind, [u8; 32]), Vec<Timestamp>>;

/// A shared limiter by the law, that the test takes away and empties.
struct Peer {
    clock: Arc<HandClock>,
    logs: Mutex<Logs>,
    up: AtomicBool,
    life: AtomicU64,
}

impl Peer {
    fn answers(&self) -> Result<(), LimiterFault> {
        let fault = || LimiterFault { reason: FaultReason::Unreachable, source: "away".into() };
        self.up.load(Ordering::SeqCst).then_some(()).ok_or_else(fault)
    }

    fn empty(&self) {
        self.logs.lock().unwrap().clear();
        self.life.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Limiter for Peer {
    async fn admit(&self, layers: &[Layer]) -> Result<Admission, LimiterFault> {
        self.answers()?;
        let (mut logs, now) = (self.logs.lock().unwrap(), self.clock.now());
        let mut decisions = Vec::new();
        for layer in layers {
            let log = logs.entry((layer.kind, *layer.key.bytes())).or_default();
            let decision = window::decide(&layer.windows, log, now);
            if let Some(retry_after) = decision.retry_after {
                return Ok(Admission::Refused { kind: layer.kind, standing: decision.standing, retry_after });
            }
            decisions.push(decision);
        }
        for layer in layers {
            logs.get_mut(&(layer.kind, *layer.key.bytes())).unwrap().push(now);
        }
        Ok(Admission::Admitted(decisions))
    }

    async fn stand(&self, layers: &[Layer]) -> Result<Stands, LimiterFault> {
        self.answers()?;
        let (logs, now) = (self.logs.lock().unwrap(), self.clock.now());
        let log = |layer: &Layer| logs.get(&(layer.kind, *layer.key.bytes())).cloned().unwrap_or_default();
        let layers = layers.iter().map(|layer| window::stand(&layer.windows, &log(layer), now)).collect();
        Ok(Stands { counter: Counter::Shared, layers })
    }

    fn counter(&self) -> Counter {
        Counter::Shared
    }
}

#[async_trait]
impl SharedLimiter for Peer {
    async fn probe(&self) -> Result<Memory, LimiterFault> {
        self.answers()?;
        let name = self.life.load(Ordering::SeqCst).to_string();
        Ok(Memory(vec![Part { name, beat: 0 }]))
    }

    fn part_of(&self, _: LayerKind, _: &Digest) -> usize {
        0
    }

    async fn count(&self, told: &[Uncounted], now: Timestamp) -> Result<(), LimiterFault> {
        self.answers()?;
        let mut logs = self.logs.lock().unwrap();
        for one in told {
            let log = logs.entry((one.kind, *one.key.bytes())).or_default();
            log.extend(one.times.iter().map(|time| self.clock.now().before(now.since(*time))));
            log.sort_unstable();
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A request at a replica for a person.
    Ask(usize, u8),
    /// Time passes.
    Wait(u32),
    /// The shared limiter goes away.
    Lose,
    /// It comes back, perhaps empty; every replica looks within the next second.
    Return(bool),
    /// It is emptied while it answers; every replica looks before anything else happens.
    Empty,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        30 => (0..REPLICAS as usize, 0_u8..2).prop_map(|(replica, person)| Step::Ask(replica, person)),
        10 => (1_u32..30).prop_map(Step::Wait),
        1 => (60_u32..400).prop_map(Step::Wait),
        1 => Just(Step::Lose),
        2 => any::<bool>().prop_map(Step::Return),
        1 => Just(Step::Empty),
    ];
    prop::collection::vec(step, 1..300)
}

const REPLICAS: u32 = 3;
const SECOND: i64 = 1_000_000;

fn person(nth: u8) -> Layer {
    let (short, long) = (Duration::from_mins(1), Duration::from_mins(5));
    layer(LayerKind::Identifier, &format!("person {nth}"), &[limit(6, short), limit(14, long)])
}

/// Everybody, with fewer places than replicas.
fn everybody() -> Layer {
    layer(LayerKind::All, "everybody", &[limit(2, Duration::from_secs(4))])
}

#[derive(Default)]
struct History {
    admitted: HashMap<[u8; 32], Vec<Timestamp>>,
    losses: Vec<Timestamp>,
}

impl History {
    /// No window without a loss in it holds more than its limit, or than one for each replica; none at all holds more
    /// than that and the shares.
    fn check(&self, layer: &Layer) {
        let times = self.admitted.get(layer.key.bytes()).map_or(&[][..], Vec::as_slice);
        for window in layer.windows.iter() {
            for (newest, end) in times.iter().enumerate() {
                let start = end.before(window.span);
                let held = times[..=newest].iter().filter(|time| **time > start).count();
                let most = window.limit.max(REPLICAS) as usize;
                let loss = self.losses.iter().any(|loss| *loss > start && *loss <= *end);
                let most = if loss { 2 * most } else { most };
                assert!(held <= most, "{held} within {window:?} at {end}, losses at {:?}", self.losses);
            }
        }
    }
}

async fn play(steps: &[Step]) {
    let clock = HandClock::at(1_767_225_600_000_000);
    let peer = Arc::new(Peer {
        clock: clock.clone(),
        logs: Mutex::default(),
        up: AtomicBool::new(true),
        life: AtomicU64::new(0),
    });
    let replicas: Vec<Replica> = (0..REPLICAS).map(|_| Replica::new(peer.clone(), clock.clone(), REPLICAS)).collect();
    let look = async || {
        for replica in &replicas {
            replica.limiter.look().await;
        }
    };
    look().await;
    let mut history = History::default();
    for step in steps {
        match step {
            Step::Ask(replica, nth) => {
                let layers = [person(*nth), everybody()];
                let limiter = &replicas[*replica].limiter;
                if matches!(limiter.admit(&layers).await.unwrap(), Admission::Admitted(_)) {
                    for layer in &layers {
                        history.admitted.entry(*layer.key.bytes()).or_default().push(clock.now());
                    }
                }
                // Two are never admitted in the same microsecond.
                clock.step(1);
            }
            Step::Wait(seconds) => {
                clock.step(i64::from(*seconds) * SECOND);
                if peer.up.load(Ordering::SeqCst) {
                    look().await;
                }
            }
            Step::Lose => {
                peer.up.store(false, Ordering::SeqCst);
                history.losses.push(clock.now());
                look().await;
            }
            Step::Return(empty) => {
                if *empty && !peer.up.load(Ordering::SeqCst) {
                    peer.empty();
                }
                peer.up.store(true, Ordering::SeqCst);
                // One after the other, and requests in between.
                for replica in &replicas {
                    replica.limiter.look().await;
                    clock.step(SECOND / 4);
                    for asked in &replicas {
                        let layers = [person(0), everybody()];
                        if matches!(asked.limiter.admit(&layers).await.unwrap(), Admission::Admitted(_)) {
                            for layer in &layers {
                                history.admitted.entry(*layer.key.bytes()).or_default().push(clock.now());
                            }
                        }
                        clock.step(1);
                    }
                }
            }
            Step::Empty => {
                if peer.up.load(Ordering::SeqCst) {
                    peer.empty();
                    history.losses.push(clock.now());
                    look().await;
                }
            }
        }
    }
    for layer in [person(0), person(1), everybody()] {
        history.check(&layer);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_window_after_a_loss_holds_more_than_its_limit(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(&steps));
    }
}
