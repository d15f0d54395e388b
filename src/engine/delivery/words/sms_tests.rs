//! What short messages say, letter by letter: phones read their last line.

use super::{
    Letter, Templates,
    built_in::LANGUAGES,
    preview::{SAMPLE_LINK, Sample, letter},
};
use crate::domain::message::Content;

/// The default alphabet of GSM 03.38 without its extension: a message of these takes 160 to a part, any other 70.
const GSM_7: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";

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
    for (locale, said) in [
        (
            "en",
            "048213 is your sign-in code for Example Shop. It works for 5 min. Not you? Ignore it. Never give it to anyone.",
        ),
        (
            "de-CH",
            "048213 ist Ihr Anmeldecode für Example Shop. Er gilt 5 Min. Nicht angefordert? Ignorieren. Nie weitergeben.",
        ),
        (
            "es",
            "048213 es su clave para entrar en Example Shop. Vale 5 min. Si no la ha pedido, no haga nada. No la comparta.",
        ),
        (
            "fr",
            "048213 est votre code de connexion à Example Shop. Valable 5 min. Pas vous ? Ignorez-le. Ne le donnez à personne.",
        ),
        (
            "ja",
            "Example Shop のサインイン用コードは 048213 です。5 分間有効です。お心当たりがない場合は無視してください。誰にも教えないでください。",
        ),
        (
            "pt-BR",
            "Use 048213 para entrar em Example Shop. Vale por 5 min. Se outra pessoa o pediu, ignore. Nunca o passe a outra pessoa.",
        ),
        // A language without messages, and none.
        (
            "tlh",
            "048213 is your sign-in code for Example Shop. It works for 5 min. Not you? Ignore it. Never give it to anyone.",
        ),
        (
            "",
            "048213 is your sign-in code for Example Shop. It works for 5 min. Not you? Ignore it. Never give it to anyone.",
        ),
    ] {
        assert_eq!(sms(&code(locale, "Example Shop")), format!("{said}\n\n@id.example.com #048213"), "{locale}");
    }
}

#[test]
fn a_code_is_in_one_part_of_the_default_alphabet_where_the_language_allows() {
    let name = "The Example Shop of Somewhere";
    for locale in ["en", "de", "es", "fr", "pt"] {
        let text = sms(&code(locale, name));
        let strange: Vec<char> = text.chars().filter(|c| !GSM_7.contains(*c)).collect();
        assert!(strange.is_empty(), "{locale}: {strange:?}");
        assert!(text.chars().count() <= 160, "{locale}: {}", text.chars().count());
    }
    // Two parts of 67 in UCS-2.
    assert!(sms(&code("ja", name)).encode_utf16().count() <= 134);
}

/// The characters that count twice in the default alphabet of GSM 03.38: its extension.
const GSM_7_TWICE: &str = "^{}\\[~]|€";

#[test]
fn a_link_stands_on_a_line_of_its_own_in_each_language() {
    let templates = Templates::built_in().unwrap();
    for language in LANGUAGES {
        for (of, parts) in [(Letter::Link, 2), (Letter::CodeAndLink, 3)] {
            let text = templates.sms(&letter(of, language.tag, Sample::Usual), "", "id.example.com").unwrap();
            assert_eq!(text.lines().filter(|line| *line == SAMPLE_LINK).count(), 1, "{text}");
            let bound = text.lines().last() == Some("@id.example.com #048213");
            assert_eq!(bound, of == Letter::CodeAndLink, "a link binds nothing: {text}");
            let lives = if of == Letter::Link { "15" } else { "5" };
            assert!(text.contains(lives) && text.contains("Example Shop"), "{text}");
            if language.tag == "ja" {
                assert!(text.encode_utf16().count() <= 67 * (parts + 1), "{}", text.encode_utf16().count());
            } else {
                let strange: Vec<char> = text.chars().filter(|c| !GSM_7.contains(*c)).collect();
                assert!(strange.iter().all(|c| GSM_7_TWICE.contains(*c)), "{}: {strange:?}", language.tag);
                assert!(text.chars().count() + strange.len() <= 153 * parts, "{}: {}", language.tag, text.len());
            }
        }
    }
}

#[test]
fn a_notice_is_in_the_language_of_its_recipient() {
    let content = Content::NewDevice { address: String::new(), noticed_at: 0, everywhere: false };
    let text = Templates::built_in().unwrap().sms(&content, "fr-CA", "id.example.com").unwrap();
    assert!(text.contains("envoyé à ce numéro") && !text.contains("id.example.com"), "{text}");
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
    assert!(sms(&code("en", "<b>")).contains("for <b>."), "text is not escaped");
}

#[test]
fn what_is_withheld_has_no_words() {
    assert!(Templates::built_in().unwrap().sms(&Content::ToNobody, "", "id.example.com").is_err());
}
