//! Which language a caller wants: `accept-language` (RFC 9110 section 12.5.4), looked up as RFC 4647 section 3.4 says.

use super::Language;
use http::{HeaderMap, HeaderValue, header::ACCEPT_LANGUAGE};

/// As many languages are looked at; a browser names a handful.
const MOST: usize = 32;

/// No tag that anyone uses is longer (RFC 5646 section 4.4.1).
const LONGEST: usize = 35;

/// What a call says of languages, unread: only a refusal has words, and most calls are not refused.
pub(crate) struct Accepted(Vec<HeaderValue>);

impl Accepted {
    /// What the headers say.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self(headers.get_all(ACCEPT_LANGUAGE).iter().cloned().collect())
    }

    /// The language that fits best; `None` where none does. What is malformed in it is passed over.
    pub(crate) fn best(&self) -> Option<Language> {
        let lines = self.0.iter().filter_map(|line| line.to_str().ok());
        let mut ranges: Vec<_> = lines.flat_map(|line| line.split(',')).take(MOST).filter_map(range).collect();
        // Stable: of equals the first counts.
        ranges.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
        let refused = |language: Language| {
            ranges.iter().any(|(range, quality)| *quality == 0 && range.eq_ignore_ascii_case(language.tag()))
        };
        let wanted = ranges.iter().filter(|(_, quality)| *quality > 0);
        wanted.filter_map(|(range, _)| of_locale(range)).find(|language| !refused(*language))
    }
}

/// The language of a tag such as `de-CH`: of the tag itself, or of what is left when it is cut from its end.
pub(crate) fn of_locale(tag: &str) -> Option<Language> {
    let mut rest = Some(tag).filter(|tag| tag.len() <= LONGEST)?;
    loop {
        let found = Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(rest));
        if found.is_some() {
            return found;
        }
        rest = rest.rsplit_once('-')?.0;
    }
}

/// A range and its quality in thousandths; `None` where it is none.
fn range(element: &str) -> Option<(&str, u16)> {
    let (range, quality) = match element.split_once(';') {
        None => (element, 1000),
        Some((range, weight)) => {
            let (name, value) = weight.trim_matches([' ', '\t']).split_once('=')?;
            (range, thousandths(value).filter(|_| name.eq_ignore_ascii_case("q"))?)
        }
    };
    let range = range.trim_matches([' ', '\t']);
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_alphanumeric());
    // `*` means that any will do, which names none (RFC 4647 section 3.4).
    range.split('-').all(subtag).then_some((range, quality))
}

/// `0.7` as 700: one digit, 0 or 1, and up to three after a point; at most 1.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let sound = matches!(whole, "0" | "1") && fraction.len() <= 3 && fraction.bytes().all(|c| c.is_ascii_digit());
    let fraction: u16 = if sound { format!("{fraction:0<3}").parse().ok()? } else { return None };
    Some(if whole == "1" { 1000 } else { 0 } + fraction).filter(|quality| *quality <= 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(lines: &[&str]) -> Option<Language> {
        let lines = lines.iter().map(|line| (ACCEPT_LANGUAGE, HeaderValue::from_str(line).unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value);
        }
        Accepted::of(&headers).best()
    }

    #[test]
    fn the_one_of_the_highest_quality_and_of_equals_the_first() {
        for (line, expected) in [
            ("de", Some(Language::German)),
            ("fr, de", Some(Language::French)),
            ("fr;q=0.5, de;q=0.7, en;q=0.6", Some(Language::German)),
            ("fr;q=0.999,ja", Some(Language::Japanese)),
            ("es ; q=0.3 , pt;Q=0.4", Some(Language::Portuguese)),
            ("fr; q=1.000, de", Some(Language::French)),
            ("sv, nb;q=0.9, ja;q=0.1", Some(Language::Japanese)),
            ("de-CH, fr;q=0.9", Some(Language::German)),
            ("DE-ch-1996", Some(Language::German)),
            ("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", Some(Language::Portuguese)),
            ("ja-JP-x-lvariant-JP", Some(Language::Japanese)),
            ("sv", None),
            ("*", None),
            ("*, de;q=0.5", Some(Language::German)),
            ("", None),
        ] {
            assert_eq!(best(&[line]), expected, "{line}");
        }
        assert_eq!(best(&[]), None);
        assert_eq!(best(&["sv;q=0.9", "es;q=0.8"]), Some(Language::Spanish), "lines are one list");
    }

    #[test]
    fn what_is_refused_is_not_taken() {
        assert_eq!(best(&["de;q=0"]), None);
        assert_eq!(best(&["de;q=0.000, fr;q=0.1"]), Some(Language::French));
        assert_eq!(best(&["de-CH, de;q=0, fr;q=0.1"]), Some(Language::French));
        assert_eq!(best(&["de-CH;q=0, de"]), Some(Language::German));
    }

    #[test]
    fn what_is_malformed_is_passed_over() {
        for bad in [
            "de;q=1.001",
            "de;q=2",
            "de;q=-1",
            "de;q=0.1234",
            "de;q=.5",
            "de;q=",
            "de;q",
            "de;",
            "de;x=1",
            "d e",
            "de;q=0.5;q=1",
            "de_DE",
            "dé",
            "-de",
            "de-",
            "gggggggggde",
            "de;q=0,5",
        ] {
            let Ok(line) = HeaderValue::from_str(&format!("{bad}, fr;q=0.001")) else { continue };
            assert_eq!(best(&[line.to_str().unwrap_or("fr")]), Some(Language::French), "{bad}");
        }
    }

    #[test]
    fn a_flood_of_languages_is_cut_short() {
        let flood = "xx,".repeat(MOST);
        assert_eq!(best(&[&format!("{flood}de")]), None);
    }

    #[test]
    fn a_locale_is_cut_from_its_end() {
        assert_eq!(of_locale("de-CH"), Some(Language::German));
        assert_eq!(of_locale("fr-Latn-CA-x-a"), Some(Language::French));
        assert_eq!(of_locale("EN"), Some(Language::English));
        let long = format!("de{}", "-x".repeat(LONGEST));
        for none in ["", "sv", "deu", "d", "x-de", long.as_str()] {
            assert_eq!(of_locale(none), None, "{none}");
        }
    }
}
