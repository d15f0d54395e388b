//! What is a phone number, which spellings are one, and what is known of it.

use super::*;
use crate::domain::secret::secret32;
use proptest::prelude::*;

fn parse(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).unwrap_or_else(|_| panic!("{text:?} is a number"))
}

#[test]
fn spellings_of_one_number_share_every_key() {
    let key = secret32([1; 32]);
    for (canonical, spellings) in [
        (
            "+491761234567",
            &[
                "+49 176 1234567",
                "+49-176-1234567",
                "+49.176.123.4567",
                "+49 (176) 1234567",
                "+49 (0)176 1234567",
                "+49 0176 1234567",
                "+49(0)1761234567",
                "+49 - 176 - 123 45 67",
                "+49 (176) 123-45-67",
                "+49\u{a0}176\u{a0}1234567",
                "+49\u{202f}176\u{2009}1234567",
                "+49\u{2011}176\u{2013}1234567",
                "\u{ff0b}\u{ff14}\u{ff19}\u{3000}\u{ff08}\u{ff11}\u{ff17}\u{ff16}\u{ff09}\u{ff0d}\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}\u{ff17}",
                "+\u{664}\u{669} \u{661}\u{667}\u{666} \u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}",
                "+\u{6f4}\u{6f9} \u{6f1}\u{6f7}\u{6f6} \u{6f1}\u{6f2}\u{6f3}\u{6f4}\u{6f5}\u{6f6}\u{6f7}",
            ][..],
        ),
        ("+447400123456", &["+44 7400 123456", "+44 (0)7400 123456", "+44 (0) 7400-123456"]),
        ("+12015550123", &["+1 201 555 0123", "+1 (201) 555-0123", "+1.201.555.0123", "+1-201-555-0123"]),
        // A zero that belongs to the number stays.
        ("+390612345678", &["+39 06 1234 5678", "+39 (06) 12345678"]),
        // Numbers of mobile phones in Argentina are written with 9 abroad.
        ("+5491123456789", &["+54 9 11 2345 6789"]),
        ("+819012345678", &["+81 90-1234-5678", "+81 (0)90-1234-5678"]),
    ] {
        let number = parse(canonical);
        assert_eq!(number.as_str(), canonical);
        for spelling in spellings {
            let other = parse(spelling);
            assert_eq!(other.as_str(), canonical, "{spelling:?}");
            assert_eq!(other.identity_key(&key), number.identity_key(&key), "{spelling:?}");
            assert_eq!(other.abuse_key(&key), number.abuse_key(&key), "{spelling:?}");
        }
    }
}

#[test]
fn refuses_what_is_no_number_in_international_form() {
    for text in [
        "",
        "+",
        "++",
        "+49",
        "+4",
        // National and dialled forms.
        "01761234567",
        "0176 1234567",
        "1761234567",
        "491761234567",
        "00491761234567",
        "011491761234567",
        "(+49) 176 1234567",
        "tel:+491761234567",
        "sip:+491761234567@example.com",
        // Nothing is trimmed, and formatting stands between digits alone.
        " +491761234567",
        "+491761234567 ",
        "+491761234567\n",
        "+491761234567\r\nBcc: x",
        "+ 49 1761234567",
        "+(49) 1761234567",
        "+49 176 1234567-",
        "+49 176 1234567)",
        "+49 (176 1234567",
        "+49 176) 1234567",
        "+49 ((176)) 1234567",
        "+49 () 1761234567",
        "+49\t1761234567",
        "+49\u{0}1761234567",
        "+49/176/1234567",
        "+49_1761234567",
        "+49,1761234567",
        "+49~1761234567",
        // Letters, extensions, several numbers.
        "+1 800 FLOWERS",
        "+1 201 555 OI23",
        "+491761234567x12",
        "+491761234567 ext. 12",
        "+491761234567;ext=12",
        "+491761234567#12",
        "+491761234567,,12",
        "+491761234567+491761234568",
        "+491761234567, +491761234568",
        "*#06#",
        // What hides, and digits that no keyboard of a phone types.
        "+49\u{200b}1761234567",
        "\u{202a}+491761234567\u{202c}",
        "\u{feff}+491761234567",
        "+49\u{ad}1761234567",
        "+49176123456\u{2466}",
        "+49176123456\u{2077}",
        "+49176123456\u{1d7d7}",
        "+\u{96a}\u{96f}1761234567",
        "\u{207a}491761234567",
        "+49176123456\u{301}7",
        // In no plan: unknown calling codes, too short, too long, an area that does not exist.
        "+0 176 1234567",
        "+999 123 4567",
        "+210 123 4567",
        "+49 176 12",
        "+49 176 12345678901",
        "+1 201 555 012",
        "+1 201 555 01234",
        "+1 000 555 0123",
        "+1 201 155 0123",
        "+44 0000 000000",
        "+491",
        "+112",
        "+110",
    ] {
        assert_eq!(PhoneNumber::parse(text), Err(NotAPhoneNumber), "{text:?}");
    }
    for long in ["+49".to_owned() + &" ".repeat(100) + "1761234567", "+".to_owned() + &"4".repeat(1 << 20)] {
        assert_eq!(PhoneNumber::parse(&long), Err(NotAPhoneNumber));
    }
}

#[test]
fn different_numbers_share_nothing() {
    let (one, other) = (secret32([1; 32]), secret32([2; 32]));
    let numbers = ["+491761234567", "+491761234568", "+441761234567", "+12015550123"]
        .map(|text| PhoneNumber::parse(text).ok())
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    for (nth, number) in numbers.iter().enumerate() {
        for different in &numbers[nth + 1..] {
            assert_ne!(number.identity_key(&one), different.identity_key(&one));
            assert_ne!(number.abuse_key(&one), different.abuse_key(&one));
        }
        assert_ne!(number.identity_key(&one), number.identity_key(&other));
        assert_ne!(number.identity_key(&one), number.abuse_key(&one));
    }
}

#[test]
fn the_plans_tell_country_and_kind() {
    for (text, country, calling_code, kind, prefix) in [
        ("+491761234567", Some("DE"), 49, NumberKind::Mobile, "49176123"),
        ("+493012345678", Some("DE"), 49, NumberKind::FixedLine, "49301234"),
        ("+499001234567", Some("DE"), 49, NumberKind::PremiumRate, "49900123"),
        ("+12015550123", Some("US"), 1, NumberKind::FixedLineOrMobile, "1201555"),
        ("+15062345678", Some("CA"), 1, NumberKind::FixedLineOrMobile, "1506234"),
        ("+19002345678", Some("US"), 1, NumberKind::PremiumRate, "1900234"),
        ("+18002345678", Some("US"), 1, NumberKind::TollFree, "1800234"),
        ("+447400123456", Some("GB"), 44, NumberKind::Mobile, "44740012"),
        ("+447781123456", Some("GG"), 44, NumberKind::Mobile, "44778112"),
        ("+445612345678", Some("GB"), 44, NumberKind::Voip, "44561234"),
        ("+447012345678", Some("GB"), 44, NumberKind::PersonalNumber, "44701234"),
        ("+447640123456", Some("GB"), 44, NumberKind::Pager, "44764012"),
        ("+445512345678", Some("GB"), 44, NumberKind::Uan, "44551234"),
        ("+611300123456", Some("AU"), 61, NumberKind::SharedCost, "61130012"),
        ("+41860123456789", Some("CH"), 41, NumberKind::Voicemail, "4186012345"),
        ("+390612345678", Some("IT"), 39, NumberKind::FixedLine, "39061234"),
        ("+79123456789", Some("RU"), 7, NumberKind::Mobile, "7912345"),
        ("+77710009998", Some("KZ"), 7, NumberKind::Mobile, "7771000"),
        ("+38343201234", Some("XK"), 383, NumberKind::Mobile, "3834320"),
        ("+80012345678", None, 800, NumberKind::TollFree, "8001234"),
        ("+881612345678", None, 881, NumberKind::Mobile, "88161234"),
        ("+883510012345", None, 883, NumberKind::Voip, "88351001"),
    ] {
        let number = parse(text);
        let found = (number.country().map(|country| country.to_string()), number.calling_code(), number.kind());
        assert_eq!(found, (country.map(str::to_owned), calling_code, kind), "{text}");
        assert_eq!(number.prefix(), prefix, "{text}");
    }
}

#[test]
fn countries_are_two_letters() {
    assert_eq!(Country::new("de"), Country::new("DE"));
    assert_eq!(Country::new("DE").unwrap().as_str(), "DE");
    for text in ["", "D", "DEU", "D1", "001", "ÄÖ", "ß"] {
        assert_eq!(Country::new(text), None, "{text:?}");
    }
}

/// Whatever country a number is of can be listed, and nothing else.
#[test]
fn countries_with_numbers_are_those_of_the_plans() {
    for text in ["DE", "GB", "US", "XK", "AC", "TA", "JE", "AX"] {
        assert_eq!(Country::with_numbers(text), Country::new(text), "{text}");
    }
    for text in ["UK", "EU", "ZZ", "XX", "EN", "AQ", "de", "D", "", "001", "DEU"] {
        assert_eq!(Country::with_numbers(text), None, "{text:?}");
    }
    for region in PHONE_NUMBER_UTIL.get_supported_regions() {
        let letters = region.as_region_str();
        assert!(Country::with_numbers(letters.as_str()).is_some() || letters.as_str() == "001", "{}", letters.as_str());
    }
}

#[test]
fn shows_the_calling_code_and_two_digits_at_most() {
    for (text, masked) in
        [("+491761234567", "+49********67"), ("+12015550123", "+1********23"), ("+38343201234", "+383******34")]
    {
        assert_eq!(parse(text).masked(), masked);
    }
    assert_eq!(format!("{:?}", parse("+491761234567")), "PhoneNumber(…)");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_taken_is_canonical(text in "[+\u{ff0b}]?[0-9\u{660}-\u{669}\u{ff10}-\u{ff19} ().-]{5,18}") {
        if let Ok(number) = PhoneNumber::parse(&text) {
            prop_assert_eq!(PhoneNumber::parse(number.as_str()), Ok(number.clone()));
            let rest = number.as_str().strip_prefix('+').unwrap();
            prop_assert!(rest.len() <= 17 && rest.bytes().all(|c| c.is_ascii_digit()));
            prop_assert!(rest.starts_with(&number.calling_code().to_string()) && rest.starts_with(number.prefix()));
            prop_assert_eq!(number.masked().len(), number.as_str().len());
        }
    }

    #[test]
    fn any_text_is_taken_or_refused(text in any::<String>()) {
        let _ = PhoneNumber::parse(&text);
        let with_a_letter = format!("+{text}a");
        prop_assert!(PhoneNumber::parse(&with_a_letter).is_err());
    }
}
