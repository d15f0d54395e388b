//! What a refusal says to a person, over gRPC and on a page: one file for each language, one sentence for each reason.
//!
//! A further language is a further file, and a line in [`Language`]. The tests hold that each language has each
//! sentence, with the same placeholders, and that every reason of the contract has one.

mod accepted;
mod de;
mod en;
mod es;
mod fr;
mod ja;
mod pt;

pub(crate) use accepted::{Accepted, of_locale};

use crate::domain::{refusal::Refusal, time::whole_seconds};
use std::{borrow::Cow, time::Duration};

/// After this wait a part that did not answer may be asked again.
pub(crate) const MOMENT: Duration = Duration::from_secs(1);

/// A language that the messages exist in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
    French,
    Spanish,
    Portuguese,
    Japanese,
}

impl Language {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::English, Self::German, Self::French, Self::Spanish, Self::Portuguese, Self::Japanese];

    const fn catalogue(self) -> &'static Catalogue {
        match self {
            Self::English => &en::ENGLISH,
            Self::German => &de::GERMAN,
            Self::French => &fr::FRENCH,
            Self::Spanish => &es::SPANISH,
            Self::Portuguese => &pt::PORTUGUESE,
            Self::Japanese => &ja::JAPANESE,
        }
    }

    /// Its tag (RFC 5646).
    pub(crate) const fn tag(self) -> &'static str {
        self.catalogue().tag
    }

    /// The sentence of a reason, or of a reason and a variant of it such as `NOT_FOUND.user`. A variant without a
    /// sentence of its own is said as its reason.
    pub(crate) fn sentence(self, key: &str) -> &'static str {
        let find = |key: &str| self.catalogue().sentences.iter().find(|(name, _)| *name == key).map(|(_, text)| *text);
        let reason = key.split_once('.').map_or(key, |(reason, _)| reason);
        find(key).or_else(|| find(reason)).or_else(|| find("INTERNAL")).unwrap_or_default()
    }

    /// What a refusal says to a person: its sentence, with the fields and the wait that it names.
    pub(crate) fn refusal(self, refusal: &Refusal) -> String {
        let fields = match refusal {
            Refusal::Invalid(violations) => {
                let mut fields: Vec<_> = violations.iter().map(|violation| violation.field).collect();
                fields.dedup();
                self.list(&fields)
            }
            _ => String::new(),
        };
        let wait = wait_of(refusal).map(|wait| self.span(whole_seconds(wait))).unwrap_or_default();
        self.sentence(&sentence_of(refusal)).replace("{fields}", &fields).replace("{wait}", &wait)
    }

    /// Names one after the other.
    pub(crate) fn list(self, names: &[&str]) -> String {
        names.join(self.catalogue().comma)
    }

    /// A span of whole seconds, rounded up to what a person would say: 45 seconds, 5 minutes, 2 hours, 3 days.
    pub(crate) fn span(self, seconds: u64) -> String {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;
        let words = self.catalogue();
        let (count, unit) = match seconds {
            0..=90 => (seconds, &words.second),
            91..=5400 => (seconds.div_ceil(MINUTE), &words.minute),
            5401..=172_800 => (seconds.div_ceil(HOUR), &words.hour),
            _ => (seconds.div_ceil(DAY), &words.day),
        };
        let singular = match words.singular {
            Singular::One => count == 1,
            Singular::ZeroAndOne => count <= 1,
            Singular::None => false,
        };
        let form = if singular { unit.one } else { unit.other };
        form.replace("{n}", &count.to_string())
    }
}

/// How long to wait before the same call may succeed, where time cures a refusal.
pub(crate) fn wait_of(refusal: &Refusal) -> Option<Duration> {
    match refusal {
        Refusal::StoreUnavailable | Refusal::ProviderUnavailable | Refusal::Overloaded => Some(MOMENT),
        other => other.retry_after(),
    }
}

/// Which sentence says a refusal: its reason, or a variant of it.
fn sentence_of(refusal: &Refusal) -> Cow<'static, str> {
    let reason = refusal.reason();
    match refusal {
        Refusal::AccountSuspended => Cow::Owned(format!("{reason}.suspended")),
        Refusal::Guarded { .. } => Cow::Owned(format!("{reason}.guarded")),
        Refusal::NotFound { resource } => Cow::Owned(format!("{reason}.{resource}")),
        _ => Cow::Borrowed(reason),
    }
}

/// The words of a language.
struct Catalogue {
    tag: &'static str,
    singular: Singular,
    second: Unit,
    minute: Unit,
    hour: Unit,
    day: Unit,
    /// What stands between the parts of a list.
    comma: &'static str,
    /// By reason. `{wait}` stands for a span, `{fields}` for names of fields.
    sentences: &'static [(&'static str, &'static str)],
}

/// Which whole numbers take the singular (CLDR's plural rules for cardinals).
enum Singular {
    One,
    ZeroAndOne,
    None,
}

/// A unit of time in both forms; `{n}` stands for the number.
struct Unit {
    one: &'static str,
    other: &'static str,
}

#[cfg(test)]
mod tests;
