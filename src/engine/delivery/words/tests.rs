use super::*;
use built_in::LANGUAGES;
use lines::COLUMNS;
use preview::{SAMPLE_CODE, SAMPLE_LINK, Sample, letter};

fn code(client_name: &str, address: &str) -> Content {
    Content::Code {
        destination: "ada@example.com".to_owned(),
        code: "048213".to_owned(),
        link: String::new(),
        client_name: client_name.to_owned(),
        minutes: 5,
        link_minutes: 0,
        locale: "en-GB".to_owned(),
        address: address.to_owned(),
        asked_at: 1_795_201_476_123_456,
    }
}

fn words(content: &Content) -> Words {
    Templates::built_in().unwrap().words(content, "").unwrap()
}

/// The text without blanks and ends of lines, wherever they have come to stand.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Each letter in each language with each sample.
fn letters() -> Vec<(&'static str, Letter, Sample, Content)> {
    let each = |tag| Letter::ALL.into_iter().flat_map(move |of| Sample::ALL.map(|sample| (tag, of, sample)));
    let all = LANGUAGES.iter().flat_map(|language| each(language.tag));
    all.map(|(tag, of, sample)| (tag, of, sample, letter(of, tag, sample))).collect()
}

#[test]
fn a_code_comes_first_and_says_who_asked_where_and_when() {
    let words = words(&code("Example Shop", "203.0.113.7"));
    assert_eq!(words.subject, "Your sign-in code for Example Shop");
    assert!(words.text.starts_with("048213 is your sign-in code for Example Shop.\n"), "{}", words.text);
    for part in [&words.text, &words.html] {
        let part = part.replace('\n', " ");
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
fn a_letter_in_each_language_says_everything() {
    let templates = Templates::built_in().unwrap();
    for (tag, of, sample, content) in letters() {
        let Content::Code { client_name, minutes, link_minutes, address, .. } = &content else { panic!() };
        let Words { subject, text, html } = templates.words(&content, "").unwrap();
        let escaped = client_name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(subject.contains(client_name) && !subject.contains(SAMPLE_CODE) && !subject.contains("http"));
        assert!(html.starts_with(&format!("<!doctype html>\n<html lang=\"{tag}\" dir=\"ltr\">\n")), "{html}");
        let flat = squeezed(&text);
        assert!(flat.contains(&squeezed(client_name)) && html.contains(&escaped), "{tag} {of:?}: {text}");
        for part in [&text, &html] {
            assert_eq!(part.contains(SAMPLE_CODE), of != Letter::Link, "{tag} {of:?}");
            assert_eq!(part.contains(SAMPLE_LINK), of != Letter::Code, "{tag} {of:?}");
            let part = squeezed(part);
            assert!(part.contains("19:04UTC") && part.contains("2026") && part.contains(address), "{part}");
        }
        let lives = [(Letter::Link, minutes), (Letter::Code, link_minutes)];
        for (_, lives) in lives.into_iter().filter(|(without, _)| *without != of) {
            let stands = |(at, _)| !flat[at + lives.to_string().len()..].starts_with(|c: char| c.is_ascii_digit());
            assert!(flat.match_indices(&lives.to_string()).any(stands), "{tag} {of:?} {sample:?}: {text}");
        }
        assert_eq!(text.starts_with(SAMPLE_CODE), of != Letter::Link, "{text}");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text:?}");
        // In words that no other language shares.
        let others = LANGUAGES.iter().filter(|other| other.tag != tag);
        let same = others.map(|other| templates.words(&letter(of, other.tag, sample), "").unwrap().text);
        assert!(same.into_iter().all(|other| other != text), "{tag}");
    }
}

/// A56: nothing is fetched when a message is read, and nothing is linked but the link itself, without a referrer.
#[test]
fn a56_a_message_fetches_nothing_and_links_to_its_link_alone() {
    let templates = Templates::built_in().unwrap();
    for (tag, of, _, content) in letters() {
        let Words { text, html, .. } = templates.words(&content, "").unwrap();
        assert_eq!(trial::of_html(&html), None, "{tag} {of:?}");
        let anchors = html.matches("<a ").count();
        let ours = html.matches(&format!("rel=\"noreferrer\"\nhref=\"{SAMPLE_LINK}\"")).count();
        let wanted = if of == Letter::Code { 0 } else { 2 };
        assert_eq!((anchors, ours), (wanted, wanted), "a button and the link as it is: {html}");
        assert_eq!(html.matches("http").count(), if of == Letter::Code { 0 } else { 3 }, "{html}");
        assert_eq!(text.matches("http").count(), usize::from(of != Letter::Code), "{text}");
    }
    for kind in PreviewKind::ALL {
        for language in LANGUAGES {
            let html = templates.preview(kind, language.tag).unwrap().html;
            assert_eq!(trial::of_html(&html), None, "{} {}", language.tag, kind.name());
        }
    }
    for fetching in ["<IMG alt=x>", "<td background=\"x\">", "<p style='background:url(x)'>", "<style>@import x;"] {
        assert!(trial::of_html(fetching).is_some(), "{fetching}");
    }
}

#[test]
fn lines_are_short_and_a_link_is_whole_on_its_own() {
    let templates = Templates::built_in().unwrap();
    for (tag, of, _, content) in letters() {
        let text = templates.words(&content, "").unwrap().text;
        for line in text.lines() {
            assert!(line == SAMPLE_LINK || textwrap::core::display_width(line) <= COLUMNS, "{tag} {of:?}: {line}");
        }
        assert_eq!(text.lines().filter(|line| *line == SAMPLE_LINK).count(), usize::from(of != Letter::Code));
    }
}

#[test]
fn a_code_in_english_needs_no_quoting() {
    let words = words(&code("Example Shop", "2001:db8:1234:5678:9abc:def0:1234:5678"));
    for part in [&words.text, &words.html] {
        assert!(part.lines().all(|line| line.is_ascii() && line.len() <= COLUMNS), "{part}");
    }
}

#[test]
fn an_unknown_address_is_left_out() {
    let words = words(&code("Example Shop", ""));
    assert!(words.text.replace('\n', " ").contains("19:04 UTC. "), "{}", words.text);
    assert!(!words.text.contains("network address"));
}

#[test]
fn a_link_lives_as_long_as_its_code_where_nothing_else_is_said() {
    let mut content = letter(Letter::CodeAndLink, "en", Sample::Usual);
    let Content::Code { link_minutes, .. } = &mut content else { panic!() };
    *link_minutes = 0;
    let text = words(&content).text.replace('\n', " ");
    assert!(text.contains("code works for 5 minutes and the link for 5 minutes."), "{text}");
}

#[test]
fn a_notice_says_where_and_when() {
    let (address, noticed_at) = ("2001:db8::7".to_owned(), 1_795_201_476_123_456);
    let words = words(&Content::RefreshTokenReused { address, noticed_at, everywhere: true });
    assert_eq!(words.subject, "Security notice: you have been signed out everywhere");
    for part in [words.text, words.html] {
        let part = part.replace('\n', " ");
        assert!(part.contains("2001:db8::7") && part.contains("20 November 2026, 19:04 UTC"), "{part}");
    }
}

/// A109: markup and template syntax in names come out as they went in, and run nowhere, in every letter and language.
#[test]
fn a109_names_are_never_templates_or_markup() {
    let templates = Templates::built_in().unwrap();
    for (name, in_html) in [
        ("{{ 7*7 }}", "{{ 7*7 }}"),
        ("{% for x in range(9) %}a{% endfor %}", "{% for x in range(9) %}a{% endfor %}"),
        ("${7*7}", "${7*7}"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\"><img src=x onerror=alert(1)>", "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"),
        ("O'Hara & Søns", "O&#39;Hara &amp; Søns"),
    ] {
        for (tag, of, _, mut content) in letters() {
            let Content::Code { client_name, .. } = &mut content else { panic!() };
            name.clone_into(client_name);
            let Words { subject, text, html } = templates.words(&content, "").unwrap();
            let said = squeezed(&text).contains(&squeezed(name));
            assert!(subject.contains(name) && said, "{tag} {of:?}: {text}");
            assert!(html.contains(in_html), "{html}");
            assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("49"), "{html}");
        }
    }
}

/// A107: no value of a caller begins a line of its own.
#[test]
fn a107_values_stay_on_their_line() {
    let words = words(&code("Shop\r\nBcc: eve@example.com\u{2028}\u{202e}x", "1.2.3.4\r\n999999 is your code"));
    assert_eq!(words.subject, "Your sign-in code for Shop  Bcc: eve@example.com x");
    assert!(words.text.lines().all(|line| !line.starts_with("Bcc") && !line.starts_with("999999")), "{}", words.text);
    // Nor a locale: it chooses among folders, and names no header and no file.
    let mut content = code("Shop", "");
    let Content::Code { locale, .. } = &mut content else { panic!() };
    "de\r\nBcc: eve@example.com/../fr".clone_into(locale);
    assert_eq!(self::words(&content).subject, "Your sign-in code for Shop");
}

/// A sign of two parts stands with its word, behind a space that does not break. Text messages have no such space.
#[test]
fn french_letters_keep_their_signs_at_their_words() {
    for (_, of, sample, content) in letters().into_iter().filter(|(tag, ..)| *tag == "fr") {
        let words = words(&content);
        for text in [&words.subject, &words.text] {
            for (at, sign) in text.match_indices([':', ';', '!', '?']) {
                let (before, behind) = (&text[..at], &text[at + sign.len()..]);
                let is_sign = behind.is_empty() || behind.starts_with([' ', '\n', '\u{a0}']);
                assert!(!is_sign || before.ends_with('\u{a0}'), "{of:?} {sample:?}: {text}");
            }
        }
    }
}
