//! `[sms]`: where text messages may go and what they may cost, so that nobody earns by having them sent.

use super::{
    Mode,
    limits::admit_more,
    review::Contradictions,
    text::{Lines, show_span},
};
use crate::domain::{
    contact::{Country, NumberKind},
    money::Money,
    window::Window,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What keeps text messages from those who earn by them. Whatever these rules stop is stopped unseen: the answer is the
/// same, and nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsRules {
    /// Whether messages are kept back, or it is only told which would have been.
    pub mode: Mode,
    /// The countries that messages go to.
    pub countries: Countries,
    /// Kinds of numbers that get none.
    pub refused_types: Vec<NumberKind>,
    /// Messages to numbers that differ in their last four digits alone.
    pub prefix: Arc<[Window]>,
    /// Messages to a country.
    pub country: Arc<[Window]>,
    /// Messages to everybody.
    pub all: Arc<[Window]>,
    /// What all messages of 24 hours may cost.
    pub daily_budget: Money,
    /// What a message costs, in the currency of the budget.
    pub price: Money,
    /// What it costs in countries where that is another price.
    pub prices: BTreeMap<Country, Money>,
    /// When so many codes go unused that somebody else must be asking for them.
    pub unused: UnusedRule,
}

/// Countries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Countries {
    /// All of them, and numbers that belong to none.
    All,
    /// These. None where it is empty.
    Listed(Vec<Country>),
}

/// The share of codes that may go unused, of a prefix and of the network that asked for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnusedRule {
    /// In percent; 100 never stops anything.
    pub share: u32,
    /// Of fewer codes than this nothing is concluded.
    pub least: u32,
    /// The time looked back on, from when the last of these codes has expired.
    pub span: Duration,
}

impl Countries {
    /// Whether messages go there. A number of no country, such as one by satellite, is allowed only by all.
    #[must_use]
    pub fn has(&self, country: Option<Country>) -> bool {
        match self {
            Self::All => true,
            Self::Listed(listed) => country.is_some_and(|country| listed.contains(&country)),
        }
    }

    fn entries(&self) -> Vec<String> {
        match self {
            Self::All => vec!["\"*\"".to_owned()],
            Self::Listed(listed) => listed.iter().map(|country| format!("\"{country}\"")).collect(),
        }
    }
}

impl SmsRules {
    /// What a message to that country costs.
    #[must_use]
    pub fn price_of(&self, country: Option<Country>) -> Money {
        country.and_then(|country| self.prices.get(&country)).copied().unwrap_or(self.price)
    }

    /// How long what was sent has to be remembered.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let windows = [&self.prefix, &self.country, &self.all].into_iter().flat_map(|windows| windows.iter());
        windows.map(|window| window.span).chain([Duration::from_hours(24), self.unused.span]).max().unwrap_or_default()
    }

    /// The rules as a change that makes any rules these.
    #[must_use]
    pub fn as_change(&self) -> SmsChange {
        SmsChange {
            mode: Some(self.mode),
            countries: Some(self.countries.clone()),
            refused_types: Some(self.refused_types.clone()),
            prefix: Some(Arc::clone(&self.prefix)),
            country: Some(Arc::clone(&self.country)),
            all: Some(Arc::clone(&self.all)),
            daily_budget: Some(self.daily_budget),
            price: Some(self.price),
            prices: (!self.prices.is_empty()).then(|| self.prices.clone()),
            unused_share: Some(self.unused.share),
            unused_least: Some(self.unused.least),
            unused_span: Some(self.unused.span),
        }
    }

    pub(super) fn contradictions(&self, found: &mut Contradictions) {
        if self.prices.values().chain([&self.price]).any(|price| *price > self.daily_budget) {
            found.error(
                "sms.daily_budget",
                format!("is {}, less than one message costs", self.daily_budget),
                "raise it, or leave out the countries that cost more",
            );
        }
        if self.mode == Mode::Shadow {
            found.warning(
                "sms.mode",
                "is \"shadow\": text messages are sent whatever they cost",
                "set it to \"enforce\" when the report is what you expect",
            );
        }
        if let Countries::Listed(listed) = &self.countries
            && let Some(country) = self.prices.keys().find(|country| !listed.contains(country))
        {
            found.warning(
                "sms.prices",
                format!("has a price for {country}, which is not among sms.countries"),
                "remove it, or add the country",
            );
        }
    }

    /// The keys by which these rules permit more than `strict` does. Which countries, at which prices, is not stricter or
    /// looser, it is where a service's people are; that all of them are allowed is.
    pub(super) fn looser_than(&self, strict: &Self) -> Vec<&'static str> {
        [
            ("sms.mode", self.mode > strict.mode),
            ("sms.countries", self.countries == Countries::All && strict.countries != Countries::All),
            ("sms.refused_types", strict.refused_types.iter().any(|kind| !self.refused_types.contains(kind))),
            ("sms.prefix", admit_more(&self.prefix, &strict.prefix)),
            ("sms.country", admit_more(&self.country, &strict.country)),
            ("sms.all", admit_more(&self.all, &strict.all)),
            ("sms.daily_budget", self.daily_budget > strict.daily_budget),
            ("sms.unused_share", self.unused.share > strict.unused.share),
            ("sms.unused_least", self.unused.least > strict.unused.least),
        ]
        .into_iter()
        .filter_map(|(key, looser)| looser.then_some(key))
        .collect()
    }
}

/// What is to be different of text messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmsChange {
    /// Whether it stops.
    pub mode: Option<Mode>,
    /// All of the countries.
    pub countries: Option<Countries>,
    /// All of the refused kinds.
    pub refused_types: Option<Vec<NumberKind>>,
    /// All windows of a prefix.
    pub prefix: Option<Arc<[Window]>>,
    /// All windows of a country.
    pub country: Option<Arc<[Window]>>,
    /// All windows of everybody.
    pub all: Option<Arc<[Window]>>,
    /// What a day may cost.
    pub daily_budget: Option<Money>,
    /// What a message costs.
    pub price: Option<Money>,
    /// All prices that differ.
    pub prices: Option<BTreeMap<Country, Money>>,
    /// The share that may go unused, in percent.
    pub unused_share: Option<u32>,
    /// Of how many at least.
    pub unused_least: Option<u32>,
    /// Looked back on.
    pub unused_span: Option<Duration>,
}

impl SmsChange {
    pub(super) fn apply(&self, rules: &mut SmsRules) {
        fn set<T: Clone>(value: Option<&T>, place: &mut T) {
            if let Some(value) = value {
                place.clone_from(value);
            }
        }
        set(self.mode.as_ref(), &mut rules.mode);
        set(self.countries.as_ref(), &mut rules.countries);
        set(self.refused_types.as_ref(), &mut rules.refused_types);
        set(self.prefix.as_ref(), &mut rules.prefix);
        set(self.country.as_ref(), &mut rules.country);
        set(self.all.as_ref(), &mut rules.all);
        set(self.daily_budget.as_ref(), &mut rules.daily_budget);
        set(self.price.as_ref(), &mut rules.price);
        set(self.prices.as_ref(), &mut rules.prices);
        set(self.unused_share.as_ref(), &mut rules.unused.share);
        set(self.unused_least.as_ref(), &mut rules.unused.least);
        set(self.unused_span.as_ref(), &mut rules.unused.span);
    }

    pub(super) fn write(&self, lines: &mut Lines) {
        lines.section("sms");
        lines.text("mode", self.mode.map(Mode::as_str));
        lines.figure("countries", self.countries.as_ref().map(|countries| joined(countries.entries())));
        let kinds = |kinds: &Vec<NumberKind>| joined(kinds.iter().map(|kind| format!("\"{}\"", kind.as_str())));
        lines.figure("refused_types", self.refused_types.as_ref().map(kinds));
        for (key, windows) in self.windows() {
            lines.windows(key, windows);
        }
        lines.text("daily_budget", self.daily_budget.map(|money| money.to_string()).as_deref());
        lines.text("price", self.price.map(|money| money.to_string()).as_deref());
        let prices = self.prices.iter().flatten();
        lines.list(
            "prices",
            prices.map(|(country, price)| format!("{{ country = \"{country}\", price = \"{price}\" }}")),
        );
        lines.figure("unused_share", self.unused_share);
        lines.figure("unused_least", self.unused_least);
        lines.span("unused_span", self.unused_span);
    }

    fn windows(&self) -> [(&'static str, Option<&Arc<[Window]>>); 3] {
        [("prefix", self.prefix.as_ref()), ("country", self.country.as_ref()), ("all", self.all.as_ref())]
    }

    /// One sentence for each figure.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        words.extend(self.mode.map(|mode| match mode {
            Mode::Enforce => "sms.mode: what these rules stop is not sent, and nobody is told".to_owned(),
            Mode::Shadow => "sms.mode: it is only reported what would not have been sent".to_owned(),
        }));
        words.extend(self.countries.as_ref().map(|countries| match countries {
            Countries::All => "sms.countries: text messages go to every country".to_owned(),
            Countries::Listed(listed) if listed.is_empty() => "sms.countries: no text message is sent".to_owned(),
            listed @ Countries::Listed(_) => {
                format!("sms.countries: text messages go to {}", listed.entries().join(", "))
            }
        }));
        words.extend(self.refused_types.as_ref().map(|kinds| {
            let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
            format!("sms.refused_types: none goes to numbers of these kinds: {}", kinds.join(", "))
        }));
        let whom =
            ["numbers that differ in their last four digits alone", "numbers of one country", "numbers of everybody"];
        for ((key, windows), whom) in self.windows().into_iter().zip(whom) {
            let Some(windows) = windows else { continue };
            let told: Vec<_> = windows.iter().map(|w| format!("{} in {}", w.limit, show_span(w.span))).collect();
            words.push(format!("sms.{key}: {whom} get {} text messages", told.join(", ")));
        }
        words
            .extend(self.daily_budget.map(|money| format!("sms.daily_budget: those of 24 hours cost {money} at most")));
        words.extend(self.price.map(|price| format!("sms.price: one costs {price}")));
        let prices = self.prices.iter().flatten();
        words.extend(prices.map(|(country, price)| format!("sms.prices: one to {country} costs {price}")));
        words.extend(self.unused_share.map(|share| {
            format!("sms.unused_share: a prefix or a network of whose codes more than {share} % go unused gets no more")
        }));
        words.extend(
            self.unused_least.map(|least| format!("sms.unused_least: that is judged of {least} codes or more")),
        );
        words.extend(self.unused_span.map(|span| format!("sms.unused_span: of the last {}", show_span(span))));
        words
    }
}

fn joined(entries: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", entries.into_iter().collect::<Vec<_>>().join(", "))
}
