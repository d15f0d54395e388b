//! The forms of values: what each takes, and how to say so.

use crate::domain::{contact::Country, policy::show_span};
use jiff::{SpanRelativeTo, fmt::friendly::SpanParser};
use std::{ops::RangeInclusive, time::Duration};
use toml::de::DeValue;

/// Reads one kind of value.
pub(super) trait Form {
    /// What it gives.
    type Value;

    /// Takes the value, or says what is wrong with it, without repeating it.
    fn read(&self, value: &DeValue<'_>) -> Result<Self::Value, &'static str>;

    /// What would be right, after the word "give".
    fn expected(&self) -> String;
}

/// A whole number within bounds.
pub(super) struct Whole(pub(super) RangeInclusive<u32>);

impl Form for Whole {
    type Value = u32;

    fn read(&self, value: &DeValue<'_>) -> Result<u32, &'static str> {
        let DeValue::Integer(number) = value else { return Err("is not a whole number") };
        u32::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|number| self.0.contains(number))
            .ok_or("is out of bounds")
    }

    fn expected(&self) -> String {
        format!("a whole number from {} to {}", self.0.start(), self.0.end())
    }
}

/// A span of time within bounds: `"5m"`, `"7 days"`, or a whole number of seconds. A day has 24 hours.
pub(super) struct Span(pub(super) RangeInclusive<Duration>);

impl Form for Span {
    type Value = Duration;

    fn read(&self, value: &DeValue<'_>) -> Result<Duration, &'static str> {
        let span = match value {
            DeValue::Integer(number) => {
                u64::from_str_radix(number.as_str(), number.radix()).ok().map(Duration::from_secs)
            }
            DeValue::String(text) => parse_span(text),
            _ => None,
        };
        let span = span.ok_or("is not a span of time")?;
        if self.0.contains(&span) { Ok(span) } else { Err("is out of bounds") }
    }

    fn expected(&self) -> String {
        format!(
            "a span of time from \"{}\" to \"{}\", or whole seconds",
            show_span(*self.0.start()),
            show_span(*self.0.end())
        )
    }
}

/// A span of time such as `24h` or `1h 30m`.
#[must_use]
pub fn parse_span(text: &str) -> Option<Duration> {
    let span = SpanParser::new().parse_span(text).ok()?;
    Duration::try_from(span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?).ok()
}

/// A text that a function takes.
pub(super) struct Text<F> {
    /// Takes the text.
    pub(super) parse: F,
    /// What it takes, after the word "give".
    pub(super) expected: &'static str,
}

impl<T, F: Fn(&str) -> Option<T>> Form for Text<F> {
    type Value = T;

    fn read(&self, value: &DeValue<'_>) -> Result<T, &'static str> {
        let text = value.as_str().ok_or("is not a string")?;
        (self.parse)(text).ok_or("has the wrong form")
    }

    fn expected(&self) -> String {
        self.expected.to_owned()
    }
}

/// A country that has phone numbers.
pub(super) fn country() -> Text<fn(&str) -> Option<Country>> {
    Text {
        parse: Country::with_numbers,
        expected: "a country in two capital letters (ISO 3166-1), such as \"DE\", or \"GB\" for the United Kingdom",
    }
}

/// One of a few words.
pub(super) struct Word<T: 'static>(pub(super) &'static [(&'static str, T)]);

impl<T: Copy> Form for Word<T> {
    type Value = T;

    fn read(&self, value: &DeValue<'_>) -> Result<T, &'static str> {
        let text = value.as_str().ok_or("is not a string")?;
        let word = self.0.iter().find(|(word, _)| *word == text);
        word.map(|(_, value)| *value).ok_or("is not one of the choices")
    }

    fn expected(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        words.join(" or ")
    }
}

/// A fraction from 0 to 1.
pub(super) struct Share;

impl Form for Share {
    type Value = f64;

    fn read(&self, value: &DeValue<'_>) -> Result<f64, &'static str> {
        let number: Option<f64> = match value {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => return Err("is not a number"),
        };
        number.filter(|number| (0.0..=1.0).contains(number)).ok_or("is out of bounds")
    }

    fn expected(&self) -> String {
        "a number from 0 to 1".to_owned()
    }
}

/// On or off.
pub(super) struct Switch;

impl Form for Switch {
    type Value = bool;

    fn read(&self, value: &DeValue<'_>) -> Result<bool, &'static str> {
        value.as_bool().ok_or("is not true or false")
    }

    fn expected(&self) -> String {
        "true or false".to_owned()
    }
}

/// A list of values of one form.
pub(super) struct List<F>(pub(super) F);

impl<F: Form> Form for List<F> {
    type Value = Vec<F::Value>;

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<F::Value>, &'static str> {
        let DeValue::Array(list) = value else { return Err("is not a list") };
        list.iter().map(|entry| self.0.read(entry.get_ref()).map_err(|_| "has an entry of the wrong form")).collect()
    }

    fn expected(&self) -> String {
        format!("a list, each entry {}", self.0.expected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, seconds) in [("5m", 300), ("7 days", 604_800), ("1h 30m", 5400), ("30s", 30), ("2 weeks", 1_209_600)]
        {
            assert_eq!(parse_span(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "5", "-5m", "five minutes", "PT5M"] {
            assert_eq!(parse_span(text), None, "{text}");
        }
        assert_eq!(parse_span("250ms"), Some(Duration::from_millis(250)));
    }

    #[test]
    fn seconds_are_read_in_the_base_that_they_are_written_in() {
        let read = |text: &str| {
            let value = DeValue::parse(text).unwrap();
            Span(Duration::ZERO..=Duration::from_mins(1)).read(value.get_ref())
        };
        for (text, seconds) in [("32", 32), ("0x20", 32), ("0o40", 32), ("0b10_0000", 32)] {
            assert_eq!(read(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(read("0x40"), Err("is out of bounds"));
        assert_eq!(read("-1"), Err("is not a span of time"));
    }

    #[test]
    fn spans_are_shown_in_their_largest_whole_unit() {
        for (seconds, text) in [(0, "0s"), (90, "90s"), (300, "5m"), (7200, "2h"), (604_800, "7d")] {
            assert_eq!(show_span(Duration::from_secs(seconds)), text);
        }
    }
}
