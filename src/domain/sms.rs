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
    /// How many of them carried a code; the others were notices, which nobody can use.
    pub codes: u64,
    /// How many of these codes somebody signed in with.
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

    /// The budget that is spent, of which an operator has to hear; `None` where somebody's number is not served.
    #[must_use]
    pub const fn budget(self) -> Option<Budget> {
        match self {
            Self::Country | Self::NumberType => None,
            Self::PrefixBudget | Self::UnusedPrefix => Some(Budget::Prefix),
            Self::UnusedNetwork => Some(Budget::Network),
            Self::CountryBudget => Some(Budget::Country),
            Self::TotalBudget | Self::MoneyBudget => Some(Budget::All),
        }
    }
}

/// What a message counts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// The numbers around its number.
    Prefix,
    /// The network that asks for it.
    Network,
    /// The country of its number.
    Country,
    /// Everybody.
    All,
}

impl Budget {
    /// All of them, in the order in which a message is written to them.
    pub const ALL: [Self; 4] = [Self::Prefix, Self::Network, Self::Country, Self::All];

    /// The name in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Network => "network",
            Self::Country => "country",
            Self::All => "all",
        }
    }
}

/// How far back the begin of a slot may lie that the rules ask for.
#[must_use]
pub fn look_back(rules: &SmsRules) -> Duration {
    rules.longest() + CODE_LIFE + SLOT
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
    let cost = since(&traffic.all, day).fold(0_u64, |cost, slot| cost.saturating_add(slot.cost.millionths()));
    let checks = [
        (SmsStop::PrefixBudget, is_spent(&rules.prefix, &traffic.prefix, now)),
        (SmsStop::CountryBudget, is_spent(&rules.country, &traffic.country, now)),
        (SmsStop::TotalBudget, is_spent(&rules.all, &traffic.all, now)),
        (
            SmsStop::MoneyBudget,
            cost.saturating_add(rules.price_of(country).millionths()) > rules.daily_budget.millionths(),
        ),
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
    let (codes, used) =
        judged.fold((0, 0), |(codes, used), slot| (codes + slot.codes, used + slot.used.min(slot.codes)));
    codes >= u64::from(rules.unused.least) && (codes - used) * 100 > u64::from(rules.unused.share) * codes
}

#[cfg(test)]
mod tests;
