//! One table of standing budgets, decided alike by every limiter.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deadpool_redis::redis::Value;

use identity::domain::policy::{Mode, Template};
use identity::domain::time::Timestamp;
use identity::domain::window::{Decision, Stand, Standing, Window};
use identity::ports::limiter::{Admission, Layer, LayerKind, Limiter};

use super::{HandClock, layer, list_of, memory, patient, window};
use crate::support::redis::Redis;
use identity::adapters::redis::RedisLimiter;

const SECOND: i64 = 1_000_000;

/// A layer, and how many seconds ago its admitted requests were, oldest first. A request in the future is one from
/// before a clock stepped back.
struct Budget {
    layer: Layer,
    ages: Vec<i64>,
}

enum Expected {
    /// Limit, remaining and seconds to the reset of each layer; for one in shadow that would have refused, the wait.
    Admitted(Vec<(u32, u32, u64, Option<u64>)>),
    /// The layer, its limit, and the seconds to wait.
    Refused(LayerKind, u32, u64),
}

struct Case {
    name: &'static str,
    budgets: Vec<Budget>,
    expected: Expected,
}

fn cases() -> Vec<Case> {
    let limits = Template::Standard.rules().limits;
    let seconds = |limit, span| window(limit, Duration::from_secs(span));
    let budget =
        |kind, windows: &[Window], ages: &[i64]| Budget { layer: layer(kind, "any", windows), ages: ages.into() };
    let identifier = |ages: &[i64]| budget(LayerKind::Identifier, &limits.identifier.windows, ages);
    let address = |ages: &[i64]| budget(LayerKind::Address, &limits.address.windows, ages);
    let all = |ages: &[i64]| budget(LayerKind::All, &limits.all.windows, ages);
    let case = |name, budgets, expected| Case { name, budgets, expected };
    let admitted = |standings: &[(u32, u32, u64)]| {
        Expected::Admitted(standings.iter().map(|&(limit, remaining, reset)| (limit, remaining, reset, None)).collect())
    };
    let shadow = |budget: Budget| Budget { layer: Layer { mode: Mode::Shadow, ..budget.layer }, ..budget };
    let twenty: Vec<i64> = (100..120).rev().collect();
    let hundred: Vec<i64> = (1000..1100).rev().collect();
    let thousand: Vec<i64> = (0..1000).map(|request| 58 - request / 20).collect();
    let fifty_old: Vec<i64> = (61..111).rev().collect();
    vec![
        case(
            "the first request of all",
            vec![identifier(&[]), address(&[]), all(&[])],
            admitted(&[(3, 2, 300), (20, 19, 300), (1000, 999, 60)]),
        ),
        case("the third", vec![identifier(&[200, 100])], admitted(&[(3, 0, 100)])),
        case("the fourth", vec![identifier(&[200, 100, 50])], Expected::Refused(LayerKind::Identifier, 3, 100)),
        case("after the window", vec![identifier(&[600, 500, 400])], admitted(&[(5, 1, 3000)])),
        case(
            "the hour is full",
            vec![identifier(&[3000, 2900, 2800, 2700, 2600])],
            Expected::Refused(LayerKind::Identifier, 5, 600),
        ),
        case(
            "the day is full",
            vec![identifier(&[80_000, 70_000, 60_000, 50_000, 40_000, 30_000, 20_000, 10_000, 5000, 4000])],
            Expected::Refused(LayerKind::Identifier, 10, 6400),
        ),
        case(
            "the day has one left",
            vec![identifier(&[80_000, 70_000, 60_000, 50_000, 40_000, 30_000, 20_000, 10_000, 4000])],
            admitted(&[(10, 0, 6400)]),
        ),
        case("yesterday is forgotten", vec![identifier(&[90_000, 89_000, 88_000])], admitted(&[(3, 2, 300)])),
        case(
            "the address is full",
            vec![identifier(&[]), address(&twenty), all(&[])],
            Expected::Refused(LayerKind::Address, 20, 181),
        ),
        case("the address's hour is full", vec![address(&hundred)], Expected::Refused(LayerKind::Address, 100, 2501)),
        case(
            "everybody together",
            vec![identifier(&[]), address(&[]), all(&thousand)],
            Expected::Refused(LayerKind::All, 1000, 2),
        ),
        case("what is past is cut off a long log", vec![all(&fifty_old)], admitted(&[(1000, 999, 60)])),
        case(
            "of several the one that waits longest",
            vec![identifier(&[200, 100, 50]), address(&twenty), all(&thousand)],
            Expected::Refused(LayerKind::Address, 20, 181),
        ),
        case(
            "the clock stepped back on a full window",
            vec![budget(LayerKind::All, &[seconds(1, 10)], &[-50])],
            Expected::Refused(LayerKind::All, 1, 60),
        ),
        case(
            "and on one with places",
            vec![budget(LayerKind::All, &[seconds(2, 10)], &[-50])],
            admitted(&[(2, 0, 60)]),
        ),
        case(
            "a limit that was lowered",
            vec![budget(LayerKind::All, &[seconds(2, 100)], &[40, 30, 20, 10])],
            Expected::Refused(LayerKind::All, 2, 80),
        ),
        case("a limit of zero is one", vec![budget(LayerKind::All, &[seconds(0, 10)], &[])], admitted(&[(0, 0, 10)])),
        case(
            "and refuses the second",
            vec![budget(LayerKind::All, &[seconds(0, 10)], &[5])],
            Expected::Refused(LayerKind::All, 0, 5),
        ),
        case("a place in shadow is a place", vec![shadow(identifier(&[200, 100]))], admitted(&[(3, 0, 100)])),
        case(
            "what is full in shadow refuses nobody, and tells",
            vec![shadow(identifier(&[200, 100, 50])), address(&[]), all(&[])],
            Expected::Admitted(vec![(3, 0, 100, Some(100)), (20, 19, 300, None), (1000, 999, 60, None)]),
        ),
        case(
            "all of them in shadow",
            vec![shadow(identifier(&[200, 100, 50])), shadow(address(&twenty)), shadow(all(&thousand))],
            Expected::Admitted(vec![(3, 0, 100, Some(100)), (20, 0, 181, Some(181)), (1000, 0, 2, Some(2))]),
        ),
        case(
            "an enforced one refuses for itself alone",
            vec![identifier(&[200, 100, 50]), shadow(address(&twenty)), all(&[])],
            Expected::Refused(LayerKind::Identifier, 3, 100),
        ),
        case("no layer", vec![], admitted(&[])),
    ]
}

/// Asks, and compares to within what a busy machine may lose.
async fn check(limiter: &dyn Limiter, case: &Case, tolerance: Duration) {
    let layers: Vec<Layer> = case.budgets.iter().map(|budget| budget.layer.clone()).collect();
    let near = |actual: Duration, expected: u64| actual.abs_diff(Duration::from_secs(expected)) <= tolerance;
    let name = case.name;
    let stands = limiter.stand(&layers).await.unwrap().layers;
    assert_eq!(stands.len(), layers.len(), "{name}");
    let wait_of = |windows: &[Stand]| windows.iter().filter_map(|stand| stand.retry_after).max();
    match (limiter.admit(&layers).await.unwrap(), &case.expected) {
        (Admission::Admitted(standings), Expected::Admitted(expected)) => {
            assert_eq!(standings.len(), expected.len(), "{name}");
            for (Decision { standing, retry_after }, (limit, remaining, reset, wait)) in standings.iter().zip(expected)
            {
                assert_eq!((standing.limit, standing.remaining), (*limit, *remaining), "{name}");
                assert!(near(standing.reset, *reset), "{name}: {standing:?}");
                assert_eq!(retry_after.is_some(), wait.is_some(), "{name}");
                assert!(retry_after.is_none_or(|wait| wait == standing.reset), "{name}");
            }
            for ((windows, layer), (_, remaining, _, wait)) in stands.iter().zip(&layers).zip(expected) {
                assert!(windows.iter().map(|stand| stand.window).eq(layer.windows.iter().copied()), "{name}");
                assert_eq!(wait_of(windows).is_some(), wait.is_some(), "{name}");
                assert!(wait_of(windows).is_none_or(|told| near(told, wait.unwrap())), "{name}");
                let left = windows.iter().map(|stand| stand.standing.remaining).min();
                assert_eq!(
                    left.unwrap().saturating_sub(1),
                    *remaining,
                    "{name}: before the request there was one more"
                );
            }
        }
        (Admission::Refused { kind, standing, retry_after }, Expected::Refused(layer, limit, wait)) => {
            assert_eq!((kind, standing.limit), (*layer, *limit), "{name}");
            assert_eq!(standing, Standing { limit: *limit, remaining: 0, reset: retry_after }, "{name}");
            assert!(near(retry_after, *wait), "{name}: {retry_after:?}");
            let told = stands.iter().zip(&layers).find(|(_, one)| one.kind == *layer).and_then(|(one, _)| wait_of(one));
            assert!(near(told.unwrap(), *wait), "{name}: {told:?}");
        }
        (actual, _) => panic!("{name}: {actual:?}"),
    }
}

#[tokio::test]
async fn in_memory() {
    for case in cases() {
        let (limiter, clock) = memory();
        let now = now_of(&clock);
        for Budget { layer, ages } in &case.budgets {
            let unlimited = [window(100_000, Duration::from_secs(100_000))];
            for age in ages {
                clock.set(now - age * SECOND);
                let seed = super::layer(layer.kind, "any", &unlimited);
                assert!(super::admits(&limiter, &[seed]).await);
            }
        }
        clock.set(now);
        check(&limiter, &case, Duration::ZERO).await;
    }
}

fn now_of(clock: &HandClock) -> i64 {
    use identity::ports::clock::Clock as _;
    Timestamp::micros(clock.now())
}

#[tokio::test]
async fn on_redis() {
    let redis = Redis::start();
    let limiter = RedisLimiter::new(&patient(&redis)).unwrap();
    check_all(&limiter, || drop(redis.command(&["FLUSHALL"])), |words| redis.command(words)).await;
}

/// Checks every case on servers that `command` reaches and `empty` empties.
pub(super) async fn check_all(limiter: &dyn Limiter, empty: impl Fn(), command: impl Fn(&[&str]) -> Value) {
    for case in cases() {
        empty();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        let now = i64::try_from(now).unwrap();
        for Budget { layer, ages } in &case.budgets {
            let times: Vec<String> = ages.iter().map(|age| (now - age * SECOND).to_string()).collect();
            if !times.is_empty() {
                let list = list_of(layer);
                let words: Vec<&str> = ["LPUSH", &list].into_iter().chain(times.iter().map(String::as_str)).collect();
                command(&words);
            }
        }
        check(limiter, &case, Duration::from_millis(900)).await;
    }
}
