use super::*;
use crate::grpc::proto::FILE_DESCRIPTOR_SET;
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};

/// Variants of reasons that have sentences of their own.
const VARIANTS: [&str; 7] = [
    "ACCOUNT_LOCKED.suspended",
    "INVALID_FIELD.message",
    "METHOD_NOT_FOUND.compressed",
    "NOT_FOUND.session",
    "NOT_FOUND.user",
    "OVERLOADED.ending",
    "RATE_LIMITED.guarded",
];

/// Every reason of the contract.
fn reasons() -> BTreeSet<String> {
    let set = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let file = set.file.iter().find(|file| file.name().ends_with("/error_reason.proto")).unwrap();
    let values = file.enum_type[0].value.iter().filter(|value| value.number() != 0);
    values.map(|value| value.name().strip_prefix("ERROR_REASON_").unwrap().to_owned()).collect()
}

fn placeholders(sentence: &str) -> BTreeSet<&str> {
    sentence.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect()
}

#[test]
fn every_reason_has_words_in_every_language() {
    let expected: BTreeSet<_> = reasons().into_iter().chain(VARIANTS.map(str::to_owned)).collect();
    for language in Language::ALL {
        let sentences = language.catalogue().sentences;
        let names: BTreeSet<_> = sentences.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names, expected, "{}", language.tag());
        assert_eq!(names.len(), sentences.len(), "{}: each once", language.tag());
        for (name, sentence) in sentences {
            let end = if language == Language::Japanese { '。' } else { '.' };
            assert!(sentence.ends_with(end) && sentence.trim() == *sentence, "{} {name}", language.tag());
            assert!(
                sentence.matches(end).count() >= 2 || *name == "INVALID_FIELD",
                "{} {name}: what to do next",
                language.tag()
            );
        }
    }
}

#[test]
fn placeholders_agree_with_english() {
    let english: BTreeMap<_, _> = Language::English.catalogue().sentences.iter().copied().collect();
    for language in Language::ALL {
        for (name, sentence) in language.catalogue().sentences {
            assert_eq!(placeholders(sentence), placeholders(english[name]), "{} {name}", language.tag());
        }
    }
    for waits in ["RATE_LIMITED", "ACCOUNT_LOCKED", "ATTEMPT_TOO_SOON", "RESEND_TOO_SOON"] {
        assert_eq!(placeholders(english[waits]), BTreeSet::from(["wait"]));
    }
}

#[test]
fn no_two_languages_say_the_same() {
    for key in reasons() {
        let said: BTreeSet<_> = Language::ALL.map(|language| language.sentence(&key)).into_iter().collect();
        assert_eq!(said.len(), Language::ALL.len(), "{key}");
    }
    let tags: BTreeSet<_> = Language::ALL.map(Language::tag).into_iter().collect();
    assert_eq!(tags, BTreeSet::from(["de", "en", "es", "fr", "ja", "pt"]));
}

#[test]
fn a_variant_without_words_is_said_as_its_reason() {
    let english = Language::English;
    assert_eq!(english.sentence("NOT_FOUND.delivery"), english.sentence("NOT_FOUND"));
    assert_ne!(english.sentence("NOT_FOUND.user"), english.sentence("NOT_FOUND"));
}

#[test]
fn spans_in_the_right_number() {
    use Language::{English, French, German, Japanese, Portuguese, Spanish};
    for (language, seconds, said) in [
        (English, 1, "1 second"),
        (English, 0, "0 seconds"),
        (English, 90, "90 seconds"),
        (English, 91, "2 minutes"),
        (English, 300, "5 minutes"),
        (English, 5400, "90 minutes"),
        (English, 5401, "2 hours"),
        (English, 86_400, "24 hours"),
        (English, 172_800, "48 hours"),
        (English, 172_801, "3 days"),
        (German, 1, "1 Sekunde"),
        (German, 61, "61 Sekunden"),
        (German, 259_200, "3 Tagen"),
        (French, 0, "0 seconde"),
        (French, 1, "1 seconde"),
        (French, 2, "2 secondes"),
        (French, 7200, "2 heures"),
        (Spanish, 0, "0 segundos"),
        (Spanish, 1, "1 segundo"),
        (Spanish, 259_200, "3 días"),
        (Portuguese, 0, "0 segundo"),
        (Portuguese, 1800, "30 minutos"),
        (Japanese, 1, "1秒"),
        (Japanese, 7200, "2時間"),
    ] {
        assert_eq!(language.span(seconds), said);
    }
}
