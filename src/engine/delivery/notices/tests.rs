use super::{
    super::words::{Templates, wrapped},
    sentences::placeholders,
    *,
};
use std::collections::BTreeSet;

const NOTICED: i64 = 1_795_201_476_123_456;

const LANGUAGES: [&str; 6] = ["en", "de", "fr", "es", "pt", "ja"];

fn sentences(tag: &str) -> Sentences {
    let text = std::fs::read_to_string(format!(
        "{}/src/engine/delivery/templates/{tag}/notices.json",
        env!("CARGO_MANIFEST_DIR")
    ));
    Sentences::parse(tag, &text.unwrap(), None).unwrap()
}

/// Each kind of notice, in each of its variants, with an address and without.
fn contents() -> Vec<Content> {
    let mut contents = Vec::new();
    for address in ["203.0.113.7", ""].map(str::to_owned) {
        for until in [Some(NOTICED + 300_000_000), None] {
            contents.push(Content::IdentifierLocked {
                destination: "ada@example.com".to_owned(),
                locale: String::new(),
                address: address.clone(),
                noticed_at: NOTICED,
                until,
            });
        }
        for everywhere in [true, false] {
            let (address, noticed_at) = (address.clone(), NOTICED);
            contents.push(Content::RefreshTokenReused { address: address.clone(), noticed_at, everywhere });
            contents.push(Content::DeviceMismatch { address: address.clone(), noticed_at, everywhere });
            contents.push(Content::NewDevice { address, noticed_at, everywhere });
        }
    }
    contents
}

#[test]
fn every_language_has_every_sentence_with_the_same_placeholders() {
    let english = sentences("en");
    for tag in LANGUAGES {
        let language = sentences(tag);
        let keys: Vec<_> = language.by_key.keys().collect();
        assert_eq!(keys, english.by_key.keys().collect::<Vec<_>>(), "{tag}");
        for ((key, sentence), original) in language.by_key.iter().zip(english.by_key.values()) {
            assert_eq!(placeholders(sentence), placeholders(original), "{tag} {key}");
            let heading = key.contains(".subject") || key.contains(".title");
            let end = if tag == "ja" { '。' } else { '.' };
            assert!(sentence.ends_with(end) != heading && sentence.trim() == *sentence, "{tag} {key}");
        }
    }
}

#[test]
fn every_notice_is_whole_in_every_language() {
    let mut used = BTreeSet::new();
    for tag in LANGUAGES {
        for content in contents() {
            let notice = Notice::of(&content, &sentences(tag)).unwrap();
            let all = [&[notice.subject.clone(), notice.title.clone(), notice.preview.clone()], &*notice.paragraphs];
            for said in all.concat() {
                assert!(!said.is_empty() && !said.contains(['{', '}', '\n']), "{tag}: {said}");
                used.insert(said);
            }
            let text = notice.text();
            let (Content::IdentifierLocked { address, .. } | Content::NewDevice { address, .. }) = &content else {
                continue;
            };
            assert!(text.contains(address.as_str()) && text.contains("2026") && text.contains("19:04 UTC"), "{text}");
        }
    }
    assert!(used.len() > 100, "{}", used.len());
}

/// An SMS says what happened, when and where as far as its form tells, and what to do if it was somebody else: a line each.
/// None binds a code or can be pressed.
#[test]
fn a_short_notice_is_for_a_phone() {
    for tag in LANGUAGES {
        for content in contents() {
            let known = content.noticed_from() != Some("");
            let [whole, timed, bare] = Notice::of(&content, &sentences(tag)).unwrap().short;
            let lines: Vec<&str> = whole.lines().collect();
            let [happened, noticed, not_you] = lines[..] else { panic!("{whole}") };
            let when = timed.lines().nth(1).unwrap();
            assert_eq!(bare, format!("{happened}\n{not_you}"));
            assert_eq!(timed, format!("{happened}\n{when}\n{not_you}"));
            assert!(when.contains("19:04 UTC") && noticed.contains("19:04 UTC"), "{whole}");
            assert!(noticed.contains("203.0.113.x") == known && !when.contains("203.0.113"), "{whole}");
            assert!(!when.contains("()") && !whole.contains(['{', '}', '@', '#']), "{whole}");
            assert!(!whole.contains("203.0.113.7") && !whole.contains("2026"), "{whole}");
        }
    }
}

#[test]
fn a_value_is_never_a_placeholder() {
    let values = [("address", "{time}{address}".to_owned()), ("time", "now".to_owned())];
    assert_eq!(filled("at {time} from {address} {", &values), "at now from {time}{address} {");
}

#[test]
fn lines_are_no_longer_than_a_letter_may_be() {
    for tag in LANGUAGES {
        let text = Notice::of(&contents()[0], &sentences(tag)).unwrap().text();
        assert_eq!(text, wrapped(&text));
        assert!(text.lines().all(|line| textwrap::core::display_width(line) <= 76), "{text}");
    }
    let german = Notice::of(&contents()[0], &sentences("de")).unwrap();
    assert_eq!(german.text().replace('\n', " ").trim_end(), german.paragraphs.join("  "));
}

/// What an operator's file of sentences may do, and what is said of one that is wrong.
#[test]
fn sentences_of_the_operator_are_held_against_the_english_ones() {
    let english = sentences("en");
    let check = |tag: &str, text: &str, base: Option<&str>| {
        let base = base.map(sentences);
        Sentences::checked(tag, text, base.as_ref(), &english).map_err(|faults| {
            faults.iter().map(|fault| format!("{}: {}; {}", fault.line, fault.what, fault.remedy)).collect::<Vec<_>>()
        })
    };
    let swiss = "{\"new_device.subject\": \"Neue Anmeldung\"}";
    let taken = check("de-ch", swiss, Some("de")).unwrap();
    assert_eq!(taken.sentence("new_device.subject", None), "Neue Anmeldung");
    assert_eq!(taken.sentence("new_device.title", None), "Neue Anmeldung bei Ihrem Konto");
    assert_eq!((taken.tag.as_str(), taken.minute.as_str()), ("de-ch", "%d.%m.%Y, %H:%M UTC"));

    let told = check("it", swiss, None).unwrap_err();
    assert!(told[0].starts_with("1: lacks sentences") && told[0].contains("new_device.title"), "{told:?}");
    assert!(told[1].starts_with("1: minute is no form"), "{told:?}");
    for (text, wanted) in [
        ("minute = 5", "1: expected value; write an object of JSON"),
        ("{\n\"noticed\": 5}", "2: invalid type: integer `5`, expected a string"),
        ("{\n\"noticed\": \"At {zeit}.\"}", "2: noticed has other placeholders than it gets; name {time} in it"),
        ("{\n\n\"strange\": \"x\"}", "3: strange is no sentence of a notice"),
        ("{\n\"new_device.title\": \"a\\nb\"}", "2: new_device.title is empty or not one line"),
        ("{\"minute\": \"%Q%!\"}", "1: minute is no form of a date"),
    ] {
        let told = check("de", text, Some("de")).unwrap_err();
        assert!(told.len() == 1 && told[0].starts_with(wanted), "{told:?}");
    }
    let all = std::fs::read_to_string("src/engine/delivery/templates/de/notices.json").unwrap();
    assert!(check("nds", &all, None).is_ok(), "a further language");
    assert!(Templates::built_in().is_ok());
}
