//! The sentences of notices in one language, as they stand in its file `notices.json`.

use super::super::words::in_form;
use std::collections::{BTreeMap, BTreeSet};

/// The sentences of a language, by key. A key with a variant behind a dot, such as `new_device.what.everywhere`, is for
/// that variant; the key without it for the others.
#[derive(Clone, Debug)]
pub(in crate::engine::delivery) struct Sentences {
    /// Its tag (RFC 5646), in lower case: the name of its folder.
    pub(in crate::engine::delivery) tag: String,
    /// How a minute in UTC is written, for `strftime`.
    pub(super) minute: String,
    pub(super) by_key: BTreeMap<String, String>,
}

/// What is wrong with a file of sentences.
#[derive(Debug)]
pub(in crate::engine::delivery) struct SentenceFault {
    /// The line, counted from 1.
    pub(in crate::engine::delivery) line: usize,
    pub(in crate::engine::delivery) what: String,
    pub(in crate::engine::delivery) remedy: String,
}

/// The sentences that a file has, each with its line.
type Places = Vec<(String, usize)>;

/// The key of the form of a minute.
const MINUTE: &str = "minute";

impl Sentences {
    /// Reads the file of a language. What it leaves out is as in `base`.
    pub(in crate::engine::delivery) fn parse(
        tag: &str,
        text: &str,
        base: Option<&Self>,
    ) -> Result<Self, Vec<SentenceFault>> {
        let (sentences, _) = Self::read(tag, text, base)?;
        Ok(sentences)
    }

    /// The same for a file of the operator, held against `english`, which has every sentence.
    pub(in crate::engine::delivery) fn checked(
        tag: &str,
        text: &str,
        base: Option<&Self>,
        english: &Self,
    ) -> Result<Self, Vec<SentenceFault>> {
        let (read, places) = Self::read(tag, text, base)?;
        let mut faults = Vec::new();
        let mut wrong = |line: usize, what: String, remedy: String| faults.push(SentenceFault { line, what, remedy });
        for (key, line) in &places {
            let (Some(sentence), Some(original)) = (read.by_key.get(key), english.by_key.get(key)) else {
                wrong(*line, format!("{key} is no sentence of a notice"), "remove it, or mend its name".to_owned());
                continue;
            };
            let (named, needed) = (placeholders(sentence), placeholders(original));
            if named != needed {
                let needed: Vec<String> = needed.iter().map(|name| format!("{{{name}}}")).collect();
                let needed = if needed.is_empty() { "none".to_owned() } else { needed.join(" and ") };
                wrong(*line, format!("{key} has other placeholders than it gets"), format!("name {needed} in it"));
            }
            if sentence.trim().is_empty() || sentence.chars().any(char::is_control) {
                wrong(*line, format!("{key} is empty or not one line"), "write one sentence, on one line".to_owned());
            }
        }
        let missing: Vec<&str> =
            english.by_key.keys().filter(|key| !read.by_key.contains_key(*key)).map(String::as_str).collect();
        if !missing.is_empty() {
            let remedy = format!("add {}", missing.join(", "));
            wrong(1, "lacks sentences, and the language has none built in".to_owned(), remedy);
        }
        if in_form(0, &read.minute).is_none_or(|text| text.trim().is_empty()) {
            wrong(
                1,
                "minute is no form of a date".to_owned(),
                "give one of strftime, as %Y-%m-%d %H:%M UTC".to_owned(),
            );
        }
        if faults.is_empty() { Ok(read) } else { Err(faults) }
    }

    /// The language, and the line of each sentence that the file has.
    fn read(tag: &str, text: &str, base: Option<&Self>) -> Result<(Self, Places), Vec<SentenceFault>> {
        let file: BTreeMap<String, String> = serde_json::from_str(text).map_err(|error| {
            let remedy = "write an object of JSON with one sentence a key".to_owned();
            // Its text ends with the place, which is told already.
            let what = error.to_string().split(" at line ").next().unwrap_or_default().to_owned();
            vec![SentenceFault { line: error.line().max(1), what, remedy }]
        })?;
        let line =
            |key: &str| text.lines().position(|line| line.contains(&format!("\"{key}\""))).unwrap_or_default() + 1;
        let mut read = Self {
            tag: tag.to_owned(),
            minute: base.map(|base| base.minute.clone()).unwrap_or_default(),
            by_key: base.map(|base| base.by_key.clone()).unwrap_or_default(),
        };
        let mut places = Vec::new();
        for (key, sentence) in file {
            if key == MINUTE {
                read.minute = sentence;
            } else {
                places.push((key.clone(), line(&key)));
                read.by_key.insert(key, sentence);
            }
        }
        Ok((read, places))
    }

    pub(super) fn sentence(&self, key: &str, variant: Option<&str>) -> &str {
        let find = |key: &str| self.by_key.get(key).map(String::as_str);
        let of_variant = variant.and_then(|variant| find(&format!("{key}.{variant}")));
        // The tests and the check of the operator's files hold that it is there.
        of_variant.or_else(|| find(key)).unwrap_or_default()
    }
}

/// The names between braces.
pub(super) fn placeholders(sentence: &str) -> BTreeSet<&str> {
    sentence.split('{').skip(1).map(|rest| rest.split_once('}').map_or(rest, |(name, _)| name)).collect()
}
