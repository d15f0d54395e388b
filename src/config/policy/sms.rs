//! The section `[sms]` of a policy file.

use super::sections::{MODE, listed};
use crate::{
    config::{
        form::{Form, List, Span, Text, Whole, Word, country},
        reader::Section,
    },
    domain::{
        contact::NumberKind,
        money::Money,
        policy::{Countries, SmsChange},
        sms::SLOT,
        window::Window,
    },
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use toml::de::DeValue;

/// As far back as messages are remembered.
const LONGEST: Duration = Duration::from_hours(7 * 24);

const MOST_PRICE: Money = Money::from_millionths(1_000_000_000_000);

const KIND: Word<NumberKind> = Word(&[
    ("mobile", NumberKind::Mobile),
    ("fixed_line", NumberKind::FixedLine),
    ("fixed_line_or_mobile", NumberKind::FixedLineOrMobile),
    ("premium_rate", NumberKind::PremiumRate),
    ("toll_free", NumberKind::TollFree),
    ("shared_cost", NumberKind::SharedCost),
    ("voip", NumberKind::Voip),
    ("personal_number", NumberKind::PersonalNumber),
    ("pager", NumberKind::Pager),
    ("uan", NumberKind::Uan),
    ("voicemail", NumberKind::Voicemail),
    ("unknown", NumberKind::Unknown),
]);

/// Countries, or `["*"]` for all of them.
struct CountryList;

impl Form for CountryList {
    type Value = Countries;

    fn read(&self, value: &DeValue<'_>) -> Result<Countries, &'static str> {
        let DeValue::Array(list) = value else { return Err("is not a list") };
        let words: Vec<&str> = list.iter().filter_map(|entry| entry.get_ref().as_str()).collect();
        if words == ["*"] && list.len() == 1 {
            return Ok(Countries::All);
        }
        let mut countries = list
            .iter()
            .map(|entry| country().read(entry.get_ref()).map_err(|_| "has an entry that is no country"))
            .collect::<Result<Vec<_>, _>>()?;
        countries.sort_unstable();
        countries.dedup();
        Ok(Countries::Listed(countries))
    }

    fn expected(&self) -> String {
        format!("[\"*\"] for all, or a list, each entry {}", country().expected())
    }
}

fn money_form() -> Text<fn(&str) -> Option<Money>> {
    Text { parse: Money::parse, expected: "an amount such as \"0.075\", with six decimals at most" }
}

/// A price is bounded so that what millions of messages cost is still a number that a store holds.
fn price_form() -> Text<fn(&str) -> Option<Money>> {
    let parse = |text: &str| Money::parse(text).filter(|price| *price <= MOST_PRICE);
    Text { parse, expected: "an amount such as \"0.075\", with six decimals at most, up to a million" }
}

pub(super) fn sms(section: &mut Section<'_>) -> Option<SmsChange> {
    let mode = section.get("mode", &MODE).optional();
    let countries = section.get("countries", &CountryList).optional();
    let refused_types = section.get("refused_types", &List(KIND)).optional();
    let prefix = windows(section, "prefix");
    let by_country = windows(section, "country");
    let all = windows(section, "all");
    let daily_budget = section.get("daily_budget", &money_form()).optional();
    let price = section.get("price", &price_form()).optional();
    let prices = section.tables("prices", |section| {
        let country = section.need("country", &country());
        let price = section.need("price", &price_form());
        Some((country?, price?))
    });
    let prices = prices.optional();
    if let Some(Some(prices)) = &prices
        && prices.iter().map(|(country, _)| country).collect::<BTreeSet<_>>().len() < prices.len()
    {
        section.wrong("prices", "names a country twice", "write one price for each country");
        return None;
    }
    let unused_share = section.get("unused_share", &Whole(1..=100)).optional();
    let unused_least = section.get("unused_least", &Whole(1..=100_000)).optional();
    let unused_span = section.get("unused_span", &Span(SLOT..=LONGEST)).optional();
    Some(SmsChange {
        mode: mode?,
        countries: countries?,
        refused_types: refused_types?,
        prefix: prefix?,
        country: by_country?,
        all: all?,
        daily_budget: daily_budget?,
        price: price?,
        prices: prices?.map(|prices| prices.into_iter().collect()),
        unused_share: unused_share?,
        unused_least: unused_least?,
        unused_span: unused_span?,
    })
}

#[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
fn windows(section: &mut Section<'_>, key: &'static str) -> Option<Option<Arc<[Window]>>> {
    let windows = listed(section, key).optional()?;
    let fits = |window: &Window| (SLOT..=LONGEST).contains(&window.span);
    if windows.as_ref().is_some_and(|windows| windows.is_empty() || !windows.iter().all(fits)) {
        section.wrong(
            key,
            "needs windows of 10 minutes to 7 days",
            "write at least one { limit = 10, seconds = 3600 }, or remove the key",
        );
        return None;
    }
    Some(windows.map(Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the policy's text says of a kind is read as that kind.
    #[test]
    fn every_kind_of_number_has_its_name() {
        assert!(KIND.0.iter().all(|(name, kind)| *name == kind.as_str()));
        assert!(KIND.0.iter().map(|(_, kind)| *kind).eq(NumberKind::ALL));
    }
}
