//! The law against a table of cases and against an oracle that counts every request anew.

use super::*;
use proptest::prelude::*;

const fn window(limit: u32, span: u64) -> Window {
    Window { limit, span: Duration::from_micros(span) }
}

fn times(micros: &[i64]) -> Vec<Timestamp> {
    micros.iter().copied().map(Timestamp::from_micros).collect()
}

/// Asks at each of the times and keeps the log as a limiter would, never trimmed.
fn admitted(windows: &[Window], asked: &[i64]) -> Vec<bool> {
    let mut log = Vec::new();
    asked
        .iter()
        .map(|micros| {
            let now = Timestamp::from_micros(*micros);
            let admit = decide(windows, &log, now).retry_after.is_none();
            if admit {
                log.push(admitted_at(&log, now));
            }
            admit
        })
        .collect()
}

#[test]
fn admits_exactly_the_limit_in_any_window() {
    const MINUTE: i64 = 60;
    let production = [window(3, 300), window(5, 3600), window(10, 86_400)];
    for (name, windows, asked, expected) in [
        ("one a window", &[window(1, 10)][..], &[0, 9, 10, 19, 20][..], "10101"),
        ("the boundary is out", &[window(3, 300)], &[0, 1, 2, 299, 300, 300, 301, 302, 302], "111010110"),
        ("no burst across a boundary", &[window(3, 300)], &[299, 299, 299, 301, 301, 598, 599], "1110001"),
        ("the same instant", &[window(2, 5)], &[7, 7, 7, 7], "1100"),
        ("refused ones do not count", &[window(1, 10)], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "10000000001"),
        ("no trickle as a bucket would let", &[window(3, 300)], &[0, 1, 2, 100, 200, 299], "111000"),
        ("before the epoch", &[window(1, 10)], &[-5, 4, 5], "101"),
        ("a limit of zero is one, not none", &[window(0, 10)], &[0, 1, 10], "101"),
        ("the strictest of several", &production, &[0, 0, 0, 0, 300, 300, 300, 3599, 3600], "111011001"),
        ("a clock stepping back", &[window(2, 10)], &[100, 100, 50, 109, 50, 110], "110001"),
        ("the log stays in order", &[window(2, 10)], &[100, 50, 105, 109, 110, 110, 111], "1100110"),
        ("a far step forward", &[window(1, 10)], &[0, i64::MAX / 2, i64::MAX / 2], "110"),
        (
            "ten minutes of knocking",
            &production[..1],
            &[0, MINUTE, 2 * MINUTE, 3 * MINUTE, 299, 300, 359, 360],
            "11100101",
        ),
    ] {
        let actual: String = admitted(windows, asked).iter().map(|admit| if *admit { '1' } else { '0' }).collect();
        assert_eq!(actual, expected, "{name}");
    }
}

#[test]
fn tells_where_one_stands() {
    let two = [window(3, 300), window(5, 3600)];
    for (name, windows, log, now, expected) in [
        ("the first request", &two[..], &[][..], 1000, (3, 2, 300, None)),
        ("the second", &two, &[1000], 1100, (3, 1, 200, None)),
        ("the third fills the window", &two, &[1000, 1100], 1200, (3, 0, 100, None)),
        ("the fourth waits for the first to leave", &two, &[1000, 1100, 1200], 1250, (3, 0, 50, Some(50))),
        ("of equals the one that resets last", &two, &[0, 100, 500], 700, (5, 1, 2900, None)),
        ("the longer window is the tighter", &two, &[0, 1, 2, 400], 900, (5, 0, 2700, None)),
        ("the longer window refuses", &two, &[0, 1, 2, 400, 900], 1300, (5, 0, 2300, Some(2300))),
        ("two windows refuse", &two, &[0, 1, 900, 901, 902], 903, (5, 0, 2697, Some(2697))),
        ("forgotten requests", &two, &[0, 1, 2], 7000, (3, 2, 300, None)),
        ("the clock stepped back", &[window(1, 10)], &[100], 95, (1, 0, 15, Some(15))),
        ("and the window is not full", &[window(2, 10)], &[100], 95, (2, 0, 15, None)),
        ("a lowered limit", &[window(2, 100)], &[10, 20, 30, 40], 50, (2, 0, 80, Some(80))),
    ] {
        let Decision { standing, retry_after } = decide(windows, &times(log), Timestamp::from_micros(now));
        let (limit, remaining, reset, wait) = expected;
        assert_eq!(
            (standing.limit, standing.remaining, standing.reset, retry_after),
            (limit, remaining, Duration::from_micros(reset), wait.map(Duration::from_micros)),
            "{name}"
        );
    }
}

#[test]
fn a_log_is_kept_for_the_largest_limit_and_the_longest_span() {
    let windows = [window(3, 86_400), window(100, 60)];
    assert_eq!((capacity(&windows), retention(&windows)), (100, Duration::from_micros(86_400)));
    assert_eq!((capacity(&[]), retention(&[])), (0, Duration::ZERO));
    assert_eq!(capacity(&[window(0, 1)]), 1);
}

#[test]
fn no_window_admits_everything() {
    let decision = decide(&[], &times(&[1, 2]), Timestamp::from_micros(3));
    assert_eq!((decision.retry_after, decision.standing.remaining), (None, 0));
}

/// Counts anew what a window holds at `now`.
fn held(window: Window, log: &[Timestamp], now: Timestamp) -> usize {
    log.iter().filter(|time| **time > now.before(window.span) && **time <= now).count()
}

fn some_windows() -> impl Strategy<Value = Vec<Window>> {
    prop::collection::vec((1_u32..8, 1_u64..200).prop_map(|(limit, span)| window(limit, span)), 1..4)
}

/// Steps of a clock: mostly onwards, in bursts, sometimes over a whole window.
fn some_steps() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(prop_oneof![3 => Just(0_i64), 5 => 1_i64..30, 1 => 100_i64..400], 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_counting_anew(windows in some_windows(), steps in some_steps()) {
        let mut log: Vec<Timestamp> = Vec::new();
        let mut now = Timestamp::from_micros(1_000_000);
        for step in steps {
            now = Timestamp::from_micros(now.micros() + step);
            let decision = decide(&windows, &log, now);
            let open = windows.iter().all(|window| held(*window, &log, now) < window.limit as usize);
            prop_assert_eq!(decision.retry_after.is_none(), open);
            if let Some(wait) = decision.retry_after {
                prop_assert_eq!((decision.standing.remaining, decision.standing.reset), (0, wait), "what refuses is told");
                prop_assert!(decide(&windows, &log, now.after(wait)).retry_after.is_none(), "exactly the wait suffices");
                let early = now.after(wait).before(Duration::from_micros(1));
                prop_assert!(decide(&windows, &log, early).retry_after.is_some(), "and nothing less");
            } else {
                log.push(admitted_at(&log, now));
            }
            let remaining = windows.iter().map(|window| window.limit as usize - held(*window, &log, now)).min();
            prop_assert_eq!(Some(decision.standing.remaining as usize), remaining);
        }
        for window in &windows {
            for end in &log {
                prop_assert!(held(*window, &log, *end) <= window.limit as usize, "{:?} over {:?}", window, log);
            }
        }
    }

    #[test]
    fn a_trimmed_log_decides_alike(windows in some_windows(), steps in some_steps()) {
        let (mut whole, mut trimmed) = (Vec::new(), Vec::new());
        let mut now = Timestamp::from_micros(0);
        for step in steps {
            now = Timestamp::from_micros(now.micros() + step);
            if trimmed.last().is_some_and(|newest| now.since(*newest) >= retention(&windows)) {
                trimmed.clear();
            }
            let decision = decide(&windows, &whole, now);
            prop_assert_eq!(decision, decide(&windows, &trimmed, now));
            if decision.retry_after.is_none() {
                whole.push(admitted_at(&whole, now));
                trimmed.push(admitted_at(&trimmed, now));
                trimmed.drain(..trimmed.len().saturating_sub(capacity(&windows)));
            }
        }
    }

    #[test]
    fn stepping_back_mints_nothing(
        windows in some_windows(),
        steps in prop::collection::vec((0_i64..60, prop_oneof![4 => Just(0_i64), 1 => 1_i64..300]), 1..80),
    ) {
        let (mut log, mut real_log) = (Vec::new(), Vec::new());
        let (mut real, mut behind) = (Timestamp::from_micros(0), Duration::ZERO);
        for (onwards, back) in steps {
            real = Timestamp::from_micros(real.micros() + onwards);
            behind += Duration::from_micros(back.unsigned_abs());
            let now = real.before(behind);
            match decide(&windows, &log, now).retry_after {
                None => {
                    log.push(admitted_at(&log, now));
                    real_log.push(real);
                }
                Some(wait) => prop_assert!(decide(&windows, &log, now.after(wait)).retry_after.is_none()),
            }
        }
        for window in &windows {
            for end in &real_log {
                prop_assert!(held(*window, &real_log, *end) <= window.limit as usize);
            }
        }
    }
}

#[test]
fn shares_add_up_to_no_more_than_the_limit() {
    let window = |limit, seconds| Window { limit, span: Duration::from_secs(seconds) };
    for (whole, replicas, part) in [
        (window(3, 300), 1, window(3, 300)),
        (window(3, 300), 2, window(1, 300)),
        (window(3, 300), 3, window(1, 300)),
        (window(10, 60), 3, window(3, 60)),
        (window(1000, 60), 3, window(333, 60)),
        // Fewer places than replicas: one each, as much more seldom.
        (window(3, 300), 4, window(1, 600)),
        (window(1, 60), 5, window(1, 300)),
        (window(0, 60), 0, window(1, 60)),
    ] {
        assert_eq!(share(whole, replicas), part, "{whole:?} over {replicas}");
    }
    for (limit, replicas) in (1..40).flat_map(|limit| (1..40).map(move |replicas| (limit, replicas))) {
        let part = share(window(limit, 60), replicas);
        let spans = u32::try_from(part.span.as_secs() / 60).unwrap();
        assert!(part.limit >= 1 && part.limit * replicas <= limit * spans, "{limit} over {replicas}: {part:?}");
    }
}
