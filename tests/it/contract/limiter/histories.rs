//! Random histories, each decision compared with the law's.

use std::collections::HashMap;
use std::time::Duration;

use identity::domain::policy::Mode;
use identity::domain::time::Timestamp;
use identity::domain::window::{self, Kept, Standing};
use identity::ports::limiter::{Admission, Layer, LayerKind, Limiter};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::{layer, log_of, memory, shared, window};
use crate::support::redis::Redis;

/// Every admitted request of every layer, nothing ever cut.
#[derive(Default)]
struct Model(HashMap<(LayerKind, [u8; 32]), Vec<Timestamp>>);

impl Model {
    fn log(&mut self, layer: &Layer) -> &mut Vec<Timestamp> {
        self.0.entry((layer.kind, *layer.key.bytes())).or_default()
    }

    /// What the law says at `now`, without recording it.
    fn decide(&mut self, layers: &[Layer], now: Timestamp) -> Admission {
        let mut decisions = Vec::new();
        let mut refused: Option<(LayerKind, Standing, Duration)> = None;
        for layer in layers {
            let decision = window::decide(&layer.windows, self.log(layer), now);
            decisions.push(decision);
            if let Some(wait) = decision.retry_after
                && layer.mode == Mode::Enforce
                && refused.is_none_or(|(_, _, longest)| wait > longest)
            {
                refused = Some((layer.kind, decision.standing, wait));
            }
        }
        match refused {
            None => Admission::Admitted(decisions),
            Some((kind, standing, retry_after)) => Admission::Refused { kind, standing, retry_after },
        }
    }

    /// Records an admitted request: in shadow as if it were enforced.
    fn record(&mut self, layers: &[Layer], now: Timestamp) {
        for layer in layers {
            if window::decide(&layer.windows, self.log(layer), now).retry_after.is_some() {
                continue;
            }
            let log = self.log(layer);
            log.push(window::admitted_at(log, now));
        }
    }

    /// No window anywhere ever held more than its limit.
    fn assert_sound(&mut self, layers: &[Layer]) {
        for layer in layers {
            let log = self.log(layer).clone();
            for window in layer.windows.iter() {
                for (newest, end) in log.iter().enumerate() {
                    let held = log[..=newest].iter().filter(|time| **time > end.before(window.span)).count();
                    assert!(held <= window.limit as usize, "{held} in {window:?}");
                }
            }
        }
    }
}

/// One request: who asks, from where, and how long after the one before. The policy may change from one to the next.
#[derive(Clone, Debug)]
struct Request {
    identifier: u8,
    address: u8,
    identifier_mode: Mode,
    step: i64,
}

fn requests(longest_step: i64, count: usize) -> impl Strategy<Value = Vec<Request>> {
    let step = prop_oneof![2 => Just(0), 6 => 0..longest_step, 1 => 0..longest_step * 20, 1 => -longest_step..0];
    let mode = prop_oneof![2 => Just(Mode::Enforce), 1 => Just(Mode::Shadow)];
    let request = (0_u8..4, 0_u8..3, mode, step).prop_map(|(identifier, address, identifier_mode, step)| Request {
        identifier,
        address,
        identifier_mode,
        step,
    });
    prop::collection::vec(request, 1..count)
}

/// Windows like those of production, short enough that a history sees each of them pass.
fn layers_of(request: &Request, unit: Duration) -> Vec<Layer> {
    let (person, place) = (format!("person {}", request.identifier), format!("place {}", request.address));
    let windows = [window(3, unit * 5), window(5, unit * 20), window(10, unit * 100)];
    vec![
        Layer { mode: request.identifier_mode, ..layer(LayerKind::Identifier, &person, &windows) },
        layer(LayerKind::Address, &place, &[window(6, unit * 5), window(15, unit * 40)]),
        layer(LayerKind::All, "all", &[window(20, unit * 20)]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_memory(requests in requests(2000, 200)) {
        let (limiter, clock) = memory();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut model = Model::default();
        for request in &requests {
            clock.step(request.step);
            let layers = layers_of(request, Duration::from_millis(1));
            let now = identity::ports::clock::Clock::now(&*clock);
            let expected = model.decide(&layers, now);
            let actual = runtime.block_on(limiter.admit(&layers)).unwrap();
            prop_assert_eq!(&actual, &expected);
            match actual {
                Admission::Admitted(_) => model.record(&layers, now),
                Admission::Refused { retry_after, .. } => {
                    prop_assert!(matches!(model.decide(&layers, now.after(retry_after)), Admission::Admitted(_)));
                }
            }
        }
        for request in &requests {
            model.assert_sound(&layers_of(request, Duration::from_millis(1)));
        }
    }
}

/// Redis has its own clock. The time of an admitted request is read back from it; that of a refused one follows from
/// the wait that it told. At that time the law, on the same log, must say the same to the microsecond.
#[tokio::test]
async fn on_redis() {
    const UNIT: Duration = Duration::from_millis(4);
    // A log is kept until it is read, however busy the machine.
    let keeping = window(10_000, Duration::from_hours(1));
    let redis = Redis::start();
    let limiter = shared(&redis);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut model = Model::default();
    let (mut admitted, mut refused, mut shadowed) = (0, 0, 0);
    for _ in 0..4 {
        let history = requests(3, 200).new_tree(&mut runner).unwrap().current();
        for request in &history {
            tokio::time::sleep(Duration::from_millis(u64::try_from(request.step).unwrap_or(0) / 2)).await;
            let mut layers = layers_of(request, UNIT);
            for layer in &mut layers {
                layer.kept = Kept::of(&[keeping]);
            }
            let actual = limiter.admit(&layers).await.unwrap();
            let now = match &actual {
                Admission::Admitted(_) => {
                    admitted += 1;
                    // Always enforced, and so recorded.
                    *log_of(&redis, &layers[2]).last().unwrap()
                }
                Admission::Refused { kind, standing, retry_after } => {
                    refused += 1;
                    let layer = layers.iter().find(|layer| layer.kind == *kind).unwrap();
                    // The window that refuses is known by its limit, which no other of its layer has.
                    let window = layer.windows.iter().find(|window| window.limit == standing.limit).unwrap();
                    let log = model.log(layer);
                    log[log.len() - window.limit as usize].after(window.span).before(*retry_after)
                }
            };
            assert_eq!(actual, model.decide(&layers, now));
            if let Admission::Admitted(decisions) = &actual {
                shadowed += decisions.iter().filter(|decision| decision.retry_after.is_some()).count();
                model.record(&layers, now);
                for layer in &layers {
                    assert_eq!(log_of(&redis, layer).last(), model.log(layer).last());
                }
            }
        }
        for request in &history {
            model.assert_sound(&layers_of(request, UNIT));
        }
    }
    assert!(
        admitted > 50 && refused > 50 && shadowed > 10,
        "{admitted} admitted, {refused} refused and {shadowed} in shadow show too little"
    );
}
