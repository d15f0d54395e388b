//! The named templates that policies are built on.

use super::{
    CodeRules, Countries, GuardRules, LimitRule, LimitRules, LinkRules, Mode, ResponseRules, Responses, Rules,
    SmsRules, UnusedRule,
};
use crate::domain::{
    contact::NumberKind,
    lockout::{Delay, Ladder, Lockout, Rung},
    money::Money,
    window::Window,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// A whole set of figures with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Template {
    /// For what is worth more than the trouble: longer codes, fewer attempts, tighter limits, longer locks.
    Strict,
    /// What holds without a policy file.
    Standard,
    /// For many people behind few addresses, or people who mistype: within the same promises.
    Lenient,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const MILLION: u64 = 1_000_000;

/// Numbers that no person reads a code on, and those that earn by being reached.
const NO_PERSONS: [NumberKind; 7] = [
    NumberKind::PremiumRate,
    NumberKind::TollFree,
    NumberKind::SharedCost,
    NumberKind::PersonalNumber,
    NumberKind::Pager,
    NumberKind::Uan,
    NumberKind::Voicemail,
];

impl Template {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Standard, Self::Lenient];

    /// The name in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Standard => "standard",
            Self::Lenient => "lenient",
        }
    }

    /// Its figures.
    #[must_use]
    pub fn rules(self) -> Rules {
        match self {
            Self::Strict => Rules {
                codes: codes(8, 3 * MINUTE, 3, 60),
                links: LinkRules { lifetime: Duration::from_mins(10) },
                lockout: lockout(2, 50, &[(3, 15 * MINUTE), (5, HOUR), (8, 4 * HOUR), (10, DAY)]),
                limits: LimitRules {
                    identifier: limit(&[(2, 5 * MINUTE), (4, HOUR), (8, DAY)]),
                    device: limit(&[(2, 5 * MINUTE), (4, HOUR), (8, DAY)]),
                    address: limit(&[(10, 5 * MINUTE), (50, HOUR)]),
                    network: limit(&[(100, 5 * MINUTE), (500, HOUR)]),
                    all: limit(&[(500, MINUTE)]),
                },
                guard: GuardRules { failures: limit(&[(30, 5 * MINUTE), (150, HOUR)]), code_length: 10 },
                responses: responses(Responses::BOTH),
                sms: Arc::new(strict_sms()),
            },
            Self::Standard => Rules {
                codes: codes(6, 5 * MINUTE, 5, 30),
                links: LinkRules { lifetime: LinkRules::LONGEST_LIFETIME },
                lockout: Lockout::default(),
                limits: LimitRules {
                    identifier: limit(&[(3, 5 * MINUTE), (5, HOUR), (10, DAY)]),
                    device: limit(&[(3, 5 * MINUTE), (5, HOUR), (10, DAY)]),
                    address: limit(&[(20, 5 * MINUTE), (100, HOUR)]),
                    network: limit(&[(200, 5 * MINUTE), (1000, HOUR)]),
                    all: limit(&[(1000, MINUTE)]),
                },
                guard: GuardRules { failures: limit(&[(100, 5 * MINUTE), (500, HOUR)]), code_length: 10 },
                responses: responses(Responses::NONE),
                sms: Arc::new(standard_sms()),
            },
            Self::Lenient => Rules {
                codes: codes(6, 5 * MINUTE, 5, 15),
                links: LinkRules { lifetime: LinkRules::LONGEST_LIFETIME },
                lockout: lockout(1, 100, &[(5, 5 * MINUTE), (10, 30 * MINUTE), (15, HOUR), (25, DAY)]),
                limits: LimitRules {
                    identifier: limit(&[(5, 5 * MINUTE), (10, HOUR), (20, DAY)]),
                    device: limit(&[(5, 5 * MINUTE), (10, HOUR), (20, DAY)]),
                    address: limit(&[(60, 5 * MINUTE), (300, HOUR)]),
                    network: limit(&[(600, 5 * MINUTE), (3000, HOUR)]),
                    all: limit(&[(3000, MINUTE)]),
                },
                guard: GuardRules { failures: limit(&[(300, 5 * MINUTE), (1500, HOUR)]), code_length: 8 },
                responses: responses(Responses::NONE),
                sms: Arc::new(lenient_sms()),
            },
        }
    }
}

fn codes(length: u8, lifetime: u64, max_attempts: u32, resend_cooldown: u64) -> CodeRules {
    CodeRules {
        length,
        lifetime: Duration::from_secs(lifetime),
        max_attempts,
        resend_cooldown: Duration::from_secs(resend_cooldown),
    }
}

fn lockout(first_delay: u64, disable_at: u32, rungs: &[(u32, u64)]) -> Lockout {
    let rungs = rungs.iter().map(|&(failures, wait)| Rung { failures, wait: Duration::from_secs(wait) });
    Lockout {
        mode: Mode::Enforce,
        // A test holds each to be one; the default is the safe answer to a slip.
        ladder: Ladder::new(rungs.collect()).unwrap_or_default(),
        delay: Delay { first: Duration::from_secs(first_delay), ..Delay::default() },
        disable_at: Some(disable_at),
    }
}

/// Templates differ in what another device's use of a refresh token brings beyond the end of its session.
const fn responses(device_mismatch: Responses) -> ResponseRules {
    ResponseRules {
        failure_burst: Responses::NOTIFY,
        replayed_token: Responses::BOTH,
        device_mismatch,
        new_device: Responses::NOTIFY,
    }
}

fn strict_sms() -> SmsRules {
    let more = [NumberKind::FixedLine, NumberKind::Voip, NumberKind::Unknown];
    SmsRules {
        countries: Countries::Listed(Vec::new()),
        refused_types: [NO_PERSONS.as_slice(), &more].concat(),
        prefix: windows(&[(3, HOUR), (10, DAY)]),
        country: windows(&[(100, HOUR), (500, DAY)]),
        all: windows(&[(200, HOUR), (1000, DAY)]),
        daily_budget: Money::from_millionths(50 * MILLION),
        unused: UnusedRule { share: 60, least: 10, span: Duration::from_secs(HOUR) },
        ..standard_sms()
    }
}

fn standard_sms() -> SmsRules {
    SmsRules {
        mode: Mode::Enforce,
        countries: Countries::All,
        refused_types: NO_PERSONS.to_vec(),
        prefix: windows(&[(10, HOUR), (30, DAY)]),
        country: windows(&[(500, HOUR), (3000, DAY)]),
        all: windows(&[(1000, HOUR), (10_000, DAY)]),
        daily_budget: Money::from_millionths(250 * MILLION),
        price: Money::from_millionths(MILLION / 10),
        prices: BTreeMap::new(),
        unused: UnusedRule { share: 75, least: 20, span: Duration::from_secs(HOUR) },
    }
}

fn lenient_sms() -> SmsRules {
    SmsRules {
        prefix: windows(&[(30, HOUR), (100, DAY)]),
        country: windows(&[(2000, HOUR), (20_000, DAY)]),
        all: windows(&[(5000, HOUR), (50_000, DAY)]),
        daily_budget: Money::from_millionths(1000 * MILLION),
        unused: UnusedRule { share: 90, least: 50, span: Duration::from_secs(HOUR) },
        ..standard_sms()
    }
}

fn limit(of: &[(u32, u64)]) -> LimitRule {
    LimitRule::new(windows(of))
}

fn windows(of: &[(u32, u64)]) -> Arc<[Window]> {
    of.iter().map(|&(limit, span)| Window { limit, span: Duration::from_secs(span) }).collect()
}
