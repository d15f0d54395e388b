//! What short messages say, letter by letter: phones read their last line.

use super::{
    Letter, Templates,
    built_in::LANGUAGES,
    preview::{SAMPLE_LINK, Sample, letter},
    set::Set,
    short::{GSM_7, GSM_7_TWICE, Origin, parts},
};
use crate::domain::message::Content;

fn code(locale: &str, client_name: &str) -> Content {
    Content::Code {
        destination: "+491761234567".to_owned(),
        code: "048213".to_owned(),
        link: String::new(),
        client_name: client_name.to_owned(),
        minutes: 5,
        link_minutes: 0,
        locale: locale.to_owned(),
        address: "203.0.113.7".to_owned(),
        asked_at: 1_795_201_476_123_456,
    }
}

fn sms(content: &Content) -> String {
    Templates::built_in().unwrap().sms(content, "", "id.example.com").unwrap()
}

#[test]
fn a_code_in_each_language() {
    let english = "048213 is your Example Shop sign-in code (5 min). Requested 19:04 UTC from 203.0.113.x. Not you? Ignore it. Never share.";
    for (locale, said) in [
        ("en", english),
        (
            "de-CH",
            "048213 ist Ihr Code für Example Shop (5 Min.). Angefragt 19:04 UTC von 203.0.113.x. Nicht Sie? Ignorieren. Geheim halten.",
        ),
        (
            "es",
            "048213 es su clave de Example Shop (5 min). Pedida a las 19:04 UTC (203.0.113.x). ¿No fue usted? Ignore. No la comparta.",
        ),
        (
            "fr",
            "048213 est votre code Example Shop (5 min). Demandé à 19:04 UTC (203.0.113.x). Pas vous ? Ignorez-le. Gardez-le secret.",
        ),
        (
            "ja",
            "Example Shop のサインイン用コード：048213（5 分間有効）。要求：19:04 UTC 203.0.113.x。心当たりがなければ無視してください。誰にも教えないでください。",
        ),
        (
            "pt-BR",
            "Use 048213 para acessar Example Shop (5 min). Pedido às 19:04 UTC (203.0.113.x). Foi outra pessoa? Ignore. Nunca o passe.",
        ),
        // A language without messages, and none.
        ("tlh", english),
        ("", english),
    ] {
        assert_eq!(sms(&code(locale, "Example Shop")), format!("{said}\n\n@id.example.com #048213"), "{locale}");
    }
}

/// The same as `content` from another address.
fn from(mut content: Content, from: &str) -> Content {
    let Content::Code { address, .. } = &mut content else { panic!() };
    from.clone_into(address);
    content
}

#[test]
fn a_code_says_when_and_from_where_in_one_part_where_the_language_allows() {
    let templates = Templates::built_in().unwrap();
    for language in LANGUAGES {
        for (address, network) in [("255.255.255.255", "255.255.255.x"), ("ffff:ffff:ffff::1", "ffff:ffff:ffff::/48")] {
            let content = from(code(language.tag, "Example Shop"), address);
            let text = templates.sms(&content, "", "identity.example.com").unwrap();
            let strange: Vec<char> = text.chars().filter(|c| !GSM_7.contains(*c)).collect();
            assert_eq!(strange.is_empty(), language.tag != "ja", "{}: {strange:?}", language.tag);
            assert_eq!(parts(&text), if language.tag == "ja" { 2 } else { 1 }, "{text}");
            assert!(text.contains("19:04 UTC") && text.contains(network), "{text}");
        }
    }
}

/// What is told of where and when costs nobody a part: the network is left out first, then the time, and never the rest.
#[test]
fn its_origin_takes_no_further_part() {
    let set = Set::built_in().unwrap();
    let domains = ["a.example", "identity.example.com", "accounts.identity.somewhere.example.com"];
    let mut told = [0; Origin::ALL.len()];
    for (language, domain) in LANGUAGES.iter().flat_map(|language| domains.map(|domain| (language, domain))) {
        for (length, of) in (1..=64).flat_map(|length| Letter::ALL.map(|of| (length, of))) {
            for address in ["198.51.100.27", "2001:db8:1234:5678:9abc:def0:1234:5678"] {
                let mut content = from(letter(of, language.tag, Sample::Usual), address);
                let Content::Code { client_name, .. } = &mut content else { panic!() };
                *client_name = "n".repeat(length);
                let forms = set.short_forms(of, &content, domain).unwrap();
                let text = set.short(of, &content, domain).unwrap();
                let [whole, timed, bare] = &forms;
                let fits = |form: &&String| parts(form) <= parts(bare);
                assert_eq!(Some(&text), forms.iter().find(fits), "{text}");
                let network = if address.contains(':') { "2001:db8:1234::/48" } else { "198.51.100.x" };
                assert!(whole.contains("19:04 UTC") && whole.contains(network), "{whole}");
                assert!(timed.contains("19:04 UTC") && !timed.contains(network) && !timed.contains("()"), "{timed}");
                assert!(!bare.contains("UTC") && !bare.contains(network) && bare.len() < timed.len(), "{bare}");
                for form in &forms {
                    let bound = form.lines().last() == Some(&*format!("@{domain} #048213"));
                    assert_eq!(bound, of != Letter::Link, "{form}");
                    assert!(!form.contains(address) && !form.contains("  "), "nothing to press: {form}");
                }
                told[forms.iter().position(|form| *form == text).unwrap()] += 1;
            }
        }
    }
    assert!(told.iter().all(|times| *times > 0), "each form is wanted: {told:?}");
}

#[test]
fn what_is_left_out_comes_in_this_order() {
    let name = |length| "n".repeat(length);
    for (length, address, wanted) in [
        (12, "198.51.100.27", " Requested 19:04 UTC from 198.51.100.x. Not you?"),
        (12, "", " Requested 19:04 UTC. Not you?"),
        (38, "198.51.100.27", " Requested 19:04 UTC. Not you?"),
        (64, "198.51.100.27", " (5 min). Not you?"),
    ] {
        let text = sms(&from(code("en", &name(length)), address));
        assert!(text.contains(wanted) && parts(&text) == 1, "{length}: {text}");
    }
}

#[test]
fn a_code_alone_is_in_one_part_of_the_default_alphabet_with_a_longer_name() {
    let name = "The Example Shop of Somewhere";
    for language in LANGUAGES {
        let text = sms(&code(language.tag, name));
        assert_eq!(parts(&text), if language.tag == "ja" { 2 } else { 1 }, "{text}");
        assert!(text.contains("19:04 UTC"), "the time has room: {text}");
    }
}

#[test]
fn a_link_stands_on_a_line_of_its_own_in_each_language() {
    let templates = Templates::built_in().unwrap();
    for language in LANGUAGES {
        for (of, in_japanese) in [(Letter::Link, 3), (Letter::CodeAndLink, 4)] {
            let text = templates.sms(&letter(of, language.tag, Sample::Usual), "", "id.example.com").unwrap();
            assert_eq!(text.lines().filter(|line| *line == SAMPLE_LINK).count(), 1, "{text}");
            let bound = text.lines().last() == Some("@id.example.com #048213");
            assert_eq!(bound, of == Letter::CodeAndLink, "a link binds nothing: {text}");
            let lives = if of == Letter::Link { "15" } else { "5" };
            assert!(text.contains(lives) && text.contains("Example Shop"), "{text}");
            assert_eq!(parts(&text), if language.tag == "ja" { in_japanese } else { 2 }, "{text}");
            assert!(text.contains("19:04 UTC") && text.contains("203.0.113.x"), "{text}");
            let strange = |c: &char| !GSM_7.contains(*c) && !GSM_7_TWICE.contains(*c);
            assert!(language.tag == "ja" || !text.chars().any(|c| strange(&c)), "{text}");
        }
    }
}

/// A107 and A109 on this channel: no name begins a line of its own, so none can bind the code to another domain.
#[test]
fn a_name_is_never_the_last_line() {
    for name in ["Shop\n\n@evil.example #048213", "Shop\r\n@evil.example #048213\u{2028}@x #1", "{{ domain }}", "<b>"] {
        let text = sms(&code("en", name));
        assert_eq!(text.lines().count(), 3, "{text}");
        assert_eq!(text.lines().last(), Some("@id.example.com #048213"));
        assert!(text.lines().all(|line| !line.starts_with("@evil")), "{text}");
    }
    assert!(sms(&code("en", "<b>")).contains("your <b> sign-in"), "text is not escaped");
}

#[test]
fn what_is_withheld_has_no_words() {
    assert!(
        Templates::built_in()
            .unwrap()
            .sms(&Content::ToNobody { channel: "sms".to_owned() }, "", "id.example.com")
            .is_err()
    );
}
