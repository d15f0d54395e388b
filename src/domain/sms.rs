//! Whether a text message may be sent: whoever earns by messages (fraud by pumped traffic) asks for many, to numbers that
//! lie close together, and uses few of their codes.
//!
//! What was sent is counted in slots of ten minutes. A window takes in every slot that it touches, so that never more is
//! sent in it than its limit, and at the worst a slot's worth less.

use super::{
    contact::{Country, NumberKind},
    money::Money,
    policy::SmsRules,
    time::Timestamp,
    window::Window,
};
use std::time::Duration;

/// How long a slot is.
pub const SLOT: Duration = Duration::from_mins(10);

/// A code that was sent longer ago than this has expired, and can be called unused.
const CODE_LIFE: Duration = Duration::from_mins(5);

/// What was sent within one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When the slot begins; see [`slot_of`].
    pub start: Timestamp,
    /// How many messages were sent.
    pub sent: u64,
    /// How many of them carried a code that somebody signed in with.
    pub used: u64,
    /// What they cost.
    pub cost: Money,
}

/// What was sent, as far back as the rules ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// To the numbers around the number.
    pub prefix: Vec<Slot>,
    /// At the request of the network of the caller.
    pub network: Vec<Slot>,
    /// To the country.
    pub country: Vec<Slot>,
    /// To everybody.
    pub all: Vec<Slot>,
}

/// Why a message is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SmsStop {
    /// None goes to that country.
    Country,
    /// None goes to that kind of number.
    NumberType,
    /// Too many went to numbers around it.
    PrefixBudget,
    /// Too many went to the country.
    CountryBudget,
    /// Too many were sent.
    TotalBudget,
    /// Those of the last 24 hours cost too much.
    MoneyBudget,
    /// Too few of the codes to numbers around it were used.
    UnusedPrefix,
    /// Too few of the codes that the network asked for were used.
    UnusedNetwork,
}

impl SmsStop {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Country,
        Self::NumberType,
        Self::PrefixBudget,
        Self::CountryBudget,
        Self::TotalBudget,
        Self::MoneyBudget,
        Self::UnusedPrefix,
        Self::UnusedNetwork,
    ];

    /// The stable reason in audit and telemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "SMS_COUNTRY_NOT_ALLOWED",
            Self::NumberType => "SMS_NUMBER_TYPE_REFUSED",
            Self::PrefixBudget => "SMS_PREFIX_BUDGET",
            Self::CountryBudget => "SMS_COUNTRY_BUDGET",
            Self::TotalBudget => "SMS_TOTAL_BUDGET",
            Self::MoneyBudget => "SMS_MONEY_BUDGET",
            Self::UnusedPrefix => "SMS_UNUSED_PREFIX",
            Self::UnusedNetwork => "SMS_UNUSED_NETWORK",
        }
    }

    /// Whether an operator has to hear of it: something is spent, rather than somebody's number not served.
    #[must_use]
    pub const fn is_alarm(self) -> bool {
        !matches!(self, Self::Country | Self::NumberType)
    }
}

/// Why no message may go to a number of that country and kind, given what was sent before; `None` where it may.
///
/// What can be told of the number itself comes first, then the closest budget.
#[must_use]
pub fn stop(
    rules: &SmsRules,
    country: Option<Country>,
    kind: NumberKind,
    traffic: &Traffic,
    now: Timestamp,
) -> Option<SmsStop> {
    if !rules.countries.has(country) {
        return Some(SmsStop::Country);
    }
    if rules.refused_types.contains(&kind) {
        return Some(SmsStop::NumberType);
    }
    let day = now.before(Duration::from_hours(24));
    let cost: u64 = since(&traffic.all, day).map(|slot| slot.cost.millionths()).sum();
    let checks = [
        (SmsStop::PrefixBudget, is_spent(&rules.prefix, &traffic.prefix, now)),
        (SmsStop::CountryBudget, is_spent(&rules.country, &traffic.country, now)),
        (SmsStop::TotalBudget, is_spent(&rules.all, &traffic.all, now)),
        (SmsStop::MoneyBudget, cost + rules.price_of(country).millionths() > rules.daily_budget.millionths()),
        (SmsStop::UnusedPrefix, is_unused(rules, &traffic.prefix, now)),
        (SmsStop::UnusedNetwork, is_unused(rules, &traffic.network, now)),
    ];
    checks.into_iter().find_map(|(stop, holds)| holds.then_some(stop))
}

/// The begin of the slot that a message sent at that time counts in.
#[must_use]
pub fn slot_of(time: Timestamp) -> Timestamp {
    let slot = i64::try_from(SLOT.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(time.micros().div_euclid(slot) * slot)
}

/// The slots that end after `start`.
fn since(slots: &[Slot], start: Timestamp) -> impl Iterator<Item = &Slot> {
    slots.iter().filter(move |slot| slot.start.after(SLOT) > start)
}

fn is_spent(windows: &[Window], slots: &[Slot], now: Timestamp) -> bool {
    windows.iter().any(|window| {
        let sent: u64 = since(slots, now.before(window.span)).map(|slot| slot.sent).sum();
        sent >= u64::from(window.limit)
    })
}

/// Judges only slots whose last code has expired: who was sent one just now may yet use it.
fn is_unused(rules: &SmsRules, slots: &[Slot], now: Timestamp) -> bool {
    let end = now.before(CODE_LIFE);
    let judged = since(slots, end.before(rules.unused.span)).filter(|slot| slot.start.after(SLOT) <= end);
    let (sent, used) = judged.fold((0, 0), |(sent, used), slot| (sent + slot.sent, used + slot.used.min(slot.sent)));
    sent >= u64::from(rules.unused.least) && (sent - used) * 100 > u64::from(rules.unused.share) * sent
}

#[cfg(test)]
mod tests;
