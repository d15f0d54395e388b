//! A million random histories against the law: no window ever holds more than its limit.

use std::time::Duration;

use identity::domain::time::Timestamp;
use identity::domain::window::{self, Window};
use identity::ports::limiter::{Admission, LayerKind, Limiter};

use super::{layer, memory};

const HISTORIES: u32 = 1_000_000;

/// Of so many histories one also goes through the limiter in memory, whose every decision must be the law's.
const THROUGH_MEMORY: u32 = 20;

/// By xorshift64*: the same histories in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

#[test]
fn a_million_histories() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (limiter, clock) = memory();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut now = identity::ports::clock::Clock::now(&*clock);
    let (mut admitted, mut refused) = (0_u64, 0_u64);
    for history in 0..HISTORIES {
        let short = 1 + random.below(3);
        let windows = [of(short, 1 + random.below(40)), of(short + random.below(3), 40 + random.below(100))];
        let one = history.is_multiple_of(THROUGH_MEMORY).then(|| {
            // Distinct keys: a history begins with an empty log.
            layer(LayerKind::Identifier, &history.to_string(), &windows)
        });
        let mut log: Vec<Timestamp> = Vec::with_capacity(8);
        for _ in 0..4 + random.below(5) {
            now = now.after(Duration::from_micros(random.below(30) * random.below(2)));
            let decision = window::decide(&windows, &log, now);
            if let Some(layer) = &one {
                clock.set(now.micros());
                let same = runtime.block_on(limiter.admit(std::slice::from_ref(layer))).unwrap();
                assert_eq!(matches!(same, Admission::Admitted(_)), decision.retry_after.is_none(), "history {history}");
            }
            match decision.retry_after {
                None => {
                    admitted += 1;
                    log.push(window::admitted_at(&log, now));
                    let newest = log[log.len() - 1];
                    for window in &windows {
                        let held = log.iter().rev().take_while(|time| **time > newest.before(window.span)).count();
                        assert!(held <= window.limit as usize, "history {history}: {held} in {window:?}: {log:?}");
                    }
                }
                Some(wait) => {
                    refused += 1;
                    let told = now.after(wait);
                    assert!(window::decide(&windows, &log, told).retry_after.is_none(), "history {history}: too short");
                    let early = window::decide(&windows, &log, told.before(Duration::from_micros(1)));
                    assert!(early.retry_after.is_some(), "history {history}: too long a wait");
                }
            }
        }
    }
    println!("{HISTORIES} histories: {admitted} requests admitted, {refused} refused");
    assert!(admitted > 1_000_000 && refused > 1_000_000, "{admitted} and {refused} show too little");
}

fn of(limit: u64, micros: u64) -> Window {
    super::window(u32::try_from(limit).unwrap(), Duration::from_micros(micros))
}
