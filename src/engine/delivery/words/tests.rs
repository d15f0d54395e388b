use super::*;

fn code(client_name: &str, address: &str) -> Content {
    Content::Code {
        destination: "ada@example.com".to_owned(),
        code: "048213".to_owned(),
        link: String::new(),
        client_name: client_name.to_owned(),
        minutes: 5,
        locale: "de-CH".to_owned(),
        address: address.to_owned(),
        asked_at: 1_795_201_476_123_456,
    }
}

fn words(content: &Content) -> Words {
    Templates::new().unwrap().words(content, "").unwrap()
}

#[test]
fn a_code_comes_first_and_says_who_asked_where_and_when() {
    let words = words(&code("Example Shop", "203.0.113.7"));
    assert_eq!(words.subject, "Your sign-in code for Example Shop");
    assert!(words.text.starts_with("048213 is your sign-in code for Example Shop.\n"), "{}", words.text);
    for part in [&words.text, &words.html] {
        for said in ["048213", "Example Shop", "203.0.113.7", "20 November 2026, 19:04 UTC", "for 5 minutes", "ignore"]
        {
            assert!(part.contains(said), "{said} in {part}");
        }
        assert!(!part.contains("http"), "no outside asset and no link");
        assert!(!part.contains("ada@example.com"));
    }
    assert!(!words.subject.contains("048213"), "relays log subjects");
}

#[test]
fn a_code_needs_no_quoting() {
    let words = words(&code("Example Shop", "2001:db8:1234:5678:9abc:def0:1234:5678"));
    for part in [&words.text, &words.html] {
        assert!(part.lines().all(|line| line.is_ascii() && line.len() <= 76), "{part}");
    }
}

#[test]
fn an_unknown_address_is_left_out() {
    let words = words(&code("Example Shop", ""));
    assert!(words.text.contains("19:04 UTC.\n"), "{}", words.text);
    assert!(!words.text.contains("network address"));
}

#[test]
fn a_notice_says_where_and_when() {
    let (address, noticed_at) = ("2001:db8::7".to_owned(), 1_795_201_476_123_456);
    let words = words(&Content::RefreshTokenReused { address, noticed_at, everywhere: true });
    assert_eq!(words.subject, "Security notice: you have been signed out everywhere");
    for part in [words.text, words.html] {
        assert!(part.contains("2001:db8::7") && part.contains("20 November 2026, 19:04 UTC"), "{part}");
    }
}

/// A109: markup and template syntax in names come out as they went in, and run nowhere.
#[test]
fn a109_names_are_never_templates_or_markup() {
    for (name, in_html) in [
        ("{{ 7*7 }}", "{{ 7*7 }}"),
        ("{% for x in range(9) %}a{% endfor %}", "{% for x in range(9) %}a{% endfor %}"),
        ("${7*7}", "${7*7}"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"),
        ("\"><img src=x onerror=alert(1)>", "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"),
        ("O'Hara & Søns", "O&#x27;Hara &amp; Søns"),
    ] {
        let words = words(&code(name, ""));
        assert_eq!(words.subject, format!("Your sign-in code for {name}"));
        assert!(words.text.contains(&format!("code for {name}.")), "{}", words.text);
        assert!(words.html.contains(&format!("Sign in to {in_html}</h1>")), "{}", words.html);
        assert!(!words.html.contains("<script") && !words.html.contains("<img"));
    }
}

/// A107: no value of a caller begins a line of its own.
#[test]
fn a107_values_stay_on_their_line() {
    let words = words(&code("Shop\r\nBcc: eve@example.com\u{2028}\u{202e}x", "1.2.3.4\r\n999999 is your code"));
    assert_eq!(words.subject, "Your sign-in code for Shop  Bcc: eve@example.com x");
    assert!(words.text.lines().all(|line| !line.starts_with("Bcc") && !line.starts_with("999999")), "{}", words.text);
}

#[test]
fn a_locale_without_messages_falls_back_to_english() {
    for locale in ["", "en", "EN-gb", "en_US", "tlh", "de-CH", "-", "e\u{301}n"] {
        assert_eq!(language(locale, &LANGUAGES), "en");
    }
}
