use super::*;
use std::collections::BTreeSet;

const NOTICED: i64 = 1_795_201_476_123_456;

fn placeholders(sentence: &str) -> BTreeSet<&str> {
    sentence.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect()
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
    let english = LANGUAGES[0].sentences;
    for language in LANGUAGES {
        let keys: Vec<_> = language.sentences.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, english.iter().map(|(key, _)| *key).collect::<Vec<_>>(), "{}", language.tag);
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{}: each once", language.tag);
        for ((key, sentence), (_, original)) in language.sentences.iter().zip(english) {
            assert_eq!(placeholders(sentence), placeholders(original), "{} {key}", language.tag);
            let heading = key.contains(".subject") || key.contains(".title");
            let end = if language.tag == "ja" { '。' } else { '.' };
            assert!(sentence.ends_with(end) != heading && sentence.trim() == *sentence, "{} {key}", language.tag);
        }
    }
}

#[test]
fn every_notice_is_whole_in_every_language() {
    let mut used = BTreeSet::new();
    for language in LANGUAGES {
        for content in contents() {
            let notice = Notice::of(&content, language.tag).unwrap();
            let all = [&[notice.subject.clone(), notice.title.clone(), notice.preview.clone()], &*notice.paragraphs];
            for said in all.concat() {
                assert!(!said.is_empty() && !said.contains(['{', '}', '\n']), "{}: {said}", language.tag);
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

/// An SMS is its subject and one sentence, which binds no code and speaks of no mailbox.
#[test]
fn a_short_notice_is_for_a_phone() {
    for language in LANGUAGES {
        for content in contents() {
            let Notice { subject, short, .. } = Notice::of(&content, language.tag).unwrap();
            let (first, second) = short.split_once('\n').unwrap();
            assert!(first == subject && !second.is_empty() && !second.contains(['\n', '{', '@', '#']), "{short}");
            assert!(short.chars().count() <= 201, "three parts of UCS-2: {short}");
        }
    }
    let new = Content::NewDevice { address: String::new(), noticed_at: NOTICED, everywhere: false };
    let short = Notice::of(&new, "en").unwrap().short;
    assert!(short.ends_with("with a code sent to this number, on a device that we do not know."), "{short}");
}

#[test]
fn a_value_is_never_a_placeholder() {
    let values = [("address", "{time}{address}".to_owned()), ("time", "now".to_owned())];
    assert_eq!(filled("at {time} from {address} {", &values), "at now from {time}{address} {");
}

#[test]
fn a_locale_gets_its_language_or_english() {
    for (locale, tag) in
        [("", "en"), ("de-CH", "de"), ("PT_br", "pt"), ("ja", "ja"), ("tlh", "en"), ("-", "en"), ("fr-", "fr")]
    {
        assert_eq!(Catalogue::of(locale).tag, tag, "{locale}");
    }
}

#[test]
fn lines_are_no_longer_than_a_letter_may_be() {
    let notice = Notice::of(&contents()[0], "de").unwrap();
    assert!(notice.text().lines().all(|line| line.chars().count() <= LINE), "{}", notice.text());
    assert_eq!(notice.text().replace('\n', " ").trim_end(), notice.paragraphs.join("  "));
}
