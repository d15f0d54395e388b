//! What holds of every text.

use super::super::*;
use crate::domain::secret::secret32;
use proptest::prelude::*;

/// Text near addresses: their signs, letters of several scripts, and what hides.
fn near_addresses() -> impl Strategy<Value = String> {
    let part = "[a-cA-C0-9.+_'{}ßẞİıΣσКéü用😀ａ\u{301}\u{200b}\u{202e}\u{ad} \t\r\n\0\"(),:;<>@\\[\\]]{0,12}";
    let domain = "[a-dA-D0-9.üßéА-Г例。．@-]{0,12}(\\.(com|DE|рф|xn--p1ai|1|c))?";
    (part, domain).prop_map(|(local, domain)| format!("{local}@{domain}"))
}

fn check(text: &str) -> Result<(), TestCaseError> {
    if let Ok(address) = EmailAddress::parse(text) {
        let canonical = address.as_str();
        prop_assert_eq!(&EmailAddress::parse(canonical), &Ok(address.clone()), "canonical stays as it is");
        prop_assert!(canonical.len() <= 254);
        prop_assert!(!canonical.chars().any(|c| c.is_control() || c.is_whitespace() || is_invisible(c)));
        let (local, domain) = canonical.split_once('@').unwrap();
        let in_domains = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        prop_assert!(domain.chars().all(in_domains));
        prop_assert!(!local.contains(['<', '>', ',', ';', '"', '\\']));
        let hidden: String = local.chars().skip(1).collect();
        prop_assert!(hidden.is_empty() || address.masked().len() == canonical.len() - hidden.len() + 3);
        let key = secret32([1; 32]);
        let recased = EmailAddress::parse(&canonical.to_uppercase());
        if canonical.is_ascii() {
            prop_assert_eq!(recased.map(|other| other.identity_key(&key)), Ok(address.identity_key(&key)));
        }
        // The tag is where it was: nothing but the local part's end changes.
        let tagged = EmailAddress::parse(&format!("{local}+t@{domain}"));
        if let Ok(tagged) = tagged {
            prop_assert!(tagged.identity_key(&key) != address.identity_key(&key));
            prop_assert!(local.starts_with('+') || tagged.abuse_key(&key) == address.abuse_key(&key));
        }
    }
    Ok(())
}

/// What a message and the dialogue of SMTP are made of (RFC 5321, RFC 5322) can stand in no address, whichever character it
/// is and wherever: an address goes into both as it is.
#[test]
fn no_character_of_unicode_brings_syntax_into_an_address() {
    // Behind these stand tags, which are invisible, and what has no letters (planes 4 to 13, private use).
    for c in '\0'..='\u{3ffff}' {
        let Ok(address) = EmailAddress::parse(&format!("a{c}b@example.com")) else { continue };
        let (local, domain) = address.parts();
        assert_eq!(domain, "example.com");
        assert!(!local.contains(|c: char| c.is_control() || c.is_whitespace()), "{c:?}");
        assert!(!local.contains(['<', '>', '(', ')', '[', ']', ':', ';', '@', '\\', ',', '"']), "{c:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_taken_is_canonical(text in near_addresses()) {
        check(&text)?;
    }

    #[test]
    fn any_text_is_taken_or_refused(text in any::<String>(), local in "\\PC{1,10}") {
        check(&text)?;
        check(&format!("{local}@example.com"))?;
        check(&format!("a@{local}.com"))?;
    }

    #[test]
    fn a_hidden_character_anywhere_is_refused(
        at in 0_usize..16,
        hidden in prop::sample::select(vec![' ', '\t', '\r', '\n', '\0', '\u{a0}', '\u{200b}', '\u{200e}', '\u{202e}', '\u{2060}', '\u{feff}']),
    ) {
        let mut text = String::from("alice@example.com");
        text.insert(at.min(text.len()), hidden);
        prop_assert_eq!(EmailAddress::parse(&text), Err(NotAnEmailAddress));
        prop_assert_eq!(EmailAddress::parse(&format!("alice@example.com{hidden}")), Err(NotAnEmailAddress));
    }
}
